"""People: what an admin does with accounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response

from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from staff import accounts, addresses, tries
from staff.accounts import Profile
from staff.departments import departments
from staff.errors import AccountUnknown, StaffError
from staff.roles import ROLE_DUTIES, ROLE_NAMES, Permission, Role

_MANAGE = Permission.PEOPLE_MANAGE
_HERE = f"{PREFIX}/people"
_PAGE = 50
_NOTICES = {
    "changed": "已保存。",
    "disabled": "账号已停用，已登录的设备都已退出。",
    "enabled": "账号已启用。",
    "unlocked": "登录限制已解除。",
    "address-unlocked": "这个地址的登录限制已解除。",
}


def people_routes(routes: Routes) -> None:
    """`/console/people`, `/console/people/~new`."""
    console = routes.console

    @routes.get("/people", _MANAGE)
    async def people(request: Request, q: str = "", after: str = "", said: str = "") -> Response:
        return await _list(console, request, q.strip(), after, notice=_NOTICES.get(said, ""))

    @routes.post("/people/~unlock-address", _MANAGE)
    async def unlock_address(request: Request, address: Annotated[str, Form()] = "") -> Response:
        try:
            async with console.door.database.write() as session:
                actor = visitor(request).actor
                await addresses.unlock_address(session, actor, address, at=console.door.clock())
        except StaffError as error:
            return await _list(console, request, "", "", problem=str(error))
        return seen_other(f"{_HERE}?said=address-unlocked")

    @routes.get("/people/~new", _MANAGE)
    async def new_person(request: Request) -> Response:
        return await _form(console, request, "new_person.html", Profile("", None, frozenset({Role.AGENT})))

    @routes.post("/people/~new", _MANAGE)
    async def add(
        request: Request,
        username: Annotated[str, Form()] = "",
        name: Annotated[str, Form()] = "",
        department: Annotated[str, Form()] = "",
        role: Annotated[Sequence[str], Form()] = (),
    ) -> Response:
        profile = _profile(name, department, role)
        one_time = await console.door.hashing.issued()
        try:
            async with console.door.database.write() as session:
                account = await accounts.add(
                    session,
                    visitor(request).actor,
                    username.strip().lower(),
                    profile,
                    one_time,
                    id=console.door.new_id(),
                    at=console.door.clock(),
                )
        except StaffError as error:
            return await _form(
                console, request, "new_person.html", profile, username=username, problem=str(error)
            )
        return console.pages.show(request, "one_time_password.html", account=account, added=True)


async def _list(
    console: Console, request: Request, q: str, after: str, *, notice: str = "", problem: str = ""
) -> Response:
    async with console.door.database.read() as session:
        found = await accounts.find(session, q, after=after, limit=_PAGE + 1)
        context: dict[str, Any] = {
            "people": found[:_PAGE],
            "roles": await accounts.all_roles(session, [account.id for account in found]),
            "departments": {item.key: item.name for item in await departments(session)},
            "more_after": found[_PAGE - 1].username if len(found) > _PAGE else "",
            "limited": await addresses.limited(session, now=console.door.clock()),
        }
    return console.pages.show(
        request,
        "people.html",
        status=422 if problem else 200,
        q=q,
        after=after,
        notice=notice,
        problem=problem,
        **context,
    )


def person_routes(routes: Routes) -> None:
    """`/console/people/{username}`: one account."""
    console = routes.console

    @routes.get("/people/{username}", _MANAGE)
    async def person(request: Request, username: str, said: str = "") -> Response:
        return await _person(console, request, username, notice=_NOTICES.get(said, ""))

    @routes.post("/people/{username}", _MANAGE)
    async def change(
        request: Request,
        username: str,
        name: Annotated[str, Form()] = "",
        department: Annotated[str, Form()] = "",
        role: Annotated[Sequence[str], Form()] = (),
    ) -> Response:
        profile = _profile(name, department, role)
        try:
            async with console.door.database.write() as session:
                await accounts.change(
                    session, visitor(request).actor, username, profile, at=console.door.clock()
                )
        except StaffError as error:
            return await _person(console, request, username, problem=str(error), profile=profile)
        return seen_other(f"{_HERE}/{username}?said=changed")

    @routes.post("/people/{username}/reset-password", _MANAGE)
    async def reset_password(
        request: Request, username: str, without_second_factor: Annotated[str, Form()] = ""
    ) -> Response:
        one_time = await console.door.hashing.issued()
        try:
            async with console.door.database.write() as session:
                account = await accounts.reset_password(
                    session,
                    visitor(request).actor,
                    username,
                    one_time,
                    without_second_factor=bool(without_second_factor),
                    at=console.door.clock(),
                )
        except StaffError as error:
            return await _person(console, request, username, problem=str(error))
        return console.pages.show(request, "one_time_password.html", account=account, added=False)

    for name, said, act in (
        ("disable", "disabled", accounts.disable),
        ("enable", "enabled", accounts.enable),
        ("unlock", "unlocked", accounts.unlock),
    ):
        _switch(routes, name, said, act)


def _switch(routes: Routes, name: str, said: str, act: Any) -> None:
    console = routes.console

    @routes.post(f"/people/{{username}}/{name}", _MANAGE)
    async def switch(request: Request, username: str) -> Response:
        try:
            async with console.door.database.write() as session:
                await act(session, visitor(request).actor, username, at=console.door.clock())
        except StaffError as error:
            return await _person(console, request, username, problem=str(error))
        return seen_other(f"{_HERE}/{username}?said={said}")


async def _person(
    console: Console,
    request: Request,
    username: str,
    *,
    notice: str = "",
    problem: str = "",
    profile: Profile | None = None,
) -> Response:
    async with console.door.database.read() as session:
        try:
            account = await accounts.by_username(session, username)
        except AccountUnknown as unknown:
            return console.pages.trouble(request, 404, "没有这个账号", str(unknown))
        roles = await accounts.roles_of(session, account.id)
        paused = await tries.is_paused(session, account, now=console.door.clock())
    return await _form(
        console,
        request,
        "person.html",
        profile or Profile(account.name, account.department, roles),
        account=account,
        own=account.id == visitor(request).actor.account_id,
        paused=paused,
        notice=notice,
        problem=problem,
    )


async def _form(
    console: Console, request: Request, template: str, profile: Profile, *, problem: str = "", **context: Any
) -> Response:
    async with console.door.database.read() as session:
        choices = await departments(session)
    return console.pages.show(
        request,
        template,
        status=422 if problem else 200,
        profile=profile,
        departments=choices,
        role_choices=[(role, ROLE_NAMES[role], ROLE_DUTIES[role]) for role in Role],
        problem=problem,
        **context,
    )


def _profile(name: str, department: str, roles: Sequence[str]) -> Profile:
    """What was filled in; a role that does not exist is none."""
    known = frozenset(Role(role) for role in roles if role in set(Role))
    return Profile(name, department or None, known)
