"""Steps back that an editor takes: out of the review, to what is published, to an old revision."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from console.knowledge import HERE, refused_page
from console.knowledge_forms import base_of, whole_number, word
from console.pages import visitor
from console.routes import Routes, seen_other
from desk.desk import Desk
from desk.knowledge import give_up, restore, withdraw
from knowledge.errors import CardRefused
from staff.actors import Actor
from staff.roles import Permission

_Act = Callable[[Desk, Actor, str, int, FormData], Awaitable[str]]


def knowledge_back_routes(routes: Routes) -> None:
    """`/console/knowledge/articles/{key}/…` of editors who go back."""

    async def old(desk: Desk, member: Actor, key: str, base: int, form: FormData) -> str:
        number = whole_number(word(form, "number")) or 0
        card = await restore(desk, member, key, number, base, word(form, "why"))
        return "restored" if card.revision != base else "same"

    async def taken_back(desk: Desk, member: Actor, key: str, base: int, form: FormData) -> str:
        await withdraw(desk, member, key, base, word(form, "why"))
        return "withdrawn"

    async def dropped(desk: Desk, member: Actor, key: str, base: int, form: FormData) -> str:
        await give_up(desk, member, key, base, word(form, "why"))
        return "given-up"

    for name, act in (("withdraw", taken_back), ("give-up", dropped), ("restore", old)):
        _step(routes, name, act)


def _step(routes: Routes, name: str, act: _Act) -> None:
    console = routes.console

    @routes.post(f"/knowledge/articles/{{key}}/{name}", Permission.KNOWLEDGE_EDIT)
    async def go_back(request: Request, key: str) -> Response:
        form = await request.form()
        try:
            said = await act(console.desk, visitor(request).actor, key, base_of(form), form)
        except CardRefused as refused:
            return refused_page(console, request, refused, key)
        return seen_other(f"{HERE}/articles/{key}?said={said}")
