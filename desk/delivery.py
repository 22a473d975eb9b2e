"""What is due is sent: threads in parallel, each in order, every result written down."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from conversations.models import Author, Delivery, Message
from conversations.outbox import Claim, Look, claim_due, drop_overtaken, due_threads, overtaken, pause
from conversations.outcomes import Mark, end_leases, expired, settle
from desk.desk import Desk
from desk.ports import Channel, Held, Outgoing, Refused, RetryAfter, SendResult, Sent, Unknown

log = logging.getLogger(__name__)

# How long a process may be at one message, and when its claim has died with it.
SEND_SECONDS = 40.0
LEASE = timedelta(seconds=60)
# Before the second, third … try at the latest; the last goes on until it is given up. Full jitter: any moment up to it.
BACK_OFF = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 3600, 6 * 3600, 24 * 3600))
GIVE_UP_AFTER = timedelta(hours=168)
AT_ONCE = 16
_LOOK_SECONDS = 2.0
_LAST_WORDS_SECONDS = 1.0
_REASON_LETTERS = 500

# A number from 0 to 1, another one at each call.
Jitter = Callable[[], float]


class Courier:
    """One process's deliveries: what it has under way, and what came of it and is not written down yet.

    `at_once`: how many messages of one channel are under way at most.
    """

    def __init__(
        self, desk: Desk, channels: Sequence[Channel], jitter: Jitter, *, at_once: int = AT_ONCE
    ) -> None:
        self._desk = desk
        self._channels = {channel.name: channel for channel in channels}
        self._jitter = jitter
        self._at_once = at_once
        self._under_way: dict[asyncio.Task[SendResult], Claim] = {}
        self._results: list[tuple[Claim, SendResult]] = []

    async def round(self) -> bool:
        """Write down what came back and begin what is due, as far as there is room. Whether anything is under way."""
        await self._settle()
        for channel in self._channels.values():
            for claim in await self._claim(channel):
                self._under_way[asyncio.create_task(_send(channel, claim))] = claim
        return bool(self._under_way)

    async def wait(self) -> None:
        """Until a result is there, something new may be due, or two seconds have passed."""
        woken = asyncio.create_task(self._desk.to_send.wait())
        try:
            await asyncio.wait(
                {woken, *self._under_way}, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            woken.cancel()
        self._desk.to_send.clear()
        self._collect(task for task in self._under_way if task.done())

    async def drain(self, seconds: float) -> None:
        """Let what is under way come to its end; what does not in so many seconds is broken off as unknown."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=seconds)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_LAST_WORDS_SECONDS)
        self._collect(self._under_way)
        await self._settle()

    def _collect(self, tasks: Iterable[asyncio.Task[SendResult]]) -> None:
        for task in list(tasks):
            ended = task.done() and not task.cancelled()
            result = task.result() if ended else Unknown("程序停止时正在发送，是否送达不明。")
            self._results.append((self._under_way.pop(task), result))

    async def _settle(self) -> None:
        if not self._results:
            return
        settled = list(self._results)
        async with self._desk.database.write() as session:
            now = self._desk.clock()
            for claim, result in settled:
                name = claim.message.channel
                if isinstance(result, RetryAfter) and result.whole_channel:
                    until = now + timedelta(seconds=result.seconds)
                    await pause(session, name, until=until, reason=result.reason)
                idempotent = self._channels[name].idempotent
                mark = outcome(result, claim.message, now, self._jitter, idempotent=idempotent)
                if not await settle(session, claim, mark):
                    log.warning("message %d was no longer ours when it was sent", claim.message.id)
        del self._results[: len(settled)]

    async def _claim(self, channel: Channel) -> list[Claim]:
        room = self._at_once - sum(
            claim.message.channel == channel.name for claim in self._under_way.values()
        )
        look = Look(channel.name, self._desk.clock(), timedelta(seconds=channel.passive_grace))
        # Looked at first without the lock of a writer: mostly there is nothing to do.
        async with self._desk.database.read() as session:
            over, taken = await expired(session, look), await overtaken(session, look)
        if over or taken:
            async with self._desk.database.write() as session:
                await end_leases(session, look, idempotent=channel.idempotent)
                await drop_overtaken(session, taken)
        # More than there is room for, since other processes may be at some of them.
        async with self._desk.database.read() as session:
            threads = await due_threads(session, look, room * 8) if room else []
        if not threads:
            return []
        async with self._desk.database.write() as session:
            return await claim_due(session, look, threads=threads, lease=LEASE, limit=room)


async def deliver(desk: Desk, channels: Sequence[Channel], jitter: Jitter, *, at_once: int = AT_ONCE) -> None:
    """Send what is due, until nothing is."""
    courier = Courier(desk, channels, jitter, at_once=at_once)
    while await courier.round():
        await courier.wait()


def outcome(result: SendResult, message: Message, now: datetime, jitter: Jitter, *, idempotent: bool) -> Mark:
    """What a result means for a message."""
    if isinstance(result, Sent):
        return Mark(Delivery.SENT, sent_id=result.external_id)
    reason, parts = result.reason.replace("\0", "")[:_REASON_LETTERS], result.parts_sent
    if isinstance(result, Held):
        return Mark(Delivery.HELD, reason, parts_sent=parts)
    if isinstance(result, Refused) and result.permanent:
        return Mark(Delivery.FAILED, reason, parts_sent=parts)
    if isinstance(result, Unknown) and not idempotent:
        return Mark(Delivery.UNKNOWN, reason, parts_sent=parts)
    since = message.tried_since or now
    if now >= since + GIVE_UP_AFTER:
        return Mark(Delivery.FAILED, f"{reason}（已重试 7 天）", parts_sent=parts)
    if isinstance(result, RetryAfter):  # says nothing about this message: not an attempt
        due = now + timedelta(seconds=result.seconds)
        return Mark(Delivery.PENDING, reason, due, parts_sent=parts, tried=False)
    return Mark(Delivery.PENDING, reason, retry_at(message.attempts, since, now, jitter), parts_sent=parts)


def retry_at(attempts: int, since: datetime, now: datetime, jitter: Jitter) -> datetime:
    """When to try again after `attempts` earlier tries and one more; the last try is at the end of the seven days."""
    most = BACK_OFF[min(attempts, len(BACK_OFF) - 1)]
    return min(now + most * jitter(), since + GIVE_UP_AFTER)


async def _send(channel: Channel, claim: Claim) -> SendResult:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            return await channel.send(_outgoing(claim))
    except TimeoutError:
        return Unknown("发送超时，是否送达不明。")
    except Exception:
        log.exception("sending message %d through %s failed", claim.message.id, channel.name)
        return Unknown("发送时程序出错，是否送达不明。")


def _outgoing(claim: Claim) -> Outgoing:
    message = claim.message
    return Outgoing(
        message_id=message.id,
        address=claim.address,
        text=message.text,
        buttons=tuple(str(button["title"]) for button in message.buttons),
        article=message.detail.get("article"),
        answers=message.answers_id,
        by_staff=message.author == Author.STAFF,
        parts_sent=message.parts_sent,
    )
