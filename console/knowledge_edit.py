"""The editor of an article: its form, saved, autosaved, looked at as each channel shows it, submitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse, Response

from console.knowledge import HERE, nowhere, refused_page, words
from console.knowledge_back import knowledge_back_routes
from console.knowledge_forms import base_of, content_of, word
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from desk.article_problems import article_problems
from desk.articles import article_reply
from desk.knowledge import save_draft, submit
from desk.knowledge_gate import Gates
from knowledge import cards
from knowledge.article import ASPECTS
from knowledge.autosaves import autosave, autosaves, forget_autosave, writing_now
from knowledge.check import MAX_REPLY_BYTES
from knowledge.difference import difference
from knowledge.drafts import CHANNELS, Content, as_if_whole, blank
from knowledge.errors import CardMoved, CardRefused
from knowledge.models import Card
from staff.departments import departments
from staff.roles import Permission

_EDIT = Permission.KNOWLEDGE_EDIT
_BLANK_ROWS = 2


def knowledge_edit_routes(routes: Routes, gates: Gates) -> None:
    """`/console/knowledge/new` and `/console/knowledge/articles/{key}/…` of editors."""
    _forms(routes, gates)
    knowledge_back_routes(routes)
    _beside(routes)


def _forms(routes: Routes, gates: Gates) -> None:
    console = routes.console

    @routes.get("/knowledge/new", _EDIT)
    async def new(request: Request) -> Response:
        return await editor_page(console, request, "", blank(""), 0)

    @routes.post("/knowledge/new", _EDIT)
    async def begin(request: Request) -> Response:
        form = await request.form()
        key = word(form, "key").lower()
        return await _save(console, gates, request, key, content_of(form, key), 0, new=True)

    @routes.get("/knowledge/articles/{key}/edit", _EDIT)
    async def edit(request: Request, key: str, own: str = "") -> Response:
        async with console.door.database.read() as session:
            card = await cards.card_of(session, key)
            kept = await autosaves(session, key)
        if card is None:
            return nowhere(console, request)
        mine = next((one for one in kept if one.by == visitor(request).actor.username), None)
        gates.prepare(console.desk.library.held(), {})  # whoever edits will want to see it tried
        if own and mine is not None:
            return await editor_page(console, request, key, mine.content, mine.base, card=card)
        return await editor_page(console, request, key, card.content, card.revision, card=card, mine=mine)

    @routes.post("/knowledge/articles/{key}/edit", _EDIT)
    async def save(request: Request, key: str) -> Response:
        form = await request.form()
        return await _save(console, gates, request, key, content_of(form, key), base_of(form))

    @routes.post("/knowledge/articles/{key}/submit", _EDIT)
    async def give(request: Request, key: str) -> Response:
        form = await request.form()
        return await _submit(console, gates, request, key, base_of(form), word(form, "why"))


def _beside(routes: Routes) -> None:
    """What the editor's page asks for while somebody writes."""
    console = routes.console

    @routes.post("/knowledge/articles/{key}/autosave", _EDIT)
    async def keep(request: Request, key: str) -> Response:
        form = await request.form()
        by, at = visitor(request).actor.username, console.desk.clock()
        content = content_of(form, key)
        async with console.door.database.write() as session:
            if word(form, "discard"):
                await forget_autosave(session, key, by)
            else:
                await autosave(session, key, by, content, base=base_of(form), at=at)
            card = await cards.card_of(session, key)
            others = await writing_now(session, key, by, at)
        if word(form, "discard"):
            return seen_other(f"{HERE}/articles/{key}/edit")
        moved = card is not None and card.revision != base_of(form)
        return JSONResponse({"moved": moved, "others": list(others)})

    @routes.post("/knowledge/articles/{key}/preview", _EDIT)
    async def preview(request: Request, key: str) -> Response:
        form = await request.form()
        shown = _previews(console, content_of(form, key), word(form, "aspect"))
        return console.pages.show(request, "_knowledge_preview.html", previews=shown, most=MAX_REPLY_BYTES)


