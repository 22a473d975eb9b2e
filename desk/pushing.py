"""What is due is pushed to other systems: each ticket's events in order, every result written down."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from desk.delivery import GIVE_UP_AFTER, LEASE, Jitter, retry_at
from desk.desk import Desk
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from systems import pushes, subscriptions
from systems.models import Push, Subscription, WebhookDelivery
from systems.pushes import Claim, Mark
from systems.signing import Secrets, signature

log = logging.getLogger(__name__)

# How many are under way to one subscription at once; a receiver that hangs holds up no other.
AT_ONCE = 4
PUSH_SECONDS = 20.0
MOST_ANSWER_LETTERS = 300
KEEP = timedelta(days=30)
_LOOK_SECONDS = 2.0
_SWEEP_EVERY = timedelta(hours=1)
_MOST_PAUSE = timedelta(hours=6)
_GONE = 410
_BUSY = (429, 503)
_CLOCK = Actor(None, "系统", "系统", None, frozenset(), "")


@dataclass(frozen=True, slots=True)
class Answered:
    """The other side answered. `text`: the beginning of its body; `retry_after`: seconds that it asks to wait."""

    status: int
    text: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class NotAnswered:
    """No answer came; `reason` is one short Chinese sentence."""

    reason: str


PostResult = Answered | NotAnswered
_BROKEN_OFF = NotAnswered("程序停止时正在推送，会再推送一次。")


class Posting(Protocol):
    """A way to other systems."""

    async def post(self, url: str, headers: dict[str, str], body: bytes) -> PostResult:
        """Post it and say what came of it. It has `PUSH_SECONDS` and is cancelled then; what it raises is no answer."""
        ...


@dataclass(slots=True)
class Pusher:
    """One process's pushes: what is under way, and what came of it and is not written down yet.

    `off_after`: a subscription to which nothing has arrived for so long is switched off.
    """

    desk: Desk
    posting: Posting
    jitter: Jitter
    off_after: timedelta = timedelta(days=5)
    _under_way: dict[asyncio.Task[PostResult], Claim] = field(default_factory=dict)
    _results: list[tuple[Claim, PostResult]] = field(default_factory=list)
    _swept: datetime | None = None

    async def round(self) -> bool:
        """Write down what came back and begin what is due. Whether anything is under way."""
        await self._settle()
        await self._sweep()
        for claim in await self._claim():
            task = asyncio.create_task(self._post(claim))
            self._under_way[task] = claim
        return bool(self._under_way)

    async def wait(self) -> None:
        """Until a result is there, or two seconds have passed."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        else:
            await asyncio.sleep(_LOOK_SECONDS)
        self._collect(task for task in self._under_way if task.done())

    async def close(self) -> None:
        """Break off what is under way; it is pushed again later, under the same id."""
        for task in self._under_way:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way)
        self._collect(self._under_way)
        await self._settle()

    def _collect(self, tasks: Iterable[asyncio.Task[PostResult]]) -> None:
        for task in list(tasks):
            result = _BROKEN_OFF if task.cancelled() else task.result()
            self._results.append((self._under_way.pop(task), result))

    async def _claim(self) -> list[Claim]:
        now, room = self.desk.clock(), self._room()
        wanted: list[int] = []
        async with self.desk.database.read() as session:
            over = await pushes.expired(session, now)
        if over:
            async with self.desk.database.write() as session:
                await pushes.end_leases(session, now)
        async with self.desk.database.read() as session:
            for row in await pushes.open_subscriptions(session, now):
                if (left := AT_ONCE - room[row.id]) > 0:
                    wanted += await pushes.due(session, row.id, now, left)
        if not wanted:
            return []
        async with self.desk.database.write() as session:
            claims = await pushes.claim(session, wanted, now=now, lease=LEASE, limit=len(wanted))
            return [claim for claim in claims if await self._may_sign(session, claim, now)]

    def _room(self) -> Counter[str]:
        return Counter(claim.subscription.id for claim in self._under_way.values())

    async def _may_sign(self, session: AsyncSession, claim: Claim, now: datetime) -> bool:
        """Whether the secret is still the one that the other side was given."""
        row = claim.subscription
        if self._secrets().check(row.id, row.generation) == row.secret_check:
            return True
        await pushes.settle(session, claim, Mark(Push.PENDING, tried=False, due_at=now), at=now)
        await self._off(session, row, "产品的密钥换过，签名密钥随之失效。请更换签名密钥并告诉对方。", now)
        return False

    async def _post(self, claim: Claim) -> PostResult:
        delivery, row = claim.delivery, claim.subscription
        now = self.desk.clock()
        body, timestamp = delivery.body.encode(), int(now.timestamp())
        keys = [self._secrets().of(row.id, row.generation)]
        if row.previous_until is not None and row.previous_until > now:
            keys.append(self._secrets().of(row.id, row.generation - 1))
        headers = {
            "content-type": "application/json; charset=utf-8",
            "webhook-id": delivery.webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(keys, delivery.webhook_id, timestamp, body),
        }
        try:
            async with asyncio.timeout(PUSH_SECONDS):
                return await self.posting.post(row.url, headers, body)
        except TimeoutError:
            return NotAnswered(f"{PUSH_SECONDS:.0f} 秒内没有回答。")
        except Exception:
            log.exception("pushing %s failed", delivery.webhook_id)
            return NotAnswered("推送时程序出错。")

    async def _settle(self) -> None:
        if not self._results:
            return
        settled = list(self._results)
        # In one order in every process, so that none waits for another that waits for it.
        settled.sort(key=lambda pair: (pair[0].subscription.id, pair[0].delivery.id))
        count = len(self._results)
        async with self.desk.database.write() as session:
            now = self.desk.clock()
            for claim, result in settled:
                mark = outcome(result, claim.delivery, now, self.jitter)
                if await pushes.settle(session, claim, mark, at=now):
                    await self._note(session, claim.subscription, result, mark, now)
        del self._results[:count]

    async def _note(
        self, session: AsyncSession, row: Subscription, result: PostResult, mark: Mark, now: datetime
    ) -> None:
        """What it means for the subscription."""
        if result is _BROKEN_OFF:
            return
        if mark.state is Push.SENT:
            await pushes.note_arrived(session, row.id)
            return
        status = result.status if isinstance(result, Answered) else 0
        if status == _GONE:
            await self._off(session, row, "对方回答 410：这个地址不再接收推送。", now)
            return
        if isinstance(result, Answered) and status in _BUSY and result.retry_after:
            pause = min(timedelta(seconds=min(result.retry_after, 1e6)), _MOST_PAUSE)
            await pushes.pause(session, row.id, until=now + pause)
        since = await pushes.note_failed(session, row.id, at=now)
        if since is not None and now - since >= self.off_after:
            await self._off(session, row, f"连续 {self.off_after.days} 天没有一次送达。", now)

    async def _off(self, session: AsyncSession, row: Subscription, reason: str, now: datetime) -> None:
        if not await subscriptions.switch_off(session, row.id, reason, at=now):
            return
        log.warning("webhook subscription %s is switched off", row.id)
        target = audit.subscription(row.name)
        audit.record(session, _CLOCK, Action.WEBHOOK_SWITCHED_OFF, target, at=now, detail={"原因": reason})

    async def _sweep(self) -> None:
        now = self.desk.clock()
        if self._swept is not None and now < self._swept + _SWEEP_EVERY:
            return
        self._swept = now
        async with self.desk.database.write() as session:
            await pushes.sweep(session, before=now - KEEP)

    def _secrets(self) -> Secrets:
        return self.desk.webhook_secrets()


async def push_due(pusher: Pusher) -> None:
    """Push what is due, until nothing is."""
    while await pusher.round():
        await pusher.wait()


def outcome(result: PostResult, delivery: WebhookDelivery, now: datetime, jitter: Jitter) -> Mark:
    """What a result means for a delivery."""
    if result is _BROKEN_OFF:
        return Mark(Push.PENDING, answer=_BROKEN_OFF.reason, due_at=now, tried=False)
    status = result.status if isinstance(result, Answered) else None
    text = (result.text if isinstance(result, Answered) else result.reason).replace("\0", "")
    text = text[:MOST_ANSWER_LETTERS]
    if status is not None and 200 <= status < 300:
        return Mark(Push.SENT, status, text)
    since = delivery.tried_since or now
    if status == _GONE or now >= since + GIVE_UP_AFTER:
        return Mark(Push.FAILED, status, text)
    return Mark(Push.PENDING, status, text, retry_at(delivery.attempts, since, now, jitter))
