"""Being told an answer later."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import tracker as read
from desk.desk import Desk
from desk.learning.telling import agree, take_back


class TellMe(Action):
    """The person agrees to be told the answer to what was not answered."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_tell_me"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Note it."""
        read.utter(dispatcher, await agree(self._desk, read.thread_id(tracker), read.message_id(tracker)))
        return []


class TellMeNot(Action):
    """The person takes that back."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_tell_me_not"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Forget it."""
        read.utter(dispatcher, await take_back(self._desk, read.thread_id(tracker)))
        return []
