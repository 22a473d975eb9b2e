"""Signing in: who comes in, how far, and who has to wait."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest
from sqlalchemy import select

from staff import accounts, own_account
from staff.actors import COMMAND_LINE
from staff.addresses import limited, unlock_address
from staff.errors import AddressRefused, PasswordRefused
from staff.models import AuditEntry, StaffSession
from staff.roles import Role
from staff.sessions import Browser, Stage
from staff.sign_in import Door, Paused, Refused, SignedIn
from tests.fakes import HandClock
from tests.staff.people import HERE, PASSWORD, account_of, employ, enrol, enter, visitor_of, written

NEW = "another good one 77"


async def test_the_right_password_begins_a_session_of_which_only_a_hash_is_kept(door: Door) -> None:
    await employ(door, "zhang.san")
    outcome = await door.sign_in(" Zhang.San ", PASSWORD, HERE)
    assert isinstance(outcome, SignedIn)
    visitor = await visitor_of(door, outcome.token)
    assert visitor is not None
    assert (visitor.actor.username, visitor.stage) == ("zhang.san", Stage.IN)
    async with door.database.read() as session:
        row = (await session.scalars(select(StaffSession))).one()
    assert outcome.token not in {str(value) for value in vars(row).values()}
    assert row.address == HERE.address


@pytest.mark.parametrize(
    ("username", "password"), [("zhang.san", "wrong"), ("zhang.san", ""), ("nobody", PASSWORD), ("", "")]
)
async def test_a_wrong_name_and_a_wrong_password_are_told_apart_by_nobody(
    username: str, password: str, door: Door
) -> None:
    await employ(door, "zhang.san")
    assert await door.sign_in(username, password, HERE) == Refused()


async def test_what_was_typed_as_an_unknown_name_is_written_nowhere(door: Door) -> None:
    await door.sign_in("my secret password", "x", HERE)
    async with door.database.read() as session:
        entry = (await session.scalars(select(AuditEntry))).one()
    assert (entry.who, entry.target, entry.detail) == ("", "", {"原因": "没有这个账号"})


async def test_a_name_that_nobody_has_is_paused_like_any_other(door: Door) -> None:
    await employ(door, "zhang.san")
    for name in ("zhang.san", "nobody"):
        for _ in range(5):
            assert await door.sign_in(name, "wrong", HERE) == Refused()
        assert await door.sign_in(name, PASSWORD, HERE) == Paused(30)


async def test_the_pause_ends_and_coming_in_starts_anew(door: Door, clock: HandClock) -> None:
    await employ(door, "zhang.san")
    for _ in range(5):
        await door.sign_in("zhang.san", "wrong", HERE)
    clock.advance(timedelta(seconds=30))
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, HERE), SignedIn)
    for _ in range(4):
        assert await door.sign_in("zhang.san", "wrong", HERE) == Refused()
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, HERE), SignedIn)


ELSEWHERE = Browser("192.0.2.8", "")


async def wrong_names(door: Door, browser: Browser = HERE) -> None:
    for n in range(30):
        assert await door.sign_in(f"name{n}", "summer2026", browser) == Refused()


async def test_an_address_with_many_failures_has_one_try_a_name_and_nobody_who_is_right_waits(
    door: Door,
) -> None:
    await wrong_names(door)
    for name in ("li.si", "wang.wu"):
        await employ(door, name)
    assert isinstance(await door.sign_in("li.si", PASSWORD, HERE), SignedIn)
    assert await door.sign_in("wang.wu", "wrong", HERE) == Refused()
    assert await door.sign_in("wang.wu", "wrong", HERE) == Paused(30)
    assert await door.sign_in("li.si", "wrong", ELSEWHERE) == Refused()
    assert await door.sign_in("li.si", "wrong", ELSEWHERE) == Refused()


async def test_an_address_is_told_to_admins_and_freed_by_them(door: Door, clock: HandClock) -> None:
    await employ(door, "zhang.san")
    far = Browser("2001:db8:1:2::9", "")
    await wrong_names(door, far)
    async with door.database.read() as session:
        assert await limited(session, now=clock()) == ["2001:db8:1:2::/64"]
    async with door.database.write() as session:
        with pytest.raises(AddressRefused):
            await unlock_address(session, COMMAND_LINE, "zhang.san", at=clock())
        await unlock_address(session, COMMAND_LINE, "2001:db8:1:2::/64", at=clock())
    async with door.database.read() as session:
        assert await limited(session, now=clock()) == []
    for _ in range(2):
        assert await door.sign_in("zhang.san", "wrong", far) == Refused()


async def test_coming_in_neither_washes_an_address_clean_nor_keeps_its_failures_from_being_forgotten(
    door: Door, clock: HandClock
) -> None:
    await employ(door, "zhang.san")
    await wrong_names(door)
    clock.advance(timedelta(hours=23))
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, HERE), SignedIn)
    async with door.database.read() as session:
        assert await limited(session, now=clock()) == [HERE.address]
    clock.advance(timedelta(hours=1, seconds=1))
    async with door.database.read() as session:
        assert await limited(session, now=clock()) == []


async def test_a_stranger_who_knows_the_name_does_not_keep_out_the_browser_that_was_in_before(
    door: Door, clock: HandClock
) -> None:
    await employ(door, "zhang.san")
    await employ(door, "li.si")
    first = await door.sign_in("zhang.san", PASSWORD, HERE)
    assert isinstance(first, SignedIn) and first.mark
    known = replace(HERE, mark=first.mark)
    await wrong_names(door)
    for _ in range(9):
        await door.sign_in("zhang.san", "wrong", ELSEWHERE)
        await door.sign_in("li.si", "wrong", ELSEWHERE)
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, HERE), Paused)
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, known), SignedIn)
    assert isinstance(await door.sign_in("li.si", PASSWORD, known), Paused)
    for bad in ("", ".", "x.y", "口令.口令", first.mark[:-1]):
        assert isinstance(await door.sign_in("zhang.san", PASSWORD, replace(HERE, mark=bad)), Paused)
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, ELSEWHERE), Paused)


async def test_a_known_browser_has_to_wait_for_its_own_failures_until_the_account_is_unlocked(
    door: Door,
) -> None:
    await employ(door, "zhang.san")
    first = await door.sign_in("zhang.san", PASSWORD, HERE)
    assert isinstance(first, SignedIn)
    known = replace(HERE, mark=first.mark)
    outcomes = [await door.sign_in("zhang.san", "wrong", known) for _ in range(6)]
    assert outcomes == [Refused()] * 5 + [Paused(30)]
    async with door.database.write() as session:
        await accounts.unlock(session, COMMAND_LINE, "zhang.san", at=door.clock())
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, known), SignedIn)


async def test_a_browser_is_known_only_after_the_code(door: Door, clock: HandClock) -> None:
    account = await employ(door, "zhang.san")
    totp, _ = await enrol(door, account)
    clock.advance(timedelta(minutes=1))
    first = await door.sign_in("zhang.san", PASSWORD, HERE)
    assert isinstance(first, SignedIn) and not first.mark
    visitor = await visitor_of(door, first.token)
    assert visitor is not None
    second = await door.give_code(visitor, totp.at(clock()), HERE)
    assert isinstance(second, SignedIn) and second.mark


async def test_guesses_at_the_same_moment_are_counted_before_they_are_looked_at(door: Door) -> None:
    await employ(door, "zhang.san")
    outcomes = await asyncio.gather(*(door.sign_in("zhang.san", "wrong", HERE) for _ in range(12)))
    assert outcomes.count(Refused()) == 5


async def test_an_unlocked_account_need_not_wait(door: Door) -> None:
    await employ(door, "zhang.san")
    for _ in range(6):
        await door.sign_in("zhang.san", "wrong", HERE)
    async with door.database.write() as session:
        await accounts.unlock(session, COMMAND_LINE, "zhang.san", at=door.clock())
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, HERE), SignedIn)


async def test_a_second_factor_is_asked_for_and_the_session_is_a_new_one(
    door: Door, clock: HandClock
) -> None:
    account = await employ(door, "zhang.san")
    totp, _ = await enrol(door, account)
    clock.advance(timedelta(minutes=1))
    first = await door.sign_in("zhang.san", PASSWORD, HERE)
    assert isinstance(first, SignedIn)
    visitor = await visitor_of(door, first.token)
    assert visitor is not None and visitor.stage == Stage.CODE
    assert await door.give_code(visitor, "000000", HERE) == Refused()
    second = await door.give_code(visitor, totp.at(clock()), HERE)
    assert isinstance(second, SignedIn)
    assert await visitor_of(door, first.token) is None
    inside = await visitor_of(door, second.token)
    assert inside is not None and inside.stage == Stage.IN


async def test_a_session_that_has_ended_meanwhile_is_followed_by_none(door: Door, clock: HandClock) -> None:
    account = await employ(door, "zhang.san")
    totp, codes = await enrol(door, account)
    clock.advance(timedelta(minutes=1))
    _, visitor = await enter(door, account)
    both = (totp.at(clock()), codes[0])
    outcomes = await asyncio.gather(*(door.give_code(visitor, code, HERE) for code in both))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Refused", "SignedIn"]
    _, visitor = await enter(door, account)
    async with door.database.write() as session:
        await accounts.disable(session, COMMAND_LINE, "zhang.san", at=clock())
    assert await door.give_code(visitor, codes[1], HERE) == Refused()


async def test_codes_cannot_be_guessed_by_signing_in_again_and_again(door: Door) -> None:
    account = await employ(door, "zhang.san")
    await enrol(door, account)
    outcomes = []
    for _ in range(6):
        token = (await enter(door, account))[0]
        visitor = await visitor_of(door, token)
        assert visitor is not None
        outcomes.append(await door.give_code(visitor, "000000", HERE))
    assert outcomes == [Refused()] * 5 + [Paused(30)]


async def test_a_session_that_gives_no_code_ends_after_ten_minutes(door: Door, clock: HandClock) -> None:
    account = await employ(door, "zhang.san")
    await enrol(door, account)
    token, _ = await enter(door, await account_of(door.database, "zhang.san"))
    clock.advance(timedelta(minutes=10))
    assert await visitor_of(door, token) is None


async def test_a_one_time_password_has_to_be_changed_first(door: Door) -> None:
    account = await employ(door, "zhang.san", password=None)
    token, visitor = await enter(door, account)
    assert visitor.stage == Stage.PASSWORD
    outcome = await own_account.change_password(door, visitor, "", NEW, HERE)
    assert isinstance(outcome, SignedIn)
    assert await visitor_of(door, token) is None
    changed = await visitor_of(door, outcome.token)
    assert changed is not None and changed.stage == Stage.IN
    assert isinstance(await door.sign_in("zhang.san", NEW, HERE), SignedIn)


async def test_a_new_password_ends_all_other_sessions(door: Door) -> None:
    account = await employ(door, "zhang.san")
    elsewhere, _ = await enter(door, account)
    _, visitor = await enter(door, account)
    assert await own_account.change_password(door, visitor, "wrong", NEW, HERE) == Refused()
    outcome = await own_account.change_password(door, visitor, PASSWORD, NEW, HERE)
    assert isinstance(outcome, SignedIn)
    assert await visitor_of(door, elsewhere) is None
    assert await visitor_of(door, outcome.token) is not None


async def test_the_old_password_is_no_new_one(door: Door) -> None:
    account = await employ(door, "zhang.san")
    _, visitor = await enter(door, account)
    with pytest.raises(PasswordRefused, match="原来的"):
        await own_account.change_password(door, visitor, PASSWORD, PASSWORD, HERE)


async def test_a_disabled_account_is_out_at_once_and_does_not_come_in(door: Door) -> None:
    account = await employ(door, "zhang.san")
    token, _ = await enter(door, account)
    async with door.database.write() as session:
        await accounts.disable(session, COMMAND_LINE, "zhang.san", at=door.clock())
    assert await visitor_of(door, token) is None
    assert await door.sign_in("zhang.san", PASSWORD, HERE) == Refused()
    async with door.database.write() as session:
        await accounts.enable(session, COMMAND_LINE, "zhang.san", at=door.clock())
    assert await visitor_of(door, token) is None
    assert isinstance(await door.sign_in("zhang.san", PASSWORD, HERE), SignedIn)


async def test_a_session_ends_when_it_is_idle_and_in_any_case_after_its_time(
    door: Door, clock: HandClock
) -> None:
    account = await employ(door, "zhang.san")
    idle, _ = await enter(door, account)
    clock.advance(timedelta(minutes=59))
    assert await visitor_of(door, idle) is not None
    clock.advance(timedelta(minutes=1))
    assert await visitor_of(door, idle) is None
    patient = replace(door, policy=replace(door.policy, idle=timedelta(days=9)))
    busy, _ = await enter(patient, account)
    clock.advance(timedelta(hours=12))
    assert await visitor_of(patient, busy) is None


@pytest.mark.parametrize(
    ("rule", "role", "stage"),
    [
        ("optional", Role.ADMIN, Stage.IN),
        ("admins", Role.ADMIN, Stage.ENROL),
        ("admins", Role.AGENT, Stage.IN),
        ("everyone", Role.AGENT, Stage.ENROL),
    ],
)
async def test_who_has_to_enrol_does_so_before_anything_else(
    rule: Literal["optional", "admins", "everyone"], role: Role, stage: Stage, door: Door
) -> None:
    strict = replace(door, policy=replace(door.policy, second_factor=rule))
    account = await employ(strict, "zhang.san", role)
    _, visitor = await enter(strict, account)
    assert visitor.stage == stage


async def test_signing_in_and_failing_to_are_in_the_audit_log(door: Door) -> None:
    await employ(door, "zhang.san")
    await door.sign_in("zhang.san", "wrong", HERE)
    await door.sign_in("zhang.san", PASSWORD, HERE)
    assert await written(door.database) == ["account_added", "sign_in_failed", "signed_in"]
    assert (await account_of(door.database, "zhang.san")).last_sign_in_at == door.clock()
