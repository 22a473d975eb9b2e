"""Examples for the dialogue model: what is suggested, what is confirmed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from console.numbers import row_id
from console.pages import visitor
from console.readable import readable
from console.routes import PREFIX, Console, Routes, seen_other
from desk.belonging import Reader
from desk.learning.examples import (
    ExampleRefused,
    Suggestion,
    add_example,
    confirm,
    corrected,
    decline,
    examples,
    remove_example,
    unsure,
)
from desk.learning.intents import intent_names
from desk.parts import reader_of
from knowledge.learning.models import TrainingExample
from knowledge.search.text import normalise
from staff.roles import Permission

HERE = f"{PREFIX}/training-examples"
_EDIT = Permission.KNOWLEDGE_EDIT
_NOTICES = {
    "added": "例句已加入，下次训练时学会。",
    "declined": "不再建议这一句。",
    "removed": "例句已删除。",
}
_PAGE = 20
_Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class Shown:
    """A suggestion as the reader may see it."""

    id: int
    text: str
    intent: str
    taken_for: str
    confidence: float | None
    corrected: bool


def training_example_routes(routes: Routes) -> None:
    """`/console/training-examples` and what is below it."""
    console = routes.console

    @routes.get("/training-examples", _EDIT)
    async def page(request: Request, said: str = "", before: str = "", after: str = "") -> Response:
        return await _page(console, request, notice=_NOTICES.get(said, ""), before=before, after=after)

    @routes.post("/training-examples", _EDIT)
    async def add(request: Request, text: _Text = "", intent: _Text = "") -> Response:
        try:
            await add_example(console.desk, visitor(request).actor, text, intent)
        except ExampleRefused as refused:
            return await _page(console, request, problem=str(refused), filled=(0, text, intent))
        return seen_other(f"{HERE}?said=added")

    @routes.post("/training-examples/suggested/{message}/confirm", _EDIT)
    async def take(request: Request, message: str, text: _Text = "", intent: _Text = "") -> Response:
        number = row_id(message) or 0
        try:
            await confirm(console.desk, visitor(request).actor, number, text, intent)
        except ExampleRefused as refused:
            return await _page(console, request, problem=str(refused), filled=(number, text, intent))
        return seen_other(f"{HERE}?said=added")

    @routes.post("/training-examples/suggested/{message}/decline", _EDIT)
    async def leave(request: Request, message: str) -> Response:
        try:
            await decline(console.desk, row_id(message) or 0)
        except ExampleRefused as refused:
            return await _page(console, request, problem=str(refused))
        return seen_other(f"{HERE}?said=declined")

    @routes.post("/training-examples/{example}/remove", _EDIT)
    async def remove(request: Request, example: str) -> Response:
        await remove_example(console.desk, visitor(request).actor, row_id(example) or 0)
        return seen_other(f"{HERE}?said=removed")


async def _page(
    console: Console,
    request: Request,
    *,
    notice: str = "",
    problem: str = "",
    filled: tuple[int, str, str] = (0, "", ""),
    before: str = "",
    after: str = "",
) -> Response:
    reader = reader_of(visitor(request).actor)
    async with console.door.database.read() as session:
        told = [] if after else await corrected(console.desk, session, _PAGE)
        doubted = await unsure(console.desk, session, _place(after), _PAGE + 1)
        suggested = await _shown(session, [*told, *doubted[:_PAGE]], reader)
        kept = await examples(session, row_id(before) or None, _PAGE + 1)
    last = doubted[_PAGE - 1].question if len(doubted) > _PAGE else None
    return console.pages.show(
        request,
        "training_examples.html",
        status=422 if problem else 200,
        suggested=suggested,
        more=f"{last.confidence}_{last.message_id}" if last else "",
        examples=kept[:_PAGE],
        older=kept[_PAGE - 1].id if len(kept) > _PAGE else 0,
        intents=list(intent_names().items()),
        names=intent_names(),
        filled=filled,
        notice=notice,
        problem=problem,
    )


async def _shown(session: AsyncSession, found: Sequence[Suggestion], reader: Reader) -> list[Shown]:
    """Each wording once, without what is an example already, and without what the reader may not read."""
    once = {normalise(one.message.text): one for one in reversed(found)}
    known = await session.scalars(select(TrainingExample.text).where(TrainingExample.text.in_(once)))
    for text in known:
        del once[text]
    read = await readable(session, [one.message for one in once.values()], reader)
    names = intent_names()
    return [
        Shown(
            one.message.id,
            read.text(one.message),
            one.intent,
            names.get(one.question.intent or "", "（没认出来）"),
            one.question.confidence,
            one.corrected,
        )
        for one in reversed(once.values())
        if not read.closed(one.message)
    ]


def _place(text: str) -> tuple[float, int] | None:
    sure, _, last = text.partition("_")
    try:
        confidence = float(sure)
    except ValueError:
        return None
    id_ = row_id(last)
    return (confidence, id_) if 0.0 <= confidence <= 1.0 and id_ else None
