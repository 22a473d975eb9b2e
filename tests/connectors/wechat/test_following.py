"""Who unfollows in WeChat is to be erased, however often it is told, and unless they come back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from connectors.wechat.channel import WeChatChannel
from connectors.wechat.pushes import Unsubscribe
from conversations.models import Person
from desk.desk import Desk
from desk.erasure import erase_due
from store.database import Database
from tests.connectors.wechat.phone import PERSON, SHORT, phone_of
from tests.fakes import HandClock

A_DAY = timedelta(hours=24)


async def people(desk: Desk) -> list[str]:
    async with desk.database.read() as session:
        return list((await session.scalars(select(Person.address))).all())


async def test_who_unfollows_is_erased_a_day_later(desk: Desk, clock: HandClock) -> None:
    async with phone_of(desk, WeChatChannel(desk, None)) as phone:
        await phone.writes("停水了")
        for _ in range(3):
            assert await phone.does("unsubscribe", EventKey="") == ""
        clock.advance(A_DAY - timedelta(seconds=1))
        await erase_due(desk)
        assert await people(desk) == [PERSON]
        clock.advance(timedelta(seconds=1))
        await erase_due(desk)
        assert await people(desk) == []


@pytest.mark.parametrize("event", ["subscribe", "SCAN", "CLICK"])
async def test_who_comes_back_before_stays(event: str, desk: Desk, clock: HandClock) -> None:
    async with phone_of(desk, WeChatChannel(desk, None)) as phone:
        await phone.writes("停水了")
        await phone.does("unsubscribe", EventKey="")
        await phone.does(event, EventKey="gone")
    clock.advance(A_DAY * 2)
    await erase_due(desk)
    assert await people(desk) == [PERSON]


async def test_an_unfollow_of_a_stranger_is_acknowledged(desk: Desk) -> None:
    async with phone_of(desk, WeChatChannel(desk, None)) as phone:
        assert await phone.does("unsubscribe", EventKey="") == ""
    assert await people(desk) == []


async def test_wechat_is_let_to_ask_again_where_the_unfollow_could_not_be_noted(
    desk: Desk, tmp_path: Path
) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'no-tables.db'}")
    broken = replace(desk, database=empty)
    gone = Unsubscribe(sender=PERSON, account="gh_1", created=1, key="k")
    async with phone_of(broken, WeChatChannel(broken, None), patience=SHORT) as phone:
        answer = await phone.answers.to(gone, arrived=asyncio.get_running_loop().time())
    assert answer.overdue
    await empty.close()
