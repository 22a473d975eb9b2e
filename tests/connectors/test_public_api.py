"""The API of other systems: who may read what, page by page, with persons masked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from connectors.web.limits import Limits
from connectors.web.problems import add_problem_handlers
from connectors.web.public import public_router
from desk.desk import Desk
from desk.public import one_article
from desk.systems import make_token, revoke_token
from knowledge.article import Download
from knowledge.rows import save
from staff.actors import COMMAND_LINE
from staff.models import AuditEntry
from store.database import Database
from systems.models import ApiToken
from systems.tokens import Scope, Wish, right_form
from tests.console.test_plans import asked, whole_tables
from tests.desk.casework import move_ticket
from tests.fakes import HandClock
from tests.systems.filing import accept, dispatch, file
from tickets.call_back import Called
from tickets.life import Doing
from tickets.models import Ticket
from tickets.states import MOVE_OF, Step

TICKETS = frozenset({Scope.TICKETS})
CONFIDENTIAL = frozenset({Scope.TICKETS, Scope.CONFIDENTIAL, Scope.STATISTICS})
EVERYTHING = frozenset(Scope)
SECRETS = ("平顶山某某商贸有限公司", "某某商贸", "李经理", "13800001234")


class Reading:
    """Another system with its token."""

    def __init__(self, client: httpx.AsyncClient, desk: Desk) -> None:
        self.client = client
        self.desk = desk
        self.token = ""

    async def given(self, scopes: frozenset[Scope], name: str = "督查平台", **wish: Any) -> ApiToken:
        """Read with a new token from now on."""
        row, self.token = await make_token(
            self.desk, COMMAND_LINE, Wish(name, scopes, wish.get("expires_at"))
        )
        return row

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """What the API answers."""
        given = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.client.get(f"/api/v1/{path}", headers={**given, **headers})

    async def pages(self, path: str) -> list[list[str]]:
        """The numbers of the tickets, page by page."""
        found, after = [], ""
        while True:
            body = (await self.get(f"{path}{after}")).json()
            found.append([ticket["number"] for ticket in body["tickets"]])
            if body["next"] is None:
                return found
            after = f"&after={body['next']}"


@pytest.fixture
async def reading(stocked_desk: Desk) -> AsyncIterator[Reading]:
    """The API over a handful of articles and no ticket, narrowly limited."""
    limits = Limits(
        per_conversation="1/hour", per_address="1/hour", conversations="1/hour", per_system="40/hour"
    )
    app = FastAPI()
    app.include_router(public_router(stocked_desk, limits))
    add_problem_handlers(app, body_max_bytes=1_000)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
        yield Reading(client, stocked_desk)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the name of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["type"].removeprefix("urn:qifu:problem:")


async def test_nothing_is_read_without_a_good_token(reading: Reading, clock: HandClock) -> None:
    paths = ("tickets", "tickets/PDS-20261123-0001", "articles", "articles/water-price", "statistics")
    assert {problem(await reading.get(path)) for path in paths} == {(401, "token-unknown")}
    row = await reading.given(EVERYTHING, expires_at=clock() + timedelta(days=1))
    good = reading.token
    assert (await reading.get("tickets")).status_code == 200
    for reading.token in (
        good[:-1],
        good + "x",
        good[:-1] + ("a" if good[-1] != "a" else "b"),
        "qifu_api_",
        "令",
    ):
        token = reading.token.encode("utf-8").decode("latin-1")
        given = [(b"authorization", f"Bearer {token}".encode("latin-1"))]
        answer = await reading.client.get("/api/v1/tickets", headers=given)
        assert problem(answer) == (401, "token-unknown")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    reading.token = good
    clock.advance(timedelta(days=1))
    assert problem(await reading.get("tickets")) == (401, "token-unknown")
    row = await reading.given(EVERYTHING, name="另一个")
    await revoke_token(reading.desk, COMMAND_LINE, row.id)
    await revoke_token(reading.desk, COMMAND_LINE, row.id)
    assert problem(await reading.get("tickets")) == (401, "token-unknown")


async def test_a_token_reads_only_what_its_scopes_name(reading: Reading) -> None:
    await reading.given(frozenset({Scope.ARTICLES}))
    assert (await reading.get("articles")).status_code == 200
    assert problem(await reading.get("tickets")) == (403, "scope-missing")
    assert problem(await reading.get("statistics?since=2026-11-01&until=2026-11-30")) == (
        403,
        "scope-missing",
    )


async def test_the_token_is_kept_as_a_hash_and_named_in_no_log(reading: Reading, database: Database) -> None:
    await reading.given(EVERYTHING)
    secret = reading.token
    assert right_form(secret) and secret.startswith("qifu_api_")
    async with database.read() as session:
        row = (await session.scalars(select(ApiToken))).one()
        entries = (await session.scalars(select(AuditEntry))).all()
    kept = f"{row.hash} {row.hint} {row.name} {[entry.detail for entry in entries]}"
    assert secret not in kept and secret[9:30] not in kept
    assert row.hint == secret[-4:]


async def test_that_it_is_used_is_written_down_now_and_then(
    reading: Reading, database: Database, clock: HandClock
) -> None:
    row = await reading.given(TICKETS)
    seen = []
    for minutes in (0, 5, 6):
        clock.advance(timedelta(minutes=minutes))
        await reading.get("tickets")
        async with database.read() as session:
            seen.append((await session.get_one(ApiToken, row.id)).last_used_at)
    assert seen == [clock() - timedelta(minutes=11), clock() - timedelta(minutes=11), clock()]


async def test_persons_are_masked_in_their_fields_and_in_the_texts(reading: Reading) -> None:
    ticket = await file(
        reading.desk, description="我是平顶山某某商贸有限公司的李经理，电话13800001234，停水三天"
    )
    await accept(reading.desk, ticket)
    await reading.given(TICKETS)
    for path in ("tickets", f"tickets/{ticket.number}"):
        answer = await reading.get(path)
        assert answer.status_code == 200
        assert not [secret for secret in SECRETS if secret in answer.text]
    whole = (await reading.get(f"tickets/{ticket.number.lower()}")).json()
    assert whole["enterprise"] == "平顶＊＊有限公司"
    assert whole["phone"] == "138＊＊＊＊1234"
    assert [(step["step"], step["by"]) for step in whole["timeline"]] == [
        ("submitted", "enterprise"),
        ("accepted", "staff"),
    ]
    assert whole["limits"][0]["due_at"].endswith("Z")


async def test_confidential_tickets_are_there_for_their_scope_alone(reading: Reading) -> None:
    hidden = await file(reading.desk, confidential="是")
    await reading.given(TICKETS | {Scope.STATISTICS})
    figures = "statistics?since=2026-11-23&until=2026-11-23"
    assert (await reading.get("tickets")).json()["tickets"] == []
    assert (await reading.get(f"tickets?number={hidden.number}")).json()["tickets"] == []
    assert problem(await reading.get(f"tickets/{hidden.number}")) == (404, "not-found")
    assert (await reading.get(figures)).json()["total"] == 0
    await reading.given(CONFIDENTIAL, name="信访")
    whole = await reading.get(f"tickets/{hidden.number}")
    assert whole.json()["confidential"] is True
    assert not [secret for secret in SECRETS if secret in whole.text]
    assert (await reading.get(figures)).json()["total"] == 1


async def test_tickets_are_paged_in_the_order_in_which_they_changed(
    reading: Reading, clock: HandClock
) -> None:
    filed = []
    for number in range(1, 6):
        clock.advance(timedelta(minutes=1))
        filed.append(await file(reading.desk, number))
    clock.advance(timedelta(minutes=1))
    await accept(reading.desk, filed[1])
    await reading.given(TICKETS)
    numbers = [filed[place].number for place in (0, 2, 3, 4, 1)]
    assert await reading.pages("tickets?limit=2") == [numbers[:2], numbers[2:4], numbers[4:]]
    since = quote((clock() - timedelta(minutes=1)).isoformat())
    assert await reading.pages(f"tickets?changed_since={since}") == [numbers[3:]]
    assert await reading.pages("tickets?state=accepted") == [[filed[1].number]]
    assert await reading.pages("tickets?department=water") == [[]]
    await dispatch(reading.desk, filed[1])
    assert await reading.pages("tickets?department=water") == [[filed[1].number]]
    assert await reading.pages(f"tickets?number={filed[3].number}") == [[filed[3].number]]


async def test_tickets_that_changed_at_one_moment_are_all_read(reading: Reading) -> None:
    filed = {(await file(reading.desk, number)).number for number in range(1, 6)}
    await reading.given(TICKETS)
    pages = await reading.pages("tickets?limit=2")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert {number for page in pages for number in page} == filed


@pytest.mark.parametrize(
    "query",
    [
        "state=none",
        "state=",
        "department=%00",
        "department=' or 1=1",
        "number=PDS",
        "number=PDS-20261123-0001%00",
        "limit=0",
        "limit=201",
        "limit=99999999999999999999",
        "changed_since=yesterday",
        "changed_since=2026-11-23T10:00:00",
        "changed_since=0001-01-01T00:00:00%2B14:00",
        "changed_since=9999-12-31T23:59:59-14:00",
        "after=%00",
        "after=AAAA",
        "after=5bm0",
        "after=MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHxhYg",
        "after=" + "a" * 300,
    ],
)
async def test_a_query_that_makes_no_sense_is_a_problem(query: str, reading: Reading) -> None:
    await reading.given(TICKETS)
    assert problem(await reading.get(f"tickets?{query}")) == (422, "malformed")


@pytest.mark.parametrize(
    "number", ["x", "PDS-20261123-9999", "%00", "PDS-20261123-0001%00", "..", "9" * 5000]
)
async def test_a_ticket_that_is_not_there_is_a_problem(number: str, reading: Reading) -> None:
    await reading.given(TICKETS)
    assert problem(await reading.get(f"tickets/{number}"))[0] == 404


async def test_what_has_not_changed_is_not_sent_again(reading: Reading) -> None:
    ticket = await file(reading.desk)
    await reading.given(EVERYTHING)
    for path in ("tickets", f"tickets/{ticket.number}", "articles", "articles/water-price"):
        mark = (await reading.get(path)).headers["etag"]
        for given in (mark, f'"x", W/{mark}', "*"):
            again = await reading.get(path, **{"If-None-Match": given})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", mark)
        assert (await reading.get(path, **{"If-None-Match": '"x"'})).status_code == 200
    mark = (await reading.get("tickets")).headers["etag"]
    await accept(reading.desk, ticket)
    assert (await reading.get("tickets", **{"If-None-Match": mark})).status_code == 200


async def test_articles_in_force_are_read_page_by_page_and_whole(reading: Reading, clock: HandClock) -> None:
    await reading.given(frozenset({Scope.ARTICLES}))
    found, after = [], ""
    while True:
        body = (await reading.get(f"articles?limit=3{after}")).json()
        found += [article["key"] for article in body["articles"]]
        if body["next"] is None:
            break
        after = f"&after={body['next']}"
    assert found == sorted(found) and "water-price" in found and len(found) == 7
    whole = (await reading.get("articles/water-price")).json()
    assert whole["sections"][0]["aspect"] == "overview" and whole["sections"][0]["citations"]
    assert "[^" not in whole["sections"][0]["text"]
    assert whole["sources"][0]["link"] == "" and whole["downloads"] == []
    article = await one_article(reading.desk, "water-price")
    assert article is not None
    own = Download("申请表", f"/articles/files/{'a' * 32}/form.pdf")
    source = replace(article.sources[0], link="https://www.gov.cn/law")
    carrying = replace(
        article, sources=(source, *article.sources[1:]), downloads=(own, Download("坏的", "javascript:1"))
    )
    async with reading.desk.database.write() as session:
        await save(session, carrying, by="editor", at=clock())
    whole = (await reading.get("articles/water-price")).json()
    assert whole["sources"][0]["link"] == source.link
    assert whole["downloads"] == [{"title": "申请表", "link": own.link}]
    assert problem(await reading.get("articles/none")) == (404, "not-found")
    assert problem(await reading.get("articles/%00")) == (404, "not-found")


async def test_the_figures_are_those_of_the_tickets(reading: Reading, clock: HandClock) -> None:
    first = await file(reading.desk, 1)
    await file(reading.desk, 2, channel="wechat")
    await accept(reading.desk, first)
    await dispatch(reading.desk, first)
    clock.advance(timedelta(days=1))
    await file(reading.desk, 3)
    await reading.given(frozenset({Scope.STATISTICS}))
    body = (await reading.get("statistics?since=2026-11-01&until=2026-11-23")).json()
    assert body["total"] == 2
    assert body["by_state"] == {"dispatched": 1, "submitted": 1}
    assert body["by_department"] == {"none": 1, "water": 1}
    assert body["by_channel"] == {"web": 1, "wechat": 1}


async def _worked(desk: Desk, ticket: Ticket, *, solved: bool) -> None:
    """Answered, and called back."""
    await accept(desk, ticket)
    await dispatch(desk, ticket)
    handling = (Step.SIGNED, Step.DRAFTED, Step.RELEASED, Step.CALL_BACK_DUE, Step.CALLED_BACK)
    for step in handling:
        called = Called(solved, satisfied=False) if step is Step.CALLED_BACK else None
        actor = sorted(MOVE_OF[step].actors)[0]
        doing = Doing(actor.value, actor, desk.clock(), text="已恢复。", called=called)
        await move_ticket(desk, ticket.id, step, doing)


async def test_what_came_of_tickets_is_told_beside_their_number(reading: Reading, clock: HandClock) -> None:
    path = "statistics?since=2026-11-01&until=2026-12-31"
    nothing = {"due": 0, "closed_in_time": 0, "closed_in_time_rate": None, "called_back": 0}
    nothing |= {"solved": 0, "solved_rate": None, "satisfied": 0, "satisfied_rate": None}
    await reading.given(frozenset({Scope.STATISTICS}))
    assert (await reading.get(path)).json()["results"] == nothing
    for number, solved in enumerate((True, True, False), 1):
        await _worked(reading.desk, await file(reading.desk, number), solved=solved)
    await accept(reading.desk, await file(reading.desk, 4))
    await _worked(reading.desk, await file(reading.desk, 5, confidential="是"), solved=False)
    clock.advance(timedelta(days=30))
    assert (await reading.get(path)).json()["results"] == {
        "due": 4, "closed_in_time": 3, "closed_in_time_rate": 0.75,
        "called_back": 3, "solved": 2, "solved_rate": 0.6667, "satisfied": 0, "satisfied_rate": 0.0,
    }  # fmt: skip
    await reading.given(CONFIDENTIAL, name="信访")
    found = (await reading.get(path)).json()["results"]
    assert (found["due"], found["called_back"], found["solved_rate"]) == (5, 4, 0.5)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-11-24", "2026-11-23"),
        ("2025-01-01", "2026-11-23"),
        ("0001-01-01", "0001-01-02"),
        ("9999-12-30", "9999-12-31"),
    ],
)
async def test_a_period_that_makes_no_sense_is_a_problem(since: str, until: str, reading: Reading) -> None:
    await reading.given(frozenset({Scope.STATISTICS}))
    assert problem(await reading.get(f"statistics?since={since}&until={until}")) == (422, "bad-period")


async def test_who_reads_too_fast_is_told_when_to_go_on(reading: Reading) -> None:
    await reading.given(TICKETS)
    answers = [await reading.get("tickets") for _ in range(41)]
    assert [answer.status_code for answer in answers] == [200] * 40 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
    reading.token = "qifu_api_guess"
    assert [(await reading.get("tickets")).status_code for _ in range(61)] == [401] * 60 + [429]


async def test_a_ticket_whose_time_is_over_says_so_by_its_empty_fields(
    reading: Reading, database: Database, clock: HandClock
) -> None:
    ticket = await file(reading.desk)
    async with database.write() as session:
        cleared = {"enterprise": "", "contact": "", "phone": "", "description": "", "wanted": ""}
        await session.execute(update(Ticket).values(**cleared, cleared_at=clock()))
    await reading.given(TICKETS)
    whole = (await reading.get(f"tickets/{ticket.number}")).json()
    assert {whole[name] for name in cleared} == {""}


async def test_the_api_is_described(reading: Reading) -> None:
    described = (await reading.client.get("/openapi.json")).json()
    assert set(described["paths"]) == {
        "/api/v1/tickets",
        "/api/v1/tickets/{number}",
        "/api/v1/articles",
        "/api/v1/articles/{key}",
        "/api/v1/statistics",
    }
    assert all(set(way) == {"get"} for way in described["paths"].values())
    assert described["paths"]["/api/v1/tickets"]["get"]["security"] == [{"api token": []}]


async def test_pages_are_found_by_an_index(reading: Reading, database: Database) -> None:
    await file(reading.desk)
    await reading.given(EVERYTHING)
    after = quote(
        (await reading.get("tickets?limit=1")).json()["next"] or "MjAyNi0xMS0yM1QxMDowMDowMCswMDowMHxhYg"
    )
    with asked(database) as statements:
        for query in (
            "", f"after={after}", "state=accepted", f"state=accepted&after={after}", f"department=water&after={after}",
            "number=PDS-20261123-0001", "changed_since=2026-11-23T10:00:00Z",
        ):  # fmt: skip
            assert (await reading.get(f"tickets?{query}")).status_code == 200
        assert (await reading.get("statistics?since=2026-11-01&until=2026-11-30")).status_code == 200
    growing = {"tickets", "threads", "ticket_events", "ticket_clocks"}
    plans = [await whole_tables(database, statement, given) & growing for statement, given in statements]
    assert plans and not set().union(*plans)
