"""The command line: `qifu serve`, `qifu ask`, `qifu evaluate` and the others."""

from __future__ import annotations

import typer

from app.commands import (
    attachments,
    database,
    demo,
    evaluation,
    knowledge,
    product,
    staff,
    talk,
    telegram,
    tickets,
    wechat,
)

app = typer.Typer(no_args_is_help=True, help="平顶山企业服务助手", pretty_exceptions_enable=False)
app.command()(product.serve)
app.command()(product.train)
app.command()(talk.ask)
app.command()(talk.chat)
app.command()(evaluation.evaluate)
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(tickets.app, name="tickets")
app.add_typer(attachments.app, name="attachments")
app.add_typer(staff.app, name="staff")
app.add_typer(database.app, name="db")
app.add_typer(demo.app, name="demo")
app.add_typer(wechat.app, name="wechat")
app.add_typer(telegram.app, name="telegram")


def main() -> None:
    """What the console script calls."""
    app()


if __name__ == "__main__":
    main()
