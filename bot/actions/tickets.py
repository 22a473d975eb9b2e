"""Asking after a ticket: the form that finds out which, and what is done with it."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import tracker as read
from desk.answers import answer, answers_surely
from desk.desk import Desk
from desk.ticket_talk import Act, TicketTalk, act_on, advance, left, numbers_of, question
from desk.values import Reply

_FORM = "ticket_form"
_SLOTS = {"number": "ticket_number", "tail": "ticket_tail", "note": "ticket_note", "sure": "ticket_sure"}


class HearTicket(Action):
    """Takes each message that the form gets."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As Rasa's form calls it."""
        return f"validate_{_FORM}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots for what was said; a question in between is left to the other rules."""
        said, talk = read.said(tracker), _talk(tracker)
        if talk.asking and said.elsewhere():
            return []
        if talk.asking is None and await answers_surely(self._desk, read.asked(tracker)):
            return read.slots({"ticket_notes": {"question": True}, "requested_slot": None})
        after = await advance(self._desk, read.thread_id(tracker), read.message_id(tracker), talk, said)
        return read.slots(
            {
                "ticket_act": after.act.value,
                **{slot: getattr(after, name) for name, slot in _SLOTS.items()},
                "ticket_notes": {"failures": after.failures, "say": after.say, "left": after.left},
                "requested_slot": _SLOTS[after.asking] if after.asking else None,
            }
        )


class AskTicket(Action):
    """Asks for the number, the telephone's last digits, the words to add, or whether it is meant."""

    def __init__(self, desk: Desk, what: str) -> None:
        self._desk = desk
        self._what = what

    def name(self) -> str:
        """As Rasa's form calls it."""
        return f"action_ask_{_FORM}_{_SLOTS[self._what]}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Ask."""
        mine = await numbers_of(self._desk, read.thread_id(tracker))
        read.utter(dispatcher, question(_talk(tracker), self._what, mine))
        return []


class CloseTicket(Action):
    """All is known: do it. Also answers a word about a ticket that comes in the middle of something else."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_close_ticket"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Say what came of it; forget the form."""
        forgotten = read.slots(dict.fromkeys(("ticket_act", "ticket_notes", *_SLOTS.values())))
        if (tracker.get_slot("ticket_notes") or {}).get("question"):
            reply, after = await answer(self._desk, read.asked(tracker), read.context(tracker))
            read.utter(dispatcher, reply)
            return [*forgotten, *read.context_events(after)]
        read.utter(dispatcher, await self._reply(tracker))
        return forgotten

    async def _reply(self, tracker: Tracker) -> Reply:
        thread_id, talk = read.thread_id(tracker), _talk(tracker)
        if tracker.get_slot("ticket_act") is None:
            return Reply("您正在填写一张新的工单。填完或取消以后，再说“查询进度”就行。", outcome="form")
        if talk.left:
            return left(talk)
        return await act_on(self._desk, thread_id, read.message_id(tracker), talk)


def _talk(tracker: Tracker) -> TicketTalk:
    notes = tracker.get_slot("ticket_notes") or {}
    requested = tracker.get_slot("requested_slot")
    said = read.said(tracker)
    act = tracker.get_slot("ticket_act") or (said.intent if said.intent in set(Act) else Act.PROGRESS)
    return TicketTalk(
        act=Act(act),
        number=tracker.get_slot("ticket_number"),
        tail=tracker.get_slot("ticket_tail"),
        note=tracker.get_slot("ticket_note"),
        sure=tracker.get_slot("ticket_sure"),
        asking=next((name for name, slot in _SLOTS.items() if slot == requested), None),
        failures=int(notes.get("failures", 0)),
        say=str(notes.get("say", "")),
        left=bool(notes.get("left", False)),
    )
