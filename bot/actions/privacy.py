"""Linking channels, unlinking, what is kept of somebody, and deleting it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import tracker as read
from desk.answers import answer, answers_surely
from desk.desk import Desk
from desk.erasure import confirm, explain
from desk.linking import code_in, link, unlink, unlink_surely
from desk.privacy import privacy
from desk.values import Reply

# Its words are also those of the tax office and others: 解除绑定办税人员. The plain wish is short.
_SHORT = 8
_Says = Callable[[Desk, Tracker], Awaitable[Reply]]
_FORM_FIRST = Reply("您正在填写的内容还没有完成。请先填完，或者回复“取消”，然后再说一次。", outcome="form")


class Wish(Action):
    """One of these wishes. `outside`: not while a form is open, whose next question would hide our own."""

    def __init__(self, desk: Desk, name: str, says: _Says, *, outside: bool = False) -> None:
        self._desk = desk
        self._name = name
        self._says = says
        self._outside = outside

    def name(self) -> str:
        """As the domain calls it."""
        return self._name

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Do it and say so; answer what only sounds like it."""
        asked = read.asked(tracker)
        if len(asked.text) > _SHORT and not code_in(asked.text) and await answers_surely(self._desk, asked):
            reply, after = await answer(self._desk, asked, read.context(tracker))
            read.utter(dispatcher, reply)
            return read.context_events(after)
        in_form = self._outside and tracker.active_loop_name is not None
        read.utter(dispatcher, _FORM_FIRST if in_form else await self._says(self._desk, tracker))
        return []


def wishes(desk: Desk) -> tuple[Wish, ...]:
    """All of them."""
    return (
        Wish(desk, "action_link", _link),
        Wish(desk, "action_privacy", _privacy),
        Wish(desk, "action_unlink", _unlink, outside=True),
        Wish(desk, "action_unlink_surely", _unlink_surely, outside=True),
        Wish(desk, "action_erase", _erase, outside=True),
        Wish(desk, "action_erase_surely", _erase_surely, outside=True),
    )


async def _link(desk: Desk, tracker: Tracker) -> Reply:
    return await link(desk, read.thread_id(tracker), read.message_id(tracker), read.raw_text(tracker))


async def _privacy(desk: Desk, tracker: Tracker) -> Reply:
    return privacy(desk)


async def _unlink(desk: Desk, tracker: Tracker) -> Reply:
    return await unlink(desk, read.thread_id(tracker))


async def _unlink_surely(desk: Desk, tracker: Tracker) -> Reply:
    return await unlink_surely(desk, read.thread_id(tracker), read.message_id(tracker))


async def _erase(desk: Desk, tracker: Tracker) -> Reply:
    return await explain(desk, read.thread_id(tracker))


async def _erase_surely(desk: Desk, tracker: Tracker) -> Reply:
    return await confirm(desk, read.thread_id(tracker))
