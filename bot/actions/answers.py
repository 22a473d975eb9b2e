"""Answering questions."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import tracker as read
from desk.answers import answer
from desk.contesting import Contested, contest
from desk.desk import Desk
from desk.linking import is_bare_code, link


class Answer(Action):
    """Looks a question up and answers it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_answer"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Say the answer; remember what it was about. A bare code links."""
        text = read.raw_text(tracker)
        if tracker.active_loop_name is None and is_bare_code(
            text
        ):  # asks nothing: a code from another channel
            reply = await link(self._desk, read.thread_id(tracker), read.message_id(tracker), text)
            read.utter(dispatcher, reply)
            return []
        reply, after = await answer(self._desk, read.asked(tracker), read.context(tracker))
        read.utter(dispatcher, reply)
        return read.context_events(after)


class Unsolved(Action):
    """An answer did not help, the bot's or a department's."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_unsolved"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Offer a person or a ticket; of a ticket, have the enterprise called back."""
        said = Contested(
            read.thread_id(tracker),
            read.message_id(tracker),
            read.raw_text(tracker),
            read.ticket_number(tracker),
        )
        read.utter(dispatcher, await contest(self._desk, said, read.context(tracker)))
        return []
