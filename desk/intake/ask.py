"""How the form asks: one question, the buttons that answer it, and the summary before anything is sent."""

from __future__ import annotations

from collections.abc import Sequence

from desk.articles import HUMAN
from desk.intake.fields import Field
from desk.intake.form import CANCELLING, FAILURES_BEFORE_HELP, SUMMARY, Form, Intake, shown
from desk.values import Button, Reply
from tickets.models import KIND_NAMES, Kind

_CANCEL = Button("取消", "/cancel")
_WHY = Button("为什么要问", "/explain")
_SKIP = Button("跳过", "/skip")


def ask(intake: Intake, kind: Kind, form: Form, say: Sequence[str], attached: str = "") -> Reply:
    """The next thing that the form says; `say` comes before it. `attached`: the files that go with it, in words."""
    text, buttons = _asked(intake, kind, form, attached)
    return Reply("\n".join((*say, text)), outcome="form", buttons=buttons, form=kind.value, asks=form.asking)


def _asked(intake: Intake, kind: Kind, form: Form, attached: str) -> tuple[str, tuple[Button, ...]]:
    if form.asking == SUMMARY:
        buttons = (Button("确认提交", "/affirm"), Button("修改", "/deny"), _CANCEL)
        return _summary(intake, kind, form, attached), buttons
    if form.asking == CANCELLING:
        text = "确定不填了吗？已经填写的内容不会保留。"
        return text, (Button("确定取消", "/affirm"), Button("继续填写", "/deny"))
    field = intake.fields[form.asking or ""]
    return _question(field, form), _buttons(field, form)


def _question(field: Field, form: Form) -> str:
    if form.failures < FAILURES_BEFORE_HELP:
        return field.question
    way_out = "可以跳过这一项，也可以转人工帮您登记。" if field.optional else "可以转人工帮您登记。"
    return f"{field.question}\n填不上也没关系，{way_out}"


def _buttons(field: Field, form: Form) -> tuple[Button, ...]:
    choices = tuple(Button(choice, "/inform") for choice in field.choices)
    skip = (_SKIP,) if field.optional else ()
    help = (HUMAN,) if form.failures >= FAILURES_BEFORE_HELP else ()
    why = () if field.choices else (_WHY,)
    return (*choices, *skip, *help, *why, _CANCEL)


def _summary(intake: Intake, kind: Kind, form: Form, attached: str) -> str:
    lines = [f"{f.label}：{shown(f.name, form.values[f.name])}" for f in intake.fields.values()]
    if attached:
        lines.append(f"附件：{attached}")
    return "\n".join(
        (
            f"请核对您的{KIND_NAMES[kind]}：",
            *lines,
            "\n核对无误请回复“确认提交”。要改直接说，如“电话改成 13900000000”。",
        )
    )
