"""The rules by which a department is suggested: seen, added, removed."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.numbers import row_id
from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.dispatch_rules import NewRule, RuleRefused, drop_rule, keep_rule
from desk.intake.fields import subjects
from staff.departments import departments
from staff.roles import Permission
from tickets.dispatching import all_rules

_EDIT = Permission.DISPATCH_RULES_EDIT
_HERE = f"{PREFIX}/dispatch-rules"
_NOTICES = {"added": "规则已新增。", "removed": "规则已删除。"}


def dispatch_rules_routes(routes: Routes) -> None:
    """`/console/dispatch-rules` and what is below it."""
    console = routes.console

    @routes.get("/dispatch-rules", _EDIT)
    async def rules(request: Request, said: str = "") -> Response:
        return await _page(console, request, notice=_NOTICES.get(said, ""))

    @routes.post("/dispatch-rules", _EDIT)
    async def add(
        request: Request,
        subject: Annotated[str, Form()] = "",
        district: Annotated[str, Form()] = "",
        words: Annotated[str, Form()] = "",
        department: Annotated[str, Form()] = "",
    ) -> Response:
        new = NewRule(subject, district, words, department)
        try:
            await keep_rule(console.desk, visitor(request).actor, new)
        except RuleRefused as refused:
            return await _page(console, request, problem=str(refused), filled=new)
        return seen_other(f"{_HERE}?said=added")

    @routes.post("/dispatch-rules/{rule}/remove", _EDIT)
    async def remove(request: Request, rule: str) -> Response:
        if (number := row_id(rule)) is not None:
            await drop_rule(console.desk, visitor(request).actor, number)
        return seen_other(f"{_HERE}?said=removed")


async def _page(
    console: Console,
    request: Request,
    *,
    notice: str = "",
    problem: str = "",
    filled: NewRule | None = None,
) -> Response:
    async with console.door.database.read() as session:
        rules, choices = await all_rules(session), await departments(session)
    order = {subject: number for number, subject in enumerate(subjects())}
    return console.pages.show(
        request,
        "dispatch_rules.html",
        status=422 if problem else 200,
        rules=sorted(rules, key=lambda rule: (order.get(rule.subject, len(order)), rule.id)),
        departments={item.key: item.name for item in choices},
        subjects=list(order),
        districts=list(console.desk.city.districts),
        filled=filled or NewRule("", "", "", ""),
        notice=notice,
        problem=problem,
    )
