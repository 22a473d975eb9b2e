"""What the editor of an article is suggested as similar questions, and what it wants to see no more."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from console.pages import visitor
from console.routes import Routes
from desk.learning.suggesting import decline, suggestions
from knowledge import cards
from staff.roles import Permission

_EDIT = Permission.KNOWLEDGE_EDIT


def knowledge_suggestion_routes(routes: Routes) -> None:
    """`/console/knowledge/articles/{key}/suggestions`: a piece of the editor's page, which comes after it."""
    console = routes.console

    @routes.get("/knowledge/articles/{key}/suggestions", _EDIT)
    async def suggested(request: Request, key: str) -> Response:
        async with console.door.database.read() as session:
            card = await cards.card_of(session, key)
        found = await suggestions(console.desk, key, card.content) if card else []
        return console.pages.show(request, "_knowledge_suggestions.html", suggestions=found, key=key)

    @routes.post("/knowledge/articles/{key}/suggestions/decline", _EDIT)
    async def no_more(request: Request, key: str) -> Response:
        digests = [str(value) for value in (await request.form()).getlist("digest")]
        async with console.door.database.read() as session:
            card = await cards.card_of(session, key)
        if card is not None:
            await decline(console.desk, visitor(request).actor, key, digests)
        return Response(status_code=204)
