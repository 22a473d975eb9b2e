"""Codes of an authenticator app are taken once; recovery codes stand in once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pyotp
import pytest

from staff import second_factor
from staff.models import Account
from staff.second_factor import accepted_step
from staff.sign_in import Door
from tests.fakes import HandClock
from tests.staff.people import account_of, employ, enrol, enter, visitor_of

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.mark.parametrize(
    ("seconds", "taken"), [(-90, False), (-30, True), (0, True), (30, True), (90, False)]
)
def test_a_clock_may_be_half_a_minute_wrong(seconds: int, taken: bool, clock: HandClock) -> None:
    code = pyotp.TOTP(SECRET).at(clock() + timedelta(seconds=seconds))
    assert (accepted_step(SECRET, code, now=clock(), last=None) is not None) is taken


def test_a_code_and_all_before_it_are_refused_once_it_was_taken(clock: HandClock) -> None:
    totp = pyotp.TOTP(SECRET)
    step = accepted_step(SECRET, totp.at(clock()), now=clock(), last=None)
    assert step is not None
    for earlier in (0, -30):
        code = totp.at(clock() + timedelta(seconds=earlier))
        assert accepted_step(SECRET, code, now=clock(), last=step) is None
    assert accepted_step(SECRET, totp.at(clock() + timedelta(seconds=30)), now=clock(), last=step) == step + 1


async def given(door: Door, account: Account, code: str) -> str | None:
    async with door.database.write() as session:
        fresh = await session.get_one(Account, account.id)
        return await second_factor.check(session, fresh, code, at=door.clock())


async def test_the_code_that_enrolled_does_not_sign_in(door: Door, clock: HandClock) -> None:
    account = await employ(door, "zhang.san")
    totp, _ = await enrol(door, account)
    assert await given(door, account, totp.at(clock())) is None
    clock.advance(timedelta(seconds=30))
    assert await given(door, account, f" {totp.at(clock())[:3]} {totp.at(clock())[3:]} ") == "动态验证码"
    assert await given(door, account, totp.at(clock())) is None


@pytest.mark.parametrize("code", ["口令", "٠١٢٣٤٥", "", "é" * 6, "1" * 5000])
async def test_what_is_no_code_is_refused_like_a_wrong_one(code: str, door: Door) -> None:
    account = await employ(door, "zhang.san")
    _, visitor = await enter(door, account)
    async with door.database.write() as session:
        await second_factor.offer(session, visitor.session_id)
        taken = await second_factor.enrol(session, visitor.actor, visitor.session_id, code, at=door.clock())
    assert taken is None
    await enrol(door, account)
    assert await given(door, account, code) is None


async def test_of_two_who_give_a_code_at_once_one_comes_in(door: Door, clock: HandClock) -> None:
    account = await employ(door, "zhang.san")
    totp, codes = await enrol(door, account)
    clock.advance(timedelta(minutes=1))
    for code, way in ((totp.at(clock()), "动态验证码"), (codes[3], "恢复码")):
        outcomes = await asyncio.gather(*(given(door, account, code) for _ in range(5)))
        assert sorted(outcomes, key=str) == sorted([way, None, None, None, None], key=str)


async def test_a_recovery_code_is_taken_once_however_it_is_written(door: Door) -> None:
    account = await employ(door, "zhang.san")
    _, codes = await enrol(door, account)
    assert len(set(codes)) == 10
    assert await given(door, account, f" {codes[0].upper().replace('-', ' ')} ") == "恢复码"
    assert await given(door, account, codes[0]) is None
    async with door.database.read() as session:
        assert await second_factor.codes_left(session, account.id) == 9


async def test_new_recovery_codes_void_the_old_ones(door: Door) -> None:
    account = await employ(door, "zhang.san")
    _, old = await enrol(door, account)
    _, visitor = await enter(door, account, second_factor=True)
    async with door.database.write() as session:
        new = await second_factor.renew_codes(
            session, visitor.actor, await session.get_one(Account, account.id), at=door.clock()
        )
    assert await given(door, account, old[1]) is None
    assert await given(door, account, new[1]) == "恢复码"


async def test_enrolling_with_a_wrong_code_changes_nothing(door: Door) -> None:
    account = await employ(door, "zhang.san")
    _, visitor = await enter(door, account)
    async with door.database.write() as session:
        secret = await second_factor.offer(session, visitor.session_id)
        assert await second_factor.offer(session, visitor.session_id) == secret
        wrong = await second_factor.enrol(
            session, visitor.actor, visitor.session_id, "000000", at=door.clock()
        )
    assert wrong is None
    assert (await account_of(door.database, "zhang.san")).totp_secret is None


async def test_enrolling_ends_the_other_sessions_which_gave_no_code(door: Door) -> None:
    account = await employ(door, "zhang.san")
    elsewhere, _ = await enter(door, account)
    await enrol(door, account)
    assert await visitor_of(door, elsewhere) is None
