"""`/api/v1`: what other systems of the city may read with a token. Nothing can be changed here.

Annotations are evaluated here: FastAPI reads those of the routes, which name what is local to the router.
"""

import base64
import binascii
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AwareDatetime, BaseModel

from connectors.web.bearers import etag, is_known, reader
from connectors.web.limits import Limits
from connectors.web.problems import Problem, ProblemBody, malformed, no_such
from connectors.web.public_bodies import (
    ArticlesBody,
    FiguresBody,
    TicketsBody,
    WholeArticleBody,
    WholeTicketBody,
    article_body,
    figures_body,
    ticket_body,
    whole_article_body,
    whole_ticket_body,
)
from desk.desk import Desk
from desk.public import article_page, figures, one_article, one_ticket, ticket_page
from systems.tokens import Bearer, Scope
from tickets.reading import Narrowing, Place
from tickets.states import State

MOST = 200
MOST_DAYS = 366
_NUMBER = r"^[A-Za-z]{2,6}-\d{8}-\d{4,6}$"
_KEY = r"^[a-z0-9-]{1,64}$"
_ID = re.compile(r"[0-9a-f]{1,64}", re.ASCII)
# A moment that this far from the ends of the calendar has a day in every zone.
_FIRST, _LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at most")]
Key = Annotated[str, Query(pattern=_KEY, max_length=64)]
Marks = Annotated[str | None, Header(alias="If-None-Match")]


def public_router(desk: Desk, limits: Limits) -> APIRouter:
    """The API of other systems."""
    router = APIRouter(prefix="/api/v1")
    router.responses = {
        304: {"description": "Not modified: `If-None-Match` names what would be answered"},
        **{status: {"model": ProblemBody} for status in (401, 403, 422, 429)},
    }
    _ticket_routes(router, desk, limits)
    _article_routes(router, desk, limits)
    _statistics_routes(router, desk, limits)
    return router


def _ticket_routes(router: APIRouter, desk: Desk, limits: Limits) -> None:
    Reader = Annotated[Bearer, Depends(reader(desk, limits, Scope.TICKETS))]  # noqa: N806 (a type)

    @router.get("/tickets", tags=["tickets"], response_model=TicketsBody)
    async def tickets(
        by: Reader,
        state: State | None = None,
        department: Key | None = None,
        number: Annotated[str | None, Query(pattern=_NUMBER)] = None,
        changed_since: AwareDatetime | None = None,
        after: Annotated[str | None, Query(max_length=200, description="`next` of the page before")] = None,
        limit: Limit = 50,
        if_none_match: Marks = None,
    ) -> Response:
        """Tickets in the order in which they changed, the longest ago first."""
        wanted = Narrowing(
            state=state,
            department=department,
            number=number.upper() if number else None,
            since=_moment(changed_since) if changed_since else None,
            confidential=Scope.CONFIDENTIAL in by.scopes,
        )
        place = _place(after) if after else None
        page, more = await ticket_page(desk, wanted, after=place, limit=limit)
        body = TicketsBody(tickets=[ticket_body(told) for told in page], next=_cursor(more) if more else None)
        return _answer(body, if_none_match)

    @router.get(
        "/tickets/{number}",
        tags=["tickets"],
        response_model=WholeTicketBody,
        responses={404: {"model": ProblemBody}},
    )
    async def ticket(by: Reader, number: str, if_none_match: Marks = None) -> Response:
        """A ticket with its timeline."""
        told = None
        if re.fullmatch(_NUMBER, number, re.ASCII):
            told = await one_ticket(desk, number.upper(), confidential=Scope.CONFIDENTIAL in by.scopes)
        if told is None:
            raise no_such("工单")
        return _answer(whole_ticket_body(told), if_none_match)


def _article_routes(router: APIRouter, desk: Desk, limits: Limits) -> None:
    Reader = Annotated[Bearer, Depends(reader(desk, limits, Scope.ARTICLES))]  # noqa: N806 (a type)

    @router.get("/articles", tags=["articles"], response_model=ArticlesBody)
    async def articles(
        _: Reader, after: Key | None = None, limit: Limit = 50, if_none_match: Marks = None
    ) -> Response:
        """The published articles that are in force today, by key."""
        page, more = await article_page(desk, after=after or "", limit=limit)
        return _answer(ArticlesBody(articles=[article_body(one) for one in page], next=more), if_none_match)

    @router.get(
        "/articles/{key}",
        tags=["articles"],
        response_model=WholeArticleBody,
        responses={404: {"model": ProblemBody}},
    )
    async def article(_: Reader, key: str, if_none_match: Marks = None) -> Response:
        """An article with its sections and what they rest on."""
        found = await one_article(desk, key)
        if found is None:
            raise no_such("文章")
        return _answer(whole_article_body(found, desk.public_url), if_none_match)


def _statistics_routes(router: APIRouter, desk: Desk, limits: Limits) -> None:
    Reader = Annotated[Bearer, Depends(reader(desk, limits, Scope.STATISTICS))]  # noqa: N806 (a type)

    @router.get("/statistics", tags=["statistics"], response_model=FiguresBody)
    async def statistics(by: Reader, since: date, until: date, if_none_match: Marks = None) -> Response:
        """How many tickets were submitted in a period, both days included, by state, department and channel."""
        if not _FIRST.date() < since <= until < _LAST.date() or until - since >= timedelta(days=MOST_DAYS):
            raise _bad_period()
        found = await figures(desk, since, until, confidential=Scope.CONFIDENTIAL in by.scopes)
        return _answer(figures_body(found, since, until), if_none_match)


def _answer(body: BaseModel, if_none_match: str | None) -> Response:
    content = body.model_dump_json().encode()
    mark = etag(content)
    headers = {"ETag": mark, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
    if is_known(if_none_match, mark):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type="application/json", headers=headers)


def _moment(at: datetime) -> datetime:
    if not _FIRST < at < _LAST:
        raise malformed()
    return at


def _cursor(place: Place) -> str:
    text = f"{place.at.astimezone(UTC).isoformat()}|{place.id}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str) -> Place:
    """Raises the problem `malformed`."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        at, _, id = text.partition("|")
        moment = datetime.fromisoformat(at)
    except (binascii.Error, ValueError):
        raise malformed() from None
    if moment.tzinfo is None or not _ID.fullmatch(id):
        raise malformed()
    return Place(_moment(moment), id)


def _bad_period() -> Problem:
    return Problem(422, "bad-period", "Bad period", f"起止日期不对：起不晚于止，最多 {MOST_DAYS} 天。")
