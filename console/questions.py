"""A question of a talk put into the list of those that the knowledge base has to learn to answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response

from console.inbox import HERE
from console.numbers import row_id
from console.pages import visitor
from console.readable import readable
from console.routes import Console, Routes, seen_other
from conversations.models import Author, Message
from desk.parts import reader_of
from desk.unanswered import MOST_LETTERS, REASONS, Asked, note_question
from staff import audit
from staff.audit import Action
from staff.roles import Permission

_ANSWER = Permission.CONVERSATIONS_ANSWER


def question_routes(routes: Routes) -> None:
    """`/console/inbox/{thread_id}/question/{message}`."""
    console = routes.console

    @routes.get("/inbox/{thread_id}/question/{message}", _ANSWER)
    async def form(request: Request, thread_id: str, message: str) -> Response:
        text = await _asked(console, request, thread_id, row_id(message) or 0)
        if text is None:
            return _none(console, request)
        return _page(console, request, thread_id, message, text=text)

    @routes.post("/inbox/{thread_id}/question/{message}", _ANSWER)
    async def note(
        request: Request,
        thread_id: str,
        message: str,
        text: Annotated[str, Form()] = "",
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        message_id = row_id(message) or 0
        if await _asked(console, request, thread_id, message_id) is None:
            return _none(console, request)
        problem = "" if 1 <= len(text.strip()) <= MOST_LETTERS else f"请写问题，不超过 {MOST_LETTERS} 个字。"
        if problem := problem or ("" if reason in REASONS else "请选择原因。"):
            return _page(console, request, thread_id, message, text=text, chosen=reason, problem=problem)
        actor, at = visitor(request).actor, console.door.clock()
        async with console.door.database.write() as session:
            asked = Asked(thread_id, message_id, text, reason)
            added = await note_question(session, asked, noted_by=actor.account_id or "", at=at)
            if added:
                audit.record(session, actor, Action.QUESTION_NOTED, audit.thread(thread_id), at=at)
        return seen_other(f"{HERE}/{thread_id}?said={'question' if added else 'question-known'}")


async def _asked(console: Console, request: Request, thread_id: str, message_id: int) -> str | None:
    """What a person wrote there, without names and numbers; None where it is not there or may not be read."""
    async with console.door.database.read() as session:
        message = await session.get(Message, message_id)
        if message is None or message.thread_id != thread_id or message.author is not Author.PERSON:
            return None
        words = await readable(session, [message], reader_of(visitor(request).actor))
    return None if words.closed(message) else words.text(message)


def _page(
    console: Console,
    request: Request,
    thread_id: str,
    message: str,
    *,
    text: str,
    chosen: str = "",
    problem: str = "",
) -> Response:
    return console.pages.show(
        request,
        "question.html",
        status=422 if problem else 200,
        here=f"{HERE}/{thread_id}",
        message=message,
        text=text,
        chosen=chosen or REASONS[0],
        reasons=REASONS,
        most=MOST_LETTERS,
        problem=problem,
    )


def _none(console: Console, request: Request) -> Response:
    return console.pages.trouble(request, 404, "没有这个问题", "消息可能已经删除，或不在您能看的范围内。")
