"""Calling a person, and rating a talk."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import tracker as read
from desk.answers import answer, answers_surely
from desk.contesting import Contested, dissatisfied
from desk.desk import Desk
from desk.handoff import hand_off
from desk.ratings import rate

# A rating is a word or two; more of them ask about ratings.
_LONGEST_RATING = 8


class HandOff(Action):
    """Calls a person."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_hand_off"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Put the thread into the queue and say what happens next."""
        read.utter(dispatcher, await hand_off(self._desk, read.thread_id(tracker)))
        return read.slots({"unknown": 0})


class Rate(Action):
    """Takes a rating of the talk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_rate"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Keep the rating, or ask for one of the five levels."""
        asked = read.asked(tracker)
        if len(asked.text) > _LONGEST_RATING and await answers_surely(self._desk, asked):
            reply, after = await answer(self._desk, asked, read.context(tracker))
            read.utter(dispatcher, reply)
            return read.context_events(after)
        thread_id, message_id, text = (
            read.thread_id(tracker),
            read.message_id(tracker),
            read.raw_text(tracker),
        )
        unhelped = await dissatisfied(self._desk, Contested(thread_id, message_id, text))
        read.utter(dispatcher, unhelped or await rate(self._desk, thread_id, text, message_id=message_id))
        return []
