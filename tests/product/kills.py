"""People write on both channels while the app and Rasa are killed: one run, and what came of it."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
from sqlalchemy import func, select

from connectors.telegram.routes import PATH as TELEGRAM_PATH
from conversations.models import Arrival, Delivery, Message, Person, Thread, Turn
from store.clock import utc_now
from store.database import Database
from tests.connectors.served import served as telegram_served
from tests.connectors.telegram.faults import TOKEN, Faults
from tests.connectors.wechat.fake_account import Account
from tests.connectors.wechat.fake_api import served as wechat_served
from tests.connectors.wechat.forging import APP_ID
from tests.connectors.wechat.vectors import KEY
from tests.connectors.wechat.vectors import TOKEN as WECHAT_TOKEN
from tests.product.apis import UnsteadyTelegram, UnsteadyWeChat, Weather
from tests.product.audit import Audit, audit
from tests.product.crowd import Crowd
from tests.product.people import Plan, drawn
from tests.product.senders import SECRET, TelegramSender, WeChatSender
from tests.product.served import Served

SENDING, BOTH, APP, RASA, STARTING = (
    "app while sending",
    "both",
    "app",
    "Rasa",
    "app, and again while it starts",
)
KINDS = (SENDING, BOTH, APP, RASA, STARTING)
QUIET_SECONDS = 300.0
_LOOK_SECONDS = 0.4
_THANKS_SECONDS = 5.0
_SENDING_PATIENCE_SECONDS = 20.0


async def run(plan: Plan, folder: Path, database_url: str, tell: Callable[[str], None]) -> Audit:
    """One run on an empty migrated database; its data and log in the folder. The counts tell the kills as well.

    `tell` hears what happens, as it happens.
    """
    people, chance = drawn(plan), random.Random(plan.seed + 1)
    skies = [Weather(random.Random(plan.seed + number)) for number in (2, 3)]
    wechat = UnsteadyWeChat(Account(utc_now, app_id=APP_ID), weather=skies[0])
    telegram = UnsteadyTelegram(Faults(), skies[1])
    database = Database(database_url)
    with wechat_served(wechat), telegram_served(telegram) as telegram_url:
        product = Served(folder, database_url, **_settings(wechat, telegram_url))
        product.start()
        try:
            async with httpx.AsyncClient(base_url=product.url, timeout=None, trust_env=False) as http:
                by_wechat = WeChatSender(http, wechat)
                crowd = Crowd(database, {"wechat": by_wechat, "telegram": TelegramSender(http)})
                killer = Killer(product, crowd, skies, tell)
                async with asyncio.TaskGroup() as group:
                    group.create_task(crowd.live(people))
                    group.create_task(killer.work(plan, chance))
                tell("everything is said")
                await _until_quiet(database, crowd)
        finally:
            await asyncio.to_thread(product.stop)
        delivered = {**wechat.received(), **telegram.received()}
        found = await audit(database, people, crowd.said, delivered)
    await database.close()
    contradicted = [f"wechat {said.id} was answered twice, differently" for said in by_wechat.contradicted]
    found.problems += contradicted
    found.counts |= {
        "written again": crowd.repeated,
        "kills": sum(killer.kinds.values()),
        **{f"kills: {kind}": killer.kinds[kind] for kind in KINDS},
        "kills during a sending": killer.while_sending,
        "restarts of the app": killer.starts,
        "restarts of Rasa alone": product.log().count("rasa ended with"),
    }
    return found


def _settings(wechat: UnsteadyWeChat, telegram_url: str) -> dict[str, str]:
    return {
        "WECHAT_APP_ID": APP_ID,
        "WECHAT_APP_SECRET": wechat.account.secret,
        "WECHAT_TOKEN": WECHAT_TOKEN,
        "WECHAT_AES_KEY": KEY,
        "WECHAT_API_URL": wechat.address,
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram_url,
        "TELEGRAM_WEBHOOK_URL": f"https://qifu.example.cn{TELEGRAM_PATH}",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }


class Killer:
    """Kills at random moments of the talk, each kind in turn, and starts what it has killed."""

    def __init__(
        self, product: Served, crowd: Crowd, skies: Sequence[Weather], tell: Callable[[str], None]
    ) -> None:
        self._product = product
        self._crowd = crowd
        self._skies = skies
        self._tell = tell
        self.kinds: Counter[str] = Counter()
        self.while_sending = 0
        self.starts = 0

    async def work(self, plan: Plan, chance: random.Random) -> None:
        """Strike when so many messages have been said, as drawn; people go on for a while, then wait until it is up."""
        moments = sorted(chance.sample(range(plan.messages // 20, plan.messages * 3 // 4), plan.kills))
        for number, moment in enumerate(moments):
            while len(self._crowd.said) < moment:
                await asyncio.sleep(0.02)
            await asyncio.sleep(chance.uniform(0.3, 2.5))
            await self._strike(KINDS[number % len(KINDS)], chance)
            await asyncio.sleep(chance.uniform(1, 5))
            self._crowd.talking.clear()
            await asyncio.to_thread(self._product.await_health, 200)
            self._crowd.talking.set()

    async def _strike(self, kind: str, chance: random.Random) -> None:
        if kind == SENDING:
            await _until_sending(self._skies)
        if kind in (RASA, BOTH):
            os.kill(self._product.rasa_pid(), signal.SIGKILL)
        if kind != RASA:
            self.while_sending += _sending(self._skies)
            await self._restart(chance.uniform(0, 2))
        self._count(kind)
        if kind == STARTING:
            await asyncio.sleep(chance.uniform(0.2, 5))
            await self._restart(0)
            self._count(kind)

    async def _restart(self, away: float) -> None:
        self._product.kill()
        await asyncio.sleep(away)
        self._product.launch()
        self.starts += 1

    def _count(self, kind: str) -> None:
        self.kinds[kind] += 1
        self._tell(f"kill {sum(self.kinds.values())} after {len(self._crowd.said)} messages: {kind}")


async def _until_sending(skies: Sequence[Weather]) -> None:
    """Until something is under way: the next sending of each channel is slow."""
    until = time.monotonic() + _SENDING_PATIENCE_SECONDS
    for sky in skies:
        sky.slow_next = True
    while time.monotonic() < until and not _sending(skies):
        await asyncio.sleep(0.02)


def _sending(skies: Sequence[Weather]) -> bool:
    """Whether something has arrived and is not answered yet, by a margin."""
    return any(sky.slow_until > time.monotonic() + 0.3 for sky in skies)


async def _until_quiet(database: Database, crowd: Crowd) -> None:
    """Until nothing waits any more. Whoever has something held for them writes again."""
    async with asyncio.timeout(QUIET_SECONDS):
        while True:
            async with database.read() as session:
                placing = await session.scalar(select(func.count()).select_from(Arrival))
                busy = await session.scalar(
                    select(func.count()).where(
                        (Message.turn == Turn.WAITING)
                        | Message.delivery.in_((Delivery.PENDING, Delivery.SENDING))
                    )
                )
                held = (
                    await session.execute(
                        select(Person.channel, Person.address)
                        .join(Thread, Thread.person_id == Person.id)
                        .join(Message, Message.thread_id == Thread.id)
                        .where(Message.delivery == Delivery.HELD)
                        .distinct()
                    )
                ).all()
            if not placing and not busy and not held:
                return
            for channel, address in held:  # what is pending behind it in the thread waits for that as well
                await crowd.thank(channel, address)
            await asyncio.sleep(_THANKS_SECONDS if held else _LOOK_SECONDS)
