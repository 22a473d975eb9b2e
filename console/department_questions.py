"""Unanswered questions that were given to the own department: read, and told to the editors what the answer is."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.numbers import row_id
from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from console.unanswered_rows import STATE_NAMES, WHY_NAMES, Line, page_of, seen_group
from desk.learning.proposing import LONGEST_PROPOSAL, OPEN_STATES, ProposalRefused, proposals, propose
from desk.parts import reader_of
from knowledge.learning.models import GroupState
from staff.departments import departments
from staff.roles import Permission

HERE = f"{PREFIX}/department-questions"
_PROPOSE = Permission.UNANSWERED_PROPOSE
_WRITTEN = "已交给知识编辑。文章发布以后，等答案的企业会收到答复。"


def department_question_routes(routes: Routes) -> None:
    """`/console/department-questions` and what is below it."""
    console = routes.console

    @routes.get("/department-questions", _PROPOSE)
    async def groups(request: Request, state: str = "", after: str = "") -> Response:
        chosen = GroupState(state) if state in set(GroupState) else GroupState.OPEN
        return await _list(console, request, chosen, after)

    @routes.get("/department-questions/{group}", _PROPOSE)
    async def one(request: Request, group: str, said: str = "") -> Response:
        return await _page(console, request, group, notice=_WRITTEN if said == "written" else "")

    @routes.post("/department-questions/{group}", _PROPOSE)
    async def write(request: Request, group: str, text: Annotated[str, Form()] = "") -> Response:
        if await _line(console, request, group) is None:
            return _nowhere(console, request)
        try:
            await propose(console.desk, visitor(request).actor, row_id(group) or 0, text)
        except ProposalRefused as refused:
            return await _page(console, request, group, problem=str(refused), text=text)
        return seen_other(f"{HERE}/{group}?said=written")


async def _list(console: Console, request: Request, state: GroupState, after: str) -> Response:
    actor = visitor(request).actor
    own = actor.department
    async with console.door.database.read() as session:
        # Nobody's department is no department: its questions are the editors'.
        listed = await page_of(session, reader_of(actor), HERE, state, own, after) if own else None
        names = {item.key: item.name for item in await departments(session)}
    return console.pages.show(
        request,
        "department_questions.html",
        state=state,
        states=STATE_NAMES,
        why_names=WHY_NAMES,
        listed=listed,
        department=names.get(own, "") if own else "",
    )


async def _page(
    console: Console, request: Request, group: str, *, notice: str = "", problem: str = "", text: str = ""
) -> Response:
    line = await _line(console, request, group)
    if line is None:
        return _nowhere(console, request)
    async with console.door.database.read() as session:
        written = await proposals(session, line.group.id)
        names = {item.key: item.name for item in await departments(session)}
    return console.pages.show(
        request,
        "department_question.html",
        status=422 if problem else 200,
        line=line,
        group=line.group,
        states=STATE_NAMES,
        why_names=WHY_NAMES,
        departments=names,
        proposals=written,
        open=line.group.state in OPEN_STATES,
        most=LONGEST_PROPOSAL,
        text=text,
        notice=notice,
        problem=problem,
    )


async def _line(console: Console, request: Request, group: str) -> Line | None:
    """A group of the own department, as far as this member may see it."""
    actor = visitor(request).actor
    line = await seen_group(console, reader_of(actor), row_id(group) or 0)
    return line if line and actor.department and line.group.department == actor.department else None


def _nowhere(console: Console, request: Request) -> Response:
    missing = "它可能已改分给别的部门，已随提问的人删除信息而消失，或者属于您不能看的保密内容。"
    return console.pages.trouble(request, 404, "没有这一组问题", missing)
