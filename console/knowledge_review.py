"""Reviewing an article: the difference, what the gate found, and the decision; two revisions compared; archiving."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.knowledge import HERE, nowhere, words
from console.knowledge_forms import base_of, moment_of, whole_number, word
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from desk.article_problems import article_problems
from desk.knowledge import approve, archive, send_back
from desk.knowledge_gate import Gates, accepted_run, holds, newest_run, running
from knowledge import cards
from knowledge.difference import difference
from knowledge.drafts import CHANNELS
from knowledge.errors import CardRefused
from knowledge.models import Card, CardState
from knowledge.rows import version
from staff.actors import Actor
from staff.roles import Permission

_SEE = Permission.KNOWLEDGE_DRAFTS
_DECIDE = Permission.KNOWLEDGE_PUBLISH
_Act = Callable[[Actor, str, int, Any], Awaitable[str]]


def knowledge_review_routes(routes: Routes, gates: Gates) -> None:
    """`/console/knowledge/articles/{key}/…` of reviewers."""
    _pages(routes, gates)
    console = routes.console

    async def passed(member: Actor, key: str, base: int, form: Any) -> str:
        at, seen = moment_of(word(form, "publish_at")), whole_number(word(form, "run")) or 0
        why, despite = word(form, "why"), word(form, "despite")
        await approve(console.desk, member, key, base, why, at, despite=despite, seen=seen)
        return "scheduled" if at else "approved"

    async def returned(member: Actor, key: str, base: int, form: Any) -> str:
        await send_back(console.desk, member, key, base, word(form, "why"))
        return "sent-back"

    async def ended(member: Actor, key: str, base: int, form: Any) -> str:
        await archive(console.desk, member, key, base, word(form, "why"))
        return "archived"

    for name, act in (("approve", passed), ("send-back", returned), ("archive", ended)):
        _decision(routes, name, act)


def _decision(routes: Routes, name: str, act: _Act) -> None:
    console = routes.console

    @routes.post(f"/knowledge/articles/{{key}}/{name}", _DECIDE)
    async def decide(request: Request, key: str) -> Response:
        form = await request.form()
        try:
            said = await act(visitor(request).actor, key, base_of(form), form)
        except CardRefused as refused:
            typed = {name: word(form, name) for name in ("why", "despite", "publish_at")}
            return await _review(console, request, key, problem=str(refused), **typed)
        return seen_other(f"{HERE}/articles/{key}?said={said}")


def _pages(routes: Routes, gates: Gates) -> None:
    console = routes.console

    @routes.get("/knowledge/articles/{key}/review", _SEE)
    async def review(request: Request, key: str) -> Response:
        return await _review(console, request, key)

    @routes.get("/knowledge/articles/{key}/gate", _SEE, background=True)
    async def progress(request: Request, key: str) -> Response:
        async with console.door.database.read() as session:
            card = await cards.card_of(session, key)
            if card is None:
                return nowhere(console, request)
            context = await _gate(console, session, card, visitor(request).actor)
        context |= {"card": card, "channels": CHANNELS, "despite": ""}
        return console.pages.show(request, "_knowledge_gate.html", **context)

    @routes.post("/knowledge/articles/{key}/gate", _SEE)
    async def start(request: Request, key: str) -> Response:
        try:
            await gates.start(visitor(request).actor.username, key)
        except CardRefused:
            return nowhere(console, request)
        return seen_other(f"{HERE}/articles/{key}/review")

    @routes.get("/knowledge/articles/{key}/compare", _SEE)
    async def compare(request: Request, key: str, old: str = "", new: str = "") -> Response:
        async with console.door.database.read() as session:
            card = await cards.card_of(session, key)
            left = await cards.revision(session, key, whole_number(old) or 0)
            right = await cards.revision(session, key, whole_number(new) or 0)
        if card is None or left is None or right is None:
            return nowhere(console, request)
        return console.pages.show(
            request,
            "knowledge_compare.html",
            card=card,
            left=left,
            right=right,
            parts=difference(left.content, right.content),
            **words(visitor(request).actor),
        )


async def _review(
    console: Console,
    request: Request,
    key: str,
    *,
    problem: str = "",
    why: str = "",
    despite: str = "",
    publish_at: str = "",
) -> Response:
    actor = visitor(request).actor
    async with console.door.database.read() as session:
        card = await cards.card_of(session, key)
        if card is None:
            return nowhere(console, request)
        live = await cards.revision(session, key, card.live_number) if card.live_number else None
        writers = await cards.authors(session, card)
        late = await cards.begins_late_on(session, card, console.desk.today())
        context = await _gate(console, session, card, actor)
    return console.pages.show(
        request,
        "knowledge_review.html",
        status=422 if problem else 200,
        problem=problem,
        card=card,
        live=live,
        writers=sorted(writers),
        parts=difference(live.content if live else None, card.content),
        problems=await article_problems(console.desk, card.content),
        why=why,
        despite=despite,
        publish_at=publish_at or (f"{late.isoformat()}T00:00" if late else ""),
        **context,
        **words(actor),
    )


async def _gate(console: Console, session: AsyncSession, card: Card, actor: Actor) -> dict[str, Any]:
    """What the gate found, and whether the visitor may decide on it."""
    run = await newest_run(session, card.key, card.revision)
    if run is None and card.state == CardState.SCHEDULED:
        run = await accepted_run(session, card)
    own = console.desk.knowledge_four_eyes and actor.username in await cards.authors(session, card)
    await console.desk.library.refresh()
    present = await version(session)
    titles = {key: article.title for key, article in console.desk.library.held().items()}
    return {
        "run": run,
        "running": running(run, console.desk.clock()),
        "titles": {**titles, card.key: card.title},
        "outdated": run is not None
        and run.outcome is not None
        and not holds(console.desk, run, card, present),
        "own": own,
        "deciding": card.state == CardState.IN_REVIEW and actor.may(_DECIDE) and not own,
    }
