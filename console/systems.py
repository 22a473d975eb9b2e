"""Other systems of the city: the tokens that they read with, and where events are pushed to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response

from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.events import EVENTS, OTHER_EVENTS, TICKET_EVENTS, event_name
from desk.systems import make_token, revoke_token, subscribe
from staff.roles import Permission
from store.clock import CITY_ZONE
from systems import pushes, subscriptions, tokens
from systems.errors import ExpiryRefused, SystemsError
from systems.tokens import SCOPE_NAMES, Scope

MANAGE = Permission.SYSTEMS_MANAGE
HERE = f"{PREFIX}/systems"
_NOTICES = {"revoked": "令牌已吊销，立即生效。"}
_BY_DEFAULT = timedelta(days=365)


def systems_routes(routes: Routes) -> None:
    """`/console/systems`: all tokens and subscriptions, and new ones."""
    console = routes.console

    @routes.get("/systems", MANAGE)
    async def systems(request: Request, said: str = "") -> Response:
        return await _page(console, request, notice=_NOTICES.get(said, ""))

    @routes.post("/systems/tokens", MANAGE)
    async def add_token(
        request: Request,
        name: Annotated[str, Form()] = "",
        scope: Annotated[Sequence[str], Form()] = (),
        until: Annotated[str, Form()] = "",
    ) -> Response:
        scopes = tokens.known(scope)
        try:
            wish = tokens.Wish(name.strip(), scopes, _end_of(until))
            row, token = await make_token(console.desk, visitor(request).actor, wish)
        except SystemsError as error:
            filled = {"name": name, "scopes": scopes, "until": until}
            return await _page(console, request, problem=str(error), token=filled)
        return console.pages.show(request, "api_token.html", row=row, token=token)

    @routes.post("/systems/tokens/{token}/revoke", MANAGE)
    async def revoke(request: Request, token: str) -> Response:
        try:
            await revoke_token(console.desk, visitor(request).actor, token)
        except SystemsError as error:
            return await _page(console, request, problem=str(error))
        return seen_other(f"{HERE}?said=revoked")

    @routes.post("/systems/webhooks", MANAGE)
    async def add_subscription(
        request: Request,
        name: Annotated[str, Form()] = "",
        url: Annotated[str, Form()] = "",
        event: Annotated[Sequence[str], Form()] = (),
        confidential: Annotated[str, Form()] = "",
    ) -> Response:
        wish = wished(name, url, event, confidential)
        try:
            row, secret = await subscribe(console.desk, visitor(request).actor, wish)
        except SystemsError as error:
            return await _page(console, request, problem=str(error), wish=wish)
        return console.pages.show(request, "webhook_secret.html", row=row, secret=secret, added=True)


def wished(name: str, url: str, event: Sequence[str], confidential: str) -> subscriptions.Wish:
    """What was filled in; an event that does not exist is none."""
    known = frozenset(one for one in event if one in EVENTS)
    return subscriptions.Wish(name.strip(), url.strip(), known, bool(confidential))


def choices() -> dict[str, Any]:
    """What a subscription is chosen from."""
    return {
        "ticket_events": TICKET_EVENTS,
        "other_events": OTHER_EVENTS,
        "every_ticket": pushes.EVERY_TICKET,
        "event_name": event_name,
    }


async def _page(
    console: Console,
    request: Request,
    *,
    notice: str = "",
    problem: str = "",
    token: dict[str, Any] | None = None,
    wish: subscriptions.Wish | None = None,
) -> Response:
    async with console.door.database.read() as session:
        all_tokens = await tokens.all_tokens(session)
        rows = await subscriptions.all_subscriptions(session)
        unsent = await pushes.unsent_counts(session)
    until = (console.desk.today() + _BY_DEFAULT).isoformat()
    return console.pages.show(
        request,
        "systems.html",
        status=422 if problem else 200,
        tokens=all_tokens,
        subscriptions=rows,
        unsent=unsent,
        scopes=SCOPE_NAMES,
        scope_name=lambda scope: SCOPE_NAMES[Scope(scope)] if scope in set(Scope) else scope,
        last_day=_last_day,
        now=console.desk.clock(),
        token=token or {"name": "", "scopes": frozenset(), "until": until},
        wish=wish or subscriptions.Wish("", "", frozenset({pushes.EVERY_TICKET})),
        notice=notice,
        problem=problem,
        **choices(),
    )


def _end_of(day: str) -> datetime | None:
    """The end of the city's day; None where none was given. Raises `ExpiryRefused`."""
    if not day.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(day.strip()), time(), CITY_ZONE) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise ExpiryRefused(tokens.MOST_DAYS) from None


def _last_day(end: datetime) -> str:
    """The last day on which a token is good."""
    return f"{(end - timedelta(seconds=1)).astimezone(CITY_ZONE):%Y-%m-%d}"
