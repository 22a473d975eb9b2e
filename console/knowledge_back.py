"""Steps back that an editor takes: out of the review, to what is published, to an old revision."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from console.knowledge import HERE, refused_page
from console.knowledge_forms import base_of, whole_number, word
from console.pages import visitor
from console.routes import Routes, seen_other
from desk.knowledge import give_up, restore, withdraw
from knowledge.errors import CardRefused
from staff.roles import Permission

_EDIT = Permission.KNOWLEDGE_EDIT


def knowledge_back_routes(routes: Routes) -> None:
    """`/console/knowledge/articles/{key}/…` of editors who go back."""
    console = routes.console

    @routes.post("/knowledge/articles/{key}/withdraw", _EDIT)
    async def take_back(request: Request, key: str) -> Response:
        form = await request.form()
        try:
            await withdraw(console.desk, visitor(request).actor, key, base_of(form), word(form, "why"))
        except CardRefused as refused:
            return refused_page(console, request, refused, key)
        return seen_other(f"{HERE}/articles/{key}?said=withdrawn")

    @routes.post("/knowledge/articles/{key}/give-up", _EDIT)
    async def drop(request: Request, key: str) -> Response:
        form = await request.form()
        try:
            await give_up(console.desk, visitor(request).actor, key, base_of(form), word(form, "why"))
        except CardRefused as refused:
            return refused_page(console, request, refused, key)
        return seen_other(f"{HERE}/articles/{key}?said=given-up")

    @routes.post("/knowledge/articles/{key}/restore", _EDIT)
    async def bring_back(request: Request, key: str) -> Response:
        form = await request.form()
        number = whole_number(word(form, "number")) or 0
        try:
            await restore(console.desk, visitor(request).actor, key, number, base_of(form), word(form, "why"))
        except CardRefused as refused:
            return refused_page(console, request, refused, key)
        return seen_other(f"{HERE}/articles/{key}?said=restored")
