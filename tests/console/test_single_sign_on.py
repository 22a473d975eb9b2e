"""Signing in through a real OpenID provider, and what is refused on the way."""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from connectors.oidc import Client, Provider
from console.router import console_router
from console.single_sign_on import packed, unpacked
from desk.desk import Desk
from staff import accounts
from staff.actors import COMMAND_LINE
from staff.identity import Started
from staff.models import AuditEntry
from staff.roles import Role
from store.clock import utc_now
from tests.bot_rasa.rasa_server import free_port
from tests.console.visit import ORIGIN, House, Visit
from tests.fakes import HandClock
from tests.peers.node import PEERS, node
from tests.staff.people import employ, enrol, written

BACK = f"{ORIGIN}/console/sign-in/single/back"
AFTER = f"{ORIGIN}/console/sign-in?said=out"
ID, SECRET = "qifu console", "a secret: of/the tests"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """oidc-provider on loopback."""
    program, port = node("oidc-provider"), free_port()
    command = [program, str(PEERS / "oidc.mjs"), str(port), ID, SECRET, BACK, AFTER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == "ready"
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def provider_at(issuer: str, secret: str = SECRET, claim: str = "preferred_username") -> Provider:
    client = Client(issuer, ID, secret, claim, "统一身份认证", BACK, AFTER)
    return Provider(client, utc_now)


def house_with(house: House, desk: Desk, provider: Provider) -> House:
    door = replace(house.door, identity=provider)
    app = FastAPI()
    app.include_router(console_router(desk, door, secure=False))
    return House(app, door)


@pytest.fixture
def open_house(house: House, desk: Desk, issuer: str) -> House:
    """The console with that provider."""
    return house_with(house, desk, provider_at(issuer))


@dataclass
class Browser:
    """One browser at the console and at the provider."""

    visit: Visit
    there: httpx.AsyncClient

    async def leave(self, next: str = "/console") -> str:
        """From the sign-in page to the provider: the address there."""
        answer = await self.visit.client.get("/console/sign-in/single", params={"next": next})
        assert answer.status_code == 303
        return answer.headers["location"]

    async def allow(self, url: str, login: str) -> str:
        """Sign in there and agree: the address back."""
        page = await self.there.get(url, follow_redirects=True)
        for fields in ({"prompt": "login", "login": login, "password": "x"}, {"prompt": "consent"}):
            action = re.search(r'action="([^"]+)"', page.text)
            assert action, page.text
            page = await self.there.post(page.url.join(action[1]), data=fields)
            while page.is_redirect and not page.headers["location"].startswith(ORIGIN):
                page = await self.there.get(page.url.join(page.headers["location"]))
            if page.is_redirect:
                break
        return page.headers["location"]

    async def come_back(self, url: str) -> httpx.Response:
        """The provider's answer reaches the console."""
        return await self.visit.client.get(url)

    async def sign_in(self, login: str, next: str = "/console") -> httpx.Response:
        """All of it."""
        return await self.come_back(await self.allow(await self.leave(next), login))


def at(house: House) -> Browser:
    return Browser(house.stranger(), httpx.AsyncClient(trust_env=False, timeout=20))


async def test_who_has_an_account_comes_in_to_the_page_that_was_asked_for_and_out_again(
    open_house: House,
) -> None:
    await employ(open_house.door, "zhang.san", password=None)
    browser = at(open_house)
    page = await browser.visit.get("/console/sign-in?next=/console/account")
    assert "用统一身份认证登录" in page.text and "/single?next=%2Fconsole%2Faccount" in page.text
    url = await browser.leave("/console/account")
    query = parse_qs(urlsplit(url).query)
    assert (
        query["code_challenge_method"] == ["S256"] and query["nonce"] and query["scope"] == ["openid profile"]
    )
    answer = await browser.come_back(await browser.allow(url, "Zhang.San"))
    page = await browser.visit.follow(answer)
    assert (page.url.path, page.status_code) == (
        "/console/account",
        200,
    )  # and no one-time password to change
    assert "sign_in" not in page.text and (await written(open_house.door.database))[-1] == "signed_in"
    out = await browser.visit.post("/console/sign-out")
    page = await browser.visit.follow(out)
    farewell = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
    assert farewell
    asked = await browser.there.get(farewell[1].replace("&amp;", "&"), follow_redirects=True)
    action = re.search(r'action="([^"]+)"', asked.text)
    token = re.search(r'name="xsrf" value="([^"]+)"', asked.text)
    assert action and token
    gone = await browser.there.post(action[1], data={"xsrf": token[1], "logout": "yes"})
    assert gone.headers["location"] == AFTER
    assert (await browser.visit.get("/console")).status_code == 303


@pytest.mark.parametrize("login", ["nobody", "disabled", "nameless"])
async def test_who_has_no_account_stays_outside(login: str, open_house: House) -> None:
    await employ(open_house.door, "disabled")
    async with open_house.door.database.write() as session:
        await accounts.disable(session, COMMAND_LINE, "disabled", at=open_house.door.clock())
    browser = at(open_house)
    answer = await browser.sign_in(login)
    assert answer.status_code == (502 if login == "nameless" else 403)
    assert "qifu_staff" not in browser.visit.client.cookies
    assert (await browser.visit.get("/console")).status_code == 303
    if login == "nobody":
        async with open_house.door.database.read() as session:
            entry = await session.scalar(select(AuditEntry).where(AuditEntry.action == "sign_in_failed"))
        assert entry is not None
        assert (entry.who, entry.target, entry.detail) == (
            "",
            "",
            {"方式": "统一认证", "原因": "没有这个账号"},
        )


async def test_a_second_factor_of_ours_is_still_asked_for(open_house: House, clock: HandClock) -> None:
    totp, _ = await enrol(open_house.door, await employ(open_house.door, "zhang.san"))
    clock.advance(timedelta(minutes=1))
    browser = at(open_house)
    page = await browser.visit.follow(await browser.sign_in("zhang.san"))
    assert page.url.path == "/console/sign-in/code"
    await browser.visit.post("/console/sign-in/code", {"code": totp.at(clock())})
    assert (await browser.visit.get("/console")).status_code == 200
    async with open_house.door.database.read() as session:
        details = await session.scalars(select(AuditEntry.detail).where(AuditEntry.action == "signed_in"))
        assert details.all() == [{"方式": "统一认证和动态验证码"}]


async def test_a_second_factor_that_is_demanded_is_demanded(house: House, desk: Desk, issuer: str) -> None:
    strict = replace(house.door, policy=replace(house.door.policy, second_factor="everyone"))
    strict_house = house_with(House(house.app, strict), desk, provider_at(issuer))
    await employ(strict, "zhang.san")
    browser = at(strict_house)
    page = await browser.visit.follow(await browser.sign_in("zhang.san"))
    assert page.url.path == "/console/account/second-factor"


async def test_an_answer_is_taken_once_and_only_from_the_browser_that_began(open_house: House) -> None:
    await employ(open_house.door, "zhang.san")
    browser, stranger = at(open_house), at(open_house)
    url = await browser.allow(await browser.leave(), "zhang.san")
    assert (await stranger.come_back(url)).status_code == 403
    await stranger.leave()
    assert (await stranger.come_back(url)).status_code == 403
    other = re.sub(r"state=[^&]+", "state=x", url)
    assert (await at(open_house).come_back(other)).status_code == 403
    trip = browser.visit.client.cookies["qifu_trip"]
    assert (await browser.come_back(url)).status_code == 303
    assert "qifu_trip" not in browser.visit.client.cookies
    again = at(open_house)
    again.visit.client.cookies.set("qifu_trip", trip, domain="console.test")
    answer = await again.come_back(url)
    assert answer.status_code == 502 and "qifu_staff" not in again.visit.client.cookies


@pytest.mark.parametrize("what", ["nonce", "verifier", "iss", "error", "code"])
async def test_what_does_not_fit_together_lets_nobody_in(what: str, open_house: House) -> None:
    await employ(open_house.door, "zhang.san")
    browser, secret = at(open_house), open_house.door.policy.secret
    url = await browser.allow(await browser.leave(), "zhang.san")
    found = unpacked(secret, browser.visit.client.cookies["qifu_trip"])
    assert found is not None
    match what:
        case "nonce":
            browser.visit.client.cookies.set(
                "qifu_trip", packed(secret, replace(found[0], nonce="x"), ""), domain="console.test"
            )
        case "verifier":
            other = replace(found[0], verifier=secrets.token_urlsafe(32))
            browser.visit.client.cookies.set("qifu_trip", packed(secret, other, ""), domain="console.test")
        case "iss":
            url = re.sub(r"iss=[^&]+", "iss=https%3A%2F%2Fevil.example", url)
        case "error":
            url = f"{BACK}?error=access_denied&state={found[0].state}"
        case _:
            url = f"{BACK}?code=guessed&state={found[0].state}"
    answer = await browser.come_back(url)
    assert answer.status_code in (403, 502) and "登录" in answer.text
    assert "qifu_staff" not in browser.visit.client.cookies


@pytest.mark.parametrize("cookie", ["", ".", "x.y", "口令.口令", "a" * 9000])
def test_a_cookie_that_is_not_ours_is_nothing(cookie: str) -> None:
    assert unpacked(b"secret", cookie) is None
    assert unpacked(b"secret", packed(b"another", Started("", "s", "n", "v"), "/console")) is None


async def test_a_provider_that_is_away_or_somebody_else_is_told_in_a_sentence(
    house: House, desk: Desk, issuer: str
) -> None:
    for wrong in ("http://127.0.0.1:9", f"{issuer}/", f"{issuer}/nowhere"):
        browser = at(house_with(house, desk, provider_at(wrong)))
        answer = await browser.visit.get("/console/sign-in/single")
        assert answer.status_code == 502 and "统一身份认证暂时不能用" in answer.text
        assert (await browser.visit.get("/console/signed-out")).status_code == 303
    await employ(house.door, "zhang.san")
    browser = at(house_with(house, desk, provider_at(issuer, secret="wrong")))
    assert (await browser.sign_in("zhang.san")).status_code == 502


async def test_a_key_that_is_newer_than_what_was_kept_is_fetched(
    house: House, desk: Desk, issuer: str
) -> None:
    provider = provider_at(issuer)
    await employ(house.door, "zhang.san")
    old = RSAKey.generate_key(2048).as_dict(private=False)
    provider._kept[f"{issuer}/jwks"] = (provider.ticks(), {"keys": [old]})
    browser = at(house_with(house, desk, provider))
    assert (await browser.sign_in("zhang.san")).status_code == 303


async def test_a_token_that_another_has_signed_or_is_of_another_is_none(issuer: str) -> None:
    provider = provider_at(issuer)
    own = RSAKey.generate_key(2048, {"kid": "own"})
    provider._kept[f"{issuer}/jwks"] = (provider.ticks(), {"keys": [own.as_dict(private=False)]})
    described = await provider._described()
    now = int(utc_now().timestamp())
    good = {"iss": issuer, "sub": "s", "aud": ID, "exp": now + 300, "iat": now, "nonce": "n"}

    async def taken(claims: dict[str, object], key: RSAKey | OctKey = own, alg: str = "RS256") -> bool:
        token = jwt.encode({"alg": alg, "kid": "own"}, claims, key, algorithms=["RS256", "HS256"])
        kept = dict(provider._kept)
        try:
            await provider._claims(described, {"id_token": token, "access_token": "a"}, "n")
        except Exception:
            return False
        finally:
            provider._kept.update(kept)
        return True

    assert await taken(good)
    for wrong in (
        {"aud": "another"},
        {"iss": "http://x"},
        {"exp": now - 300},
        {"nonce": "m"},
        {"azp": "another"},
    ):
        assert not await taken({**good, **wrong}), wrong
    assert not await taken({key: value for key, value in good.items() if key != "nonce"})
    assert not await taken(good, RSAKey.generate_key(2048, {"kid": "own"}))
    assert not await taken(good, OctKey.import_key(SECRET), "HS256")


async def test_without_a_service_there_is_nothing_of_it(house: House) -> None:
    visit = house.stranger()
    assert "统一" not in (await visit.get("/console/sign-in")).text
    assert (await visit.get("/console/sign-in/single")).headers["location"].startswith("/console/sign-in?")
    member = await house.signed_in(await employ(house.door, "zhang.san", Role.ADMIN))
    assert (await member.post("/console/sign-out")).headers["location"] == "/console/sign-in?said=out"


def test_the_secret_does_not_show_itself_in_logs() -> None:
    assert SECRET not in repr(provider_at("http://127.0.0.1:9"))
