"""Questions that were not answered: the list, most widely asked first, and what becomes of each group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.numbers import row_id
from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from console.unanswered_rows import STATE_NAMES, WHY_NAMES, Line, article_choices, page_of, seen_group
from desk.learning import deciding
from desk.learning.proposing import proposals
from desk.learning.wording import DecisionRefused
from desk.parts import reader_of
from knowledge.learning.models import GroupState
from staff.departments import departments
from staff.roles import Permission

HERE = f"{PREFIX}/unanswered"
_NOTICES = {
    "assigned": "已保存。",
    "nobody": "已分给部门。这个部门还没有经办人的账号，没有人收到通知，请联系管理员。",
    "told": "已分给部门，部门的同事会在通知里看到。",
    "answered": "已答复：这篇文章里本来就有这些问法。等答案的企业会收到答复。",
    "drafted": "选中的问法已加进文章的草稿。请打开文章提交审核；发布以后，这一组自动算作已答复，等答案的企业会收到答复。",
    "dismissed": "已不予收录。",
    "reopened": "已重新打开。",
    "apart": "已单独成组，这是新的一组。原来的一组没有别的变化。",
}
_EDIT = Permission.KNOWLEDGE_EDIT
_Text = Annotated[str, Form()]


def unanswered_routes(routes: Routes) -> None:
    """`/console/unanswered` and what is below it."""
    console = routes.console

    @routes.get("/unanswered", _EDIT)
    async def groups(request: Request, state: str = "", department: str = "", after: str = "") -> Response:
        chosen = GroupState(state) if state in set(GroupState) else GroupState.OPEN
        return await _list(console, request, chosen, department[:64], after)

    @routes.get("/unanswered/{group}", _EDIT)
    async def one(request: Request, group: str, said: str = "", q: str = "") -> Response:
        return await _group_page(console, request, group, notice=_NOTICES.get(said, ""), q=q)

    @routes.post("/unanswered/{group}/assign", _EDIT)
    async def assign(request: Request, group: str, revision: _Text = "", department: _Text = "") -> Response:
        return await _act(console, request, group, revision, "assigned", department=department)

    @routes.post("/unanswered/{group}/answer", _EDIT)
    async def answer(
        request: Request, group: str, revision: _Text = "", article: _Text = "", words: _Text = ""
    ) -> Response:
        chosen = [str(value) for value in (await request.form()).getlist("question")]
        return await _act(
            console, request, group, revision, "answered", article=article, words=words, chosen=chosen
        )

    @routes.post("/unanswered/{group}/write", _EDIT)
    async def write(request: Request, group: str, revision: _Text = "", key: _Text = "") -> Response:
        return await _act(console, request, group, revision, "writing", key=key.strip())

    @routes.post("/unanswered/{group}/apart", _EDIT)
    async def apart(request: Request, group: str, revision: _Text = "") -> Response:
        chosen = [str(value) for value in (await request.form()).getlist("apart")]
        return await _act(console, request, group, revision, "apart", apart=chosen)

    @routes.post("/unanswered/{group}/dismiss", _EDIT)
    async def dismiss(request: Request, group: str, revision: _Text = "", reason: _Text = "") -> Response:
        return await _act(console, request, group, revision, "dismissed", reason=reason)

    @routes.post("/unanswered/{group}/reopen", _EDIT)
    async def reopen(request: Request, group: str, revision: _Text = "") -> Response:
        return await _act(console, request, group, revision, "reopened")


async def _act(
    console: Console, request: Request, group: str, revision: str, what: str, **filled: object
) -> Response:
    """Take a decision; what is refused is said on the page, with what was filled in."""
    try:
        leads_to = await _decide(console, request, row_id(group) or 0, row_id(revision) or 0, what, filled)
    except DecisionRefused as refused:
        return await _group_page(console, request, group, problem=str(refused), filled=filled)
    return seen_other(leads_to)


async def _decide(
    console: Console, request: Request, group: int, revision: int, what: str, filled: Mapping[str, object]
) -> str:
    """The page that comes next, with what is said of it there."""
    desk, actor = console.desk, visitor(request).actor
    line = await seen_group(console, reader_of(actor), group)
    if line is None:
        raise DecisionRefused("没有这一组问题，或者您不能看它的内容。")
    match what:
        case "assigned":
            told = await deciding.assign(desk, actor, group, revision, str(filled["department"]))
            what = what if told is None else "told" if told else "nobody"
        case "answered":
            chosen = [row_id(text) or 0 for text in filled["chosen"]]  # type: ignore[attr-defined]
            written = str(filled["words"]).splitlines()
            article = str(filled["article"]).strip()
            fresh = await deciding.answer_with(desk, actor, group, revision, article, chosen, written)
            what = "drafted" if fresh else what
        case "writing":
            seen = [one.id for one in line.questions if one.clean]
            await deciding.begin_writing(desk, actor, group, revision, str(filled["key"]), seen)
            return f"{PREFIX}/knowledge/articles/{filled['key']}/edit"
        case "apart":
            group = await deciding.set_apart(desk, actor, group, revision, _seen(line, filled["apart"]))
        case "dismissed":
            await deciding.dismiss(desk, actor, group, revision, str(filled["reason"]))
        case _:
            await deciding.reopen(desk, actor, group, revision)
    return f"{HERE}/{group}?said={what}"


def _seen(line: Line, chosen: object) -> list[int]:
    """The chosen questions, all of which the reader sees."""
    ids = [row_id(text) or 0 for text in chosen]  # type: ignore[attr-defined]
    if not {one.id for one in line.questions}.issuperset(ids):
        raise DecisionRefused("选中的问题里有的已经不在这一组，请刷新页面再选。")
    return ids


async def _list(
    console: Console, request: Request, state: GroupState, department: str, after: str
) -> Response:
    reader = reader_of(visitor(request).actor)
    async with console.door.database.read() as session:
        listed = await page_of(session, reader, HERE, state, department, after)
        names = {item.key: item.name for item in await departments(session)}
    return console.pages.show(
        request,
        "unanswered.html",
        state=state,
        states=STATE_NAMES,
        why_names=WHY_NAMES,
        listed=listed,
        department=department,
        departments=names,
    )


async def _group_page(
    console: Console,
    request: Request,
    group: str,
    *,
    notice: str = "",
    problem: str = "",
    q: str = "",
    filled: Mapping[str, object] | None = None,
) -> Response:
    actor = visitor(request).actor
    line = await seen_group(console, reader_of(actor), row_id(group) or 0)
    if line is None:
        missing = "它可能已随提问的人删除信息而消失，或者属于您不能看的保密内容。"
        return console.pages.trouble(request, 404, "没有这一组问题", problem or missing)
    async with console.door.database.read() as session:
        names = {item.key: item.name for item in await departments(session)}
        written = await proposals(session, line.group.id)
    return console.pages.show(
        request,
        "unanswered_group.html",
        status=422 if problem else 200,
        line=line,
        group=line.group,
        states=STATE_NAMES,
        why_names=WHY_NAMES,
        departments=names,
        proposals=written,
        articles=await article_choices(console.desk, line, q.strip()[:100]),
        q=q.strip()[:100],
        filled=filled or {},
        reads_talks=actor.may(Permission.CONVERSATIONS_READ),
        tell_days=console.desk.learning.tell_days,
        reopen_after=console.desk.learning.reopen_after,
        notice=notice,
        problem=problem,
    )