async def _save(
    console: Console,
    gates: Gates,
    request: Request,
    key: str,
    content: Content,
    base: int,
    *,
    new: bool = False,
) -> Response:
    form = await request.form()
    action = word(form, "action")
    if action == "preview":
        return await editor_page(console, request, key, content, base, new=new)
    try:
        card = await save_draft(
            console.desk, visitor(request).actor, key, content, why=word(form, "why"), base=base
        )
    except CardMoved:
        async with console.door.database.read() as session:
            theirs = await cards.card_of(session, key)
        if theirs is None or new:
            problem = "这个编号已经有文章，请换一个编号，或去修改原来的文章。"
            return await editor_page(console, request, key, content, base, problem=problem, new=new)
        return await editor_page(
            console,
            request,
            key,
            content,
            theirs.revision,
            card=theirs,
            problem="您打开以后，别人已经保存过这篇文章。您写的都还在下面；对照差异改好以后再保存，对方的版本留在历史里。",
            theirs=theirs,
        )
    except CardRefused as refused:
        return await editor_page(console, request, key, content, base, problem=str(refused), new=new)
    if action == "submit":
        return await _submit(console, gates, request, key, card.revision, word(form, "why"), saved=True)
    return seen_other(f"{HERE}/articles/{key}?said=saved")


async def _submit(
    console: Console, gates: Gates, request: Request, key: str, base: int, why: str, *, saved: bool = False
) -> Response:
    member = visitor(request).actor
    try:
        await submit(console.desk, member, key, base, why)
        await gates.start(member.username, key)
    except CardRefused as refused:
        return refused_page(console, request, refused, key, saved=saved)
    return seen_other(f"{HERE}/articles/{key}?said=submitted")


async def editor_page(
    console: Console,
    request: Request,
    key: str,
    content: Content,
    base: int,
    *,
    card: Card | None = None,
    problem: str = "",
    theirs: Card | None = None,
    mine: Any = None,
    new: bool = False,
) -> Response:
    """The editor with what is written in it. `mine`: what the visitor has not saved; `theirs`: what was saved meanwhile."""
    actor = visitor(request).actor
    async with console.door.database.read() as session:
        choices = await departments(session)
        others = [one for one in await autosaves(session, key) if one.by != actor.username] if key else []
    form = await request.form() if request.method == "POST" else {}
    return console.pages.show(
        request,
        "knowledge_edit.html",
        status=409 if theirs else 422 if problem else 200,
        key=key,
        new=new or base == 0,
        content=content,
        base=base,
        card=card,
        sources=[*content["sources"], *({} for _ in range(_BLANK_ROWS))],
        downloads=[*content.get("downloads", ()), *({} for _ in range(_BLANK_ROWS))],
        departments=choices,
        parts=difference(theirs.content, content) if theirs else None,
        theirs=theirs,
        mine=mine,
        others=others,
        now=console.desk.clock(),
        problem=problem,
        problems=await article_problems(console.desk, content) if key else (),
        previews=_previews(console, content, ""),
        most=MAX_REPLY_BYTES,
        most_file=console.desk.attachments.most_bytes,
        why=form.get("why", ""),
        aspects=ASPECTS,
        **words(actor),
    )


def _previews(console: Console, content: Content, aspect: str) -> list[Mapping[str, Any]]:
    """The reply as each channel shows it."""
    article = as_if_whole(content, console.desk.today())
    chosen = next((one for one in ASPECTS if one == aspect and one in article.sections), "overview")
    shown: list[Mapping[str, Any]] = []
    for channel, name in CHANNELS.items():
        reply = article_reply(article, chosen, channel, root=console.desk.public_url)  # type: ignore[arg-type]
        shown.append(
            {
                "channel": channel,
                "name": name,
                "text": reply.text,
                "bytes": len(reply.text.encode()),
                "buttons": [button.title for button in reply.buttons],
            }
        )
    return shown
