"""What goes on by itself: turns nobody took, what is to be sent, clocks that ring, files to fetch, what is to be erased."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from app.trainer import Trainer
from connectors.wechat.notices import TicketNotices
from desk.casework import ring
from desk.delivery import Courier, Jitter
from desk.desk import Desk
from desk.erasure import clear_tickets, erase_due, forget_talks
from desk.fetching import Fetcher
from desk.journal import Journal
from desk.knowledge import clear_traces
from desk.knowledge_due import tell_expiring
from desk.knowledge_gate import Gates
from desk.knowledge_scheduled import publish_due
from desk.knowledge_unchecked import tell_unchecked
from desk.learning.collecting import Collector
from desk.learning.settling import settle
from desk.learning.telling import tell_answered
from desk.outage import call_for_waiting
from desk.ports import Channel, DialogueDown, TurnFailed
from desk.pushing import Pusher
from desk.rating_asking import ask_for_ratings
from desk.reminders import clear_notices, remind
from desk.silence import end_left_open, requeue_silent
from desk.turns import take_turns, waiting_threads
from store.files import Files

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0
_RING_SECONDS = 30.0
_RATING_SECONDS = 5.0
_REMIND_SECONDS = 20.0
_NOTICE_SECONDS = 5.0
_TROUBLE_SECONDS = 60.0
_ERASE_SECONDS = 5.0
_PUBLISH_SECONDS = 5.0
_CLEAR_SECONDS = 3600.0
_LEARN_SECONDS = 15.0
# What is being sent when the process is told to end may take so long to come to its end.
DRAIN_SECONDS = 5.0
# Nothing is written for so long: what is half-written then was left by a process that died.
_HALF_WRITTEN_FOR = timedelta(hours=1)


async def place_arrivals(journal: Journal) -> None:
    """For ever: what was acknowledged gets into its thread."""
    while True:
        try:
            await journal.round()
            await journal.wait()
        except Exception:
            log.exception("placing what arrived failed; trying again")
            await asyncio.sleep(_PAUSE_SECONDS)


async def take_waiting_turns(desk: Desk) -> None:
    """For ever: messages whose turn was cut off by a crash, or that came while the model was away."""
    failures: Counter[str] = Counter()
    while True:
        await take_turns_once(desk, failures)
        await asyncio.sleep(_PAUSE_SECONDS)


async def take_turns_once(desk: Desk, failures: Counter[str]) -> None:
    """One round, the oldest message first; it ends where the model is away.

    `failures`: how often the model was there and a thread's turn could not be taken, or not be stored. Such threads come
    last, so that one message that fails every time does not stand before those of everybody else.
    """
    called = False
    try:
        waiting = await waiting_threads(desk)
        for done in failures.keys() - set(waiting):
            del failures[done]
        for thread_id in sorted(waiting, key=lambda thread_id: failures[thread_id]):
            if await _turns_taken(desk, thread_id):
                continue
            failures[thread_id] += 1
            if not called:  # at once: each further turn of the round may take as long
                called = True
                await _call_staff(desk)
    except DialogueDown:
        log.debug("the dialogue model is away")
        await _call_staff(desk)
    except Exception:
        log.exception("taking waiting turns failed; trying again")


async def _turns_taken(desk: Desk, thread_id: str) -> bool:
    """False where the fault lies with this thread. Raises `DialogueDown` where the model is away for all."""
    try:
        await take_turns(desk, thread_id)
    except TurnFailed as failure:
        log.debug("a turn failed: %s", failure)
        return False
    except DialogueDown:
        raise
    except Exception:
        log.exception("taking the turn of thread %s failed; trying again", thread_id)
        return False
    return True


async def _call_staff(desk: Desk) -> None:
    try:
        await call_for_waiting(desk)
    except Exception:
        log.exception("calling staff while the dialogue model is away failed; trying again")


async def ring_clocks(desk: Desk, staff_idle: timedelta) -> None:
    """For ever: what time does to tickets, and to threads whose holder on the staff is silent."""
    while True:
        try:
            await ring(desk)
            await requeue_silent(desk, staff_idle)
            await end_left_open(desk)
        except Exception:
            log.exception("ringing the tickets' clocks failed; trying again")
        await asyncio.sleep(_RING_SECONDS)


async def ask_ratings(desk: Desk) -> None:
    """For ever: ask for the ratings that are owed."""
    while True:
        try:
            await ask_for_ratings(desk)
        except Exception:
            log.exception("asking for ratings failed; trying again")
        await asyncio.sleep(_RATING_SECONDS)


async def remind_staff(desk: Desk) -> None:
    """For ever: staff are told what waits for them."""
    while True:
        try:
            await remind(desk)
            await tell_expiring(desk)
            await tell_unchecked(desk)
        except Exception:
            log.exception("reminding staff failed; trying again")
        await asyncio.sleep(_REMIND_SECONDS)


async def send_notices(notices: TicketNotices) -> None:
    """For ever: tell of news of tickets that cannot be sent."""
    while True:
        taken = False
        try:
            taken = await notices.round()
        except Exception:
            log.exception("sending notices failed; trying again")
        await asyncio.sleep(_NOTICE_SECONDS if taken else _TROUBLE_SECONDS)


async def erase_leavers(desk: Desk) -> None:
    """For ever: people who are to be erased, and their talks in the dialogue model."""
    while True:
        try:
            await erase_due(desk)
            await forget_talks(desk)
        except DialogueDown:
            log.debug("the dialogue model is away")
        except Exception:
            log.exception("erasing failed; trying again")
        await asyncio.sleep(_ERASE_SECONDS)


async def clear_old_tickets(desk: Desk, files: Files) -> None:
    """For ever: tickets, notices and traces whose time is over."""
    while True:
        try:
            await clear_tickets(desk)
            await clear_notices(desk)
            await clear_traces(desk, files)
        except Exception:
            log.exception("clearing tickets failed; trying again")
        await asyncio.sleep(_CLEAR_SECONDS)


async def learn(desk: Desk) -> None:
    """For ever: collect what was not answered, and tell those who wait for an answer that there is one."""
    collector = Collector(desk)
    while True:
        try:
            await collector.round()
            await settle(desk)
            await tell_answered(desk)
        except Exception:
            log.exception("learning from questions failed; trying again")
        await asyncio.sleep(_LEARN_SECONDS)


async def train_when_asked(trainer: Trainer) -> None:
    """For ever: train when somebody asked for it, and use the model that is chosen."""
    try:
        while True:
            try:
                await trainer.round()
            except Exception:
                log.exception("looking after the dialogue model failed; trying again")
            await asyncio.sleep(_PAUSE_SECONDS)
    finally:
        await trainer.close()


async def keep_knowledge(desk: Desk, gates: Gates) -> None:
    """For ever: articles whose moment to be published has come."""
    while True:
        try:
            await publish_due(desk, gates)
        except Exception:
            log.exception("publishing what is due failed; trying again")
        await asyncio.sleep(_PUBLISH_SECONDS)


async def deliver_pending(
    desk: Desk, channels: Sequence[Channel], jitter: Jitter, stopping: asyncio.Event
) -> None:
    """Until `stopping`: send what is due. Then what is under way is brought to its end; set `desk.to_send` to be quick."""
    courier = Courier(desk, channels, jitter)
    try:
        while not stopping.is_set():
            try:
                await courier.round()
            except Exception:
                log.exception("delivering failed; trying again")
            await courier.wait()
    finally:
        try:
            await courier.drain(DRAIN_SECONDS)
        except Exception:
            log.exception("what became of the last messages could not be written down; they count as unknown")


async def push_webhooks(pusher: Pusher) -> None:
    """For ever: push to other systems what is due. What is under way at the end is pushed again later."""
    try:
        while True:
            try:
                await pusher.round()
            except Exception:
                log.exception("pushing to other systems failed; trying again")
            await pusher.wait()
    finally:
        try:
            await pusher.close()
        except Exception:
            log.exception("what became of the last pushes could not be written down; they are repeated")


async def fetch_attachments(fetcher: Fetcher) -> None:
    """For ever: bring the files that people sent. What is under way at the end is brought again when its lease is over."""
    clock, swept = fetcher.desk.clock, None
    while True:
        try:
            if swept is None or clock() >= swept + _HALF_WRITTEN_FOR:
                swept = clock()
                await asyncio.to_thread(fetcher.files.sweep, before=swept - _HALF_WRITTEN_FOR)
                await fetcher.sweep(before=swept - _HALF_WRITTEN_FOR)
            busy = await fetcher.round()
        except Exception:
            log.exception("fetching attachments failed; trying again")
            busy = False
        if not busy:
            await asyncio.sleep(_PAUSE_SECONDS)
