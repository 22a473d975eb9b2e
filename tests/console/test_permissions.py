"""Every route of the console, with every role and with none: the expected answer, generated from the route table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.main import create_app
from app.settings import Settings
from console.navigation import ENTRIES
from console.routes import NEXT_STEP, PUBLIC, SIGN_IN, Gate
from staff.models import Account
from staff.roles import PERMISSIONS, Permission, Role
from staff.sessions import Stage
from tests.console.visit import House
from tests.staff.people import employ, enrol


@dataclass(frozen=True)
class Way:
    """One method of one route."""

    method: str
    path: str
    gate: Gate

    def open_to(self, role: Role) -> bool:
        """Whether the table says so."""
        return self.gate.need == PUBLIC or Permission(self.gate.need) in PERMISSIONS[role]

    def address(self, somebody: Account) -> str:
        """The path with something that exists in its place."""
        return re.sub(
            r"\{(\w+)[^}]*\}", lambda field: somebody.username if field[1] == "username" else "1", self.path
        )


def every_route(routes: Iterable[object]) -> Iterator[object]:
    """The routes, those of included routers among them."""
    for route in routes:
        if hasattr(route, "original_router"):
            yield from every_route(route.original_router.routes)
        else:
            yield route


def console_routes(app: FastAPI) -> Iterator[object]:
    """Everything that answers under the console's prefix."""
    for route in every_route(app.routes):
        path = getattr(route, "path", None)
        assert isinstance(path, str), f"a kind of route that this test cannot see through: {route}"
        if path == "/console" or path.startswith("/console/"):
            yield route


def gates(route: object) -> list[Gate]:
    """The gates that a route stands behind."""
    if not isinstance(route, APIRoute):
        return []
    found = [dependency.dependency for dependency in route.dependencies]
    return [gate for gate in found if isinstance(gate, Gate)]


def ways(app: FastAPI) -> list[Way]:
    """Every method of every route."""
    found = []
    for route in console_routes(app):
        assert isinstance(route, APIRoute)
        found += [Way(method, route.path, gates(route)[0]) for method in sorted(route.methods or ())]
    assert len(found) > 20
    return found


async def request(house: House, way: Way, account: Account, somebody: Account) -> httpx.Response:
    """What this way answers to the account, in a session of its own."""
    visit = await house.signed_in(account)
    address = way.address(somebody)
    return await (visit.get(address) if way.method == "GET" else visit.post(address))


def test_every_route_of_the_product_declares_its_permission(tmp_path: object) -> None:
    app = create_app(Settings(data=tmp_path, rasa_url="http://127.0.0.1:1"))  # type: ignore[arg-type]
    undeclared = [route for route in console_routes(app) if len(gates(route)) != 1]
    assert undeclared == []
    assert len(ways(app)) > 20


def test_only_the_sign_in_page_is_public(house: House) -> None:
    public = {way.path for way in ways(house.app) if way.gate.need == PUBLIC}
    assert public == {SIGN_IN}


def test_the_navigation_leads_to_pages_that_ask_for_the_same_permission(house: House) -> None:
    needs = {way.path: way.gate.need for way in ways(house.app) if way.method == "GET"}
    assert {entry.path: entry.permission for entry in ENTRIES} == {
        entry.path: needs[entry.path] for entry in ENTRIES
    }


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("role", list(Role))
async def test_every_way_is_open_to_those_roles_that_may_and_to_no_other(role: Role, house: House) -> None:
    account = await employ(house.door, "actor", role)
    await employ(house.door, "standby", Role.ADMIN)
    somebody = await employ(house.door, "somebody")
    wrong = []
    for way in ways(house.app):
        answer = await request(house, way, account, somebody)
        to = answer.headers.get("location", "")
        let_in = answer.status_code not in (401, 403) and not (to.startswith(SIGN_IN) and "said" not in to)
        if let_in != way.open_to(role) or answer.status_code >= 500:
            wrong.append((way.method, way.path, answer.status_code, to))
        if not way.open_to(role):
            assert answer.status_code == 403 and "没有权限" in answer.text
    assert wrong == []


async def test_nobody_who_is_signed_out_gets_past_the_sign_in_page(house: House) -> None:
    somebody = await employ(house.door, "somebody")
    visit = house.stranger()
    for way in ways(house.app):
        if way.gate.need == PUBLIC:
            continue
        address = way.address(somebody)
        answer = await (visit.get(address) if way.method == "GET" else visit.post(address))
        if way.method == "GET":
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, SIGN_IN), way
        else:
            assert answer.status_code == 401, way


@pytest.mark.parametrize("stage", [Stage.CODE, Stage.PASSWORD])
async def test_who_has_still_a_step_to_do_is_led_to_it(stage: Stage, house: House) -> None:
    account = await employ(house.door, "actor", *Role, password=None)
    somebody = await employ(house.door, "somebody")
    if stage == Stage.CODE:
        await enrol(house.door, account)
    for way in ways(house.app):
        if way.gate.need == PUBLIC or way.gate.stage <= stage:
            continue
        answer = await request(house, way, account, somebody)
        to = answer.headers["location"].partition("?")[0]
        assert (answer.status_code, to) == (303, NEXT_STEP[stage]), way


async def test_every_act_is_refused_without_the_token_of_the_account(house: House) -> None:
    account = await employ(house.door, "actor", *Role)
    somebody = await employ(house.door, "somebody")
    other = (await house.signed_in(somebody)).csrf
    for way in ways(house.app):
        if way.method != "POST" or way.gate.need == PUBLIC:
            continue
        visit = await house.signed_in(account)
        for visit.csrf in ("", "0" * 64, "口令", other):
            answer = await visit.post(way.address(somebody))
            assert answer.status_code == 403 and "页面已过期" in answer.text, way


async def test_every_act_is_refused_when_another_site_sends_it(house: House) -> None:
    account = await employ(house.door, "actor", *Role)
    somebody = await employ(house.door, "somebody")
    for way in ways(house.app):
        if way.method == "POST":
            visit = await house.signed_in(account)
            answer = await visit.post(way.address(somebody), Origin="https://evil.example")
            assert answer.status_code == 403 and "不是从本系统" in answer.text, way


async def test_every_answer_carries_the_headers_that_protect_it(house: House) -> None:
    account = await employ(house.door, "actor", *Role)
    somebody = await employ(house.door, "somebody")
    for way in ways(house.app):
        headers = (await request(house, way, account, somebody)).headers
        assert headers["cache-control"] == "no-store", way
        assert headers["x-frame-options"] == "DENY", way
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy, way
        assert "unsafe" not in policy, way
