"""What goes on by itself: taking the turns that nobody took."""

from __future__ import annotations

import asyncio
import logging

from desk.desk import Desk
from desk.ports import DialogueDown
from desk.turns import take_turns, waiting_threads

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0


async def take_waiting_turns(desk: Desk) -> None:
    """For ever: messages whose turn was cut off by a crash, or that came while the model was away."""
    while True:
        try:
            for thread_id in await waiting_threads(desk):
                await take_turns(desk, thread_id)
        except DialogueDown:
            log.debug("the dialogue model is away")
        except Exception:
            log.exception("taking waiting turns failed; trying again")
        await asyncio.sleep(_PAUSE_SECONDS)
