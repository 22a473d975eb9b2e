"""Calling a person, and rating a talk."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import tracker as read
from desk.desk import Desk
from desk.handoff import hand_off
from desk.ratings import rate


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
        read.utter(dispatcher, await rate(self._desk, read.thread_id(tracker), read.raw_text(tracker)))
        return []
