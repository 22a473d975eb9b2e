"""The hit test (命中测试), its history, and the questions that the gate replays."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response
from sqlalchemy import select

from console.knowledge import HERE, words
from console.knowledge_forms import whole_number
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from desk import gate_questions
from desk.knowledge_gate import Gates
from desk.knowledge_hits import MOST_LETTERS, keep_hit_test, try_question
from desk.learning.intents import intent_names
from knowledge.errors import CardRefused
from knowledge.models import HitTest
from knowledge.questions import kept_questions
from staff.roles import Permission

_SEE = Permission.KNOWLEDGE_DRAFTS
_HISTORY = 20
_PAGE = 50


def knowledge_hit_routes(routes: Routes, gates: Gates) -> None:
    """`/console/knowledge/hit-test` and `/console/knowledge/questions`."""
    _hit_test(routes, gates)
    _questions(routes)


def _hit_test(routes: Routes, gates: Gates) -> None:
    console = routes.console

    @routes.get("/knowledge/hit-test", _SEE)
    async def page(request: Request, id: str = "") -> Response:
        return await _page(console, request, whole_number(id))

    @routes.post("/knowledge/hit-test", _SEE)
    async def ask(request: Request, text: Annotated[str, Form()] = "") -> Response:
        if not text.strip():
            return await _page(console, request, None, problem="请填写要测试的问题。")
        outcome = await try_question(console.desk, gates, text)
        async with console.door.database.write() as session:
            row = await keep_hit_test(session, outcome, by=visitor(request).actor.username, desk=console.desk)
        return seen_other(f"{HERE}/hit-test?id={row.id}")


def _questions(routes: Routes) -> None:
    console = routes.console

    @routes.get("/knowledge/questions", _SEE)
    async def listed(request: Request, before: str = "", said: str = "") -> Response:
        return await _list(console, request, whole_number(before), said=said)

    @routes.post("/knowledge/questions", _SEE)
    async def keep(
        request: Request,
        text: Annotated[str, Form()] = "",
        article: Annotated[str, Form()] = "",
    ) -> Response:
        try:
            await gate_questions.keep(console.desk, visitor(request).actor, text, article.strip())
        except CardRefused as refused:
            return await _list(console, request, None, problem=str(refused))
        return seen_other(f"{HERE}/questions?said=kept")

    @routes.post("/knowledge/questions/{question}/drop", Permission.KNOWLEDGE_PUBLISH)
    async def drop(request: Request, question: str) -> Response:
        if (id := whole_number(question)) is not None:
            await gate_questions.drop(console.desk, visitor(request).actor, id)
        return seen_other(f"{HERE}/questions?said=dropped")


async def _page(console: Console, request: Request, id: int | None, *, problem: str = "") -> Response:
    async with console.door.database.read() as session:
        shown = await session.get(HitTest, id) if id else None
        history = (await session.scalars(select(HitTest).order_by(HitTest.id.desc()).limit(_HISTORY))).all()
    return console.pages.show(
        request,
        "knowledge_hits.html",
        status=422 if problem else 200,
        shown=shown,
        history=history,
        problem=problem,
        most_letters=MOST_LETTERS,
        intents=intent_names(),
        **words(visitor(request).actor),
    )


async def _list(
    console: Console, request: Request, before: int | None, *, problem: str = "", said: str = ""
) -> Response:
    async with console.door.database.read() as session:
        rows = await kept_questions(session, before=before, limit=_PAGE + 1)
    await console.desk.library.refresh()
    notices = {"kept": "测试问题已保存，以后每次发布前都会检验。", "dropped": "测试问题已删除。"}
    return console.pages.show(
        request,
        "knowledge_questions.html",
        status=422 if problem else 200,
        rows=rows[:_PAGE],
        older=rows[_PAGE - 1].id if len(rows) > _PAGE else None,
        titles={key: article.title for key, article in console.desk.library.held().items()},
        problem=problem,
        notice=notices.get(said, ""),
        **words(visitor(request).actor),
    )
