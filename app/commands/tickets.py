"""`qifu tickets`: list and show."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy import select

from app.commands.common import console, fail, open_database, settings_or_exit
from app.settings import Settings
from conversations.attachments import of_ticket
from desk.attachments import described
from store.clock import CITY_ZONE
from tickets.diagram import case_diagram, case_moves_table, limits_table, moves_table
from tickets.diagram import diagram as draw
from tickets.models import KIND_NAMES, Ticket
from tickets.states import STATE_NAMES, STEP_NAMES
from tickets.tickets import by_number, events

app = typer.Typer(no_args_is_help=True, help="工单")


@app.command("list")
def list_(limit: Annotated[int, typer.Option(help="最多列出多少张", min=1)] = 50) -> None:
    """列出最近的工单。"""
    asyncio.run(_list(settings_or_exit(), limit))


@app.command()
def show(number: str) -> None:
    """显示一张工单和它的历史。"""
    asyncio.run(_show(settings_or_exit(), number))


@app.command()
def diagram() -> None:
    """打印工单和差评整改的状态图、步骤表和时限表（Markdown）。"""
    states, cases = f"```mermaid\n{draw()}\n```", f"```mermaid\n{case_diagram()}\n```"
    for drawn in (states, moves_table(), limits_table(), cases, case_moves_table()):
        console.print(f"{drawn}\n", markup=False, highlight=False, soft_wrap=True)


async def _list(settings: Settings, limit: int) -> None:
    table = Table("编号", "类型", "状态", "事项", "企业", "区县", "提交时间")
    async with open_database(settings) as database, database.read() as session:
        rows = await session.scalars(select(Ticket).order_by(Ticket.submitted_at.desc()).limit(limit))
        for t in rows:
            at = t.submitted_at.astimezone(CITY_ZONE)
            table.add_row(
                t.number, KIND_NAMES[t.kind], STATE_NAMES[t.state], t.subject,
                "（保密）" if t.confidential else escape(t.enterprise), t.district, f"{at:%Y-%m-%d %H:%M}",
            )  # fmt: skip
    console.print(table)


async def _show(settings: Settings, number: str) -> None:
    async with open_database(settings) as database, database.read() as session:
        ticket = await by_number(session, number.upper())
        if ticket is None:
            fail(f"没有工单 {number}")
        history = await events(session, ticket.id)
        attached = await of_ticket(session, ticket.id)
    for name in ("number", "enterprise", "credit_code", "contact", "phone", "district", "subject",
                 "description", "wanted", "confidential", "enter_by", "decide_by"):  # fmt: skip
        console.print(f"{name}: {getattr(ticket, name)}", markup=False, highlight=False)
    console.print(f"{KIND_NAMES[ticket.kind]} {STATE_NAMES[ticket.state]}")
    for event in history:
        at = event.at.astimezone(CITY_ZONE)
        console.print(f"  {at:%Y-%m-%d %H:%M} {STEP_NAMES[event.step]} {event.by} {event.note}", markup=False)
    for attachment in attached:
        console.print(f"  附件 {described(attachment)}", markup=False, highlight=False, soft_wrap=True)
