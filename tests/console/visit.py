"""A member of staff in front of the console, without a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx
from fastapi import FastAPI

from staff.models import Account
from staff.roles import Role
from staff.sign_in import Door
from tests.staff.people import HERE, employ, enter

ORIGIN = "http://console.test"


@dataclass
class House:
    """The app, and the door that its staff come through."""

    app: FastAPI
    door: Door

    def stranger(self) -> Visit:
        """Somebody who has not signed in."""
        transport = httpx.ASGITransport(self.app, client=(HERE.address, 4711))
        client = httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={"Origin": ORIGIN, "User-Agent": HERE.agent}
        )
        return Visit(client)

    async def signed_in(self, account: Account, *, second_factor: bool = False) -> Visit:
        """Somebody with a session."""
        token, visitor = await enter(self.door, account, second_factor=second_factor)
        visit = self.stranger()
        visit.client.cookies.set("qifu_staff", token, domain="console.test")
        visit.csrf = visitor.csrf
        return visit

    async def member(self, username: str, *roles: Role) -> Visit:
        """Somebody new, signed in."""
        return await self.signed_in(await employ(self.door, username, *roles))


@dataclass
class Visit:
    """What one browser does."""

    client: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page; redirects are not followed."""
        return await self.client.get(path, headers=headers)

    async def post(self, path: str, fields: object = None, **headers: str) -> httpx.Response:
        """Send a form with the session's token."""
        given = fields if isinstance(fields, dict) else {}
        return await self.client.post(path, data={"csrf": self.csrf, **given}, headers=headers)

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Go where an answer leads, and remember the token of the page there."""
        page = await self.client.get(answer.headers["location"], follow_redirects=True)
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
        self.csrf = found[1] if found else ""
        return page


def said(page: httpx.Response) -> str:
    """What the page's alert or notice says."""
    found = re.search(r'<p class="(?:problem|notice)"[^>]*>(.*?)</p>', page.text)
    return found[1] if found else ""
