"""The form of a complaint or request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType
from rasa_sdk.executor import CollectingDispatcher

from bot.actions import tracker as read
from desk.answers import answer, answers_surely
from desk.articles import COMPLAINT
from desk.complaints import attached_to_form, cancelled, submit
from desk.desk import Desk
from desk.intake.ask import ask
from desk.intake.form import CANCELLING, SUMMARY, Form, Outcome, Step
from tickets.models import Kind

_FORM = "complaint_form"


class OpenIntake(Action):
    """Decides whether a message that sounds like a complaint begins one: 怎么投诉 asks, 我要投诉 begins."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_open_intake"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Answer the question, or leave it to the form that comes next."""
        asked = read.asked(tracker)
        if await answers_surely(self._desk, asked):
            reply, after = await answer(self._desk, asked, read.context(tracker))
            read.utter(dispatcher, replace(reply, buttons=(COMPLAINT, *reply.buttons)))
            return [*read.context_events(after), *read.slots({"intake_opened": False})]
        kind = Kind.REQUEST if asked.intent == "request" else Kind.COMPLAINT
        return read.slots({"intake_opened": True, "ticket_kind": kind.value, **_cleared(self._desk)})


class HearIntake(Action):
    """Takes each message that the form gets; leaves what is no answer to the other rules."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As Rasa's form calls it."""
        return f"validate_{_FORM}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Slots for what was said, and which slot to ask for. No event at all rejects the form: a digression."""
        form = _form(self._desk, tracker)
        said = read.said(tracker)
        intake, kind = self._desk.intake, Kind(tracker.get_slot("ticket_kind") or Kind.COMPLAINT)
        step = intake.hear(form, said) if form.asking else intake.begin(kind, said)
        if step.outcome is Outcome.DIGRESSED:
            return []
        return read.slots(_changes(self._desk, tracker, step))


class AskIntake(Action):
    """Asks for one field of the form, shows the summary, or asks whether to leave off."""

    def __init__(self, desk: Desk, field: str) -> None:
        self._desk = desk
        self._field = field

    def name(self) -> str:
        """As Rasa's form calls it."""
        return f"action_ask_{_FORM}_{self._field}"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Say what there is to say, then ask."""
        notes = tracker.get_slot("form_notes") or {}
        kind = Kind(tracker.get_slot("ticket_kind") or Kind.COMPLAINT)
        form = Form(_form(self._desk, tracker).values, self._field, int(notes.get("failures", 0)))
        attached = (
            await attached_to_form(self._desk, read.thread_id(tracker)) if self._field == SUMMARY else ""
        )
        reply = ask(self._desk.intake, kind, form, notes.get("say", ()), attached)
        read.utter(dispatcher, replace(reply, intake=notes.get("begun")))
        return read.slots({"form_notes": {**notes, "say": []}})


class CloseIntake(Action):
    """The form has ended: a ticket, or nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def name(self) -> str:
        """As the domain calls it."""
        return "action_close_intake"

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[EventType]:
        """Open the ticket, once for the confirming message; forget the form."""
        if tracker.get_slot(SUMMARY):
            reply = await submit(
                self._desk,
                thread_id=read.thread_id(tracker),
                message_id=read.message_id(tracker),
                kind=Kind(tracker.get_slot("ticket_kind") or Kind.COMPLAINT),
                values=_form(self._desk, tracker).values,
            )
        else:
            reply = cancelled()
        begun = (tracker.get_slot("form_notes") or {}).get("begun")
        read.utter(dispatcher, replace(reply, intake=begun))
        return read.slots({**_cleared(self._desk), "ticket_kind": None, "intake_opened": None})


def _form(desk: Desk, tracker: Tracker) -> Form:
    filled = {name: tracker.get_slot(name) for name in desk.intake.fields}
    notes = tracker.get_slot("form_notes") or {}
    return Form(
        {name: str(value) for name, value in filled.items() if value is not None},
        tracker.get_slot("requested_slot"),
        int(notes.get("failures", 0)),
    )


def _changes(desk: Desk, tracker: Tracker, step: Step) -> dict[str, Any]:
    values = {name: step.form.values.get(name) for name in desk.intake.fields}
    changes: dict[str, Any] = {
        name: value for name, value in values.items() if value != tracker.get_slot(name)
    }
    # By the message that began it the form is told from earlier ones: see desk/belonging.py.
    begun = (tracker.get_slot("form_notes") or {}).get("begun") or read.message_id(tracker)
    changes["form_notes"] = {"failures": step.form.failures, "say": list(step.say), "begun": begun}
    if step.outcome is Outcome.GOING:
        return {**changes, "requested_slot": step.form.asking}
    return {**changes, SUMMARY: step.form.values.get(SUMMARY), "requested_slot": None}


def _cleared(desk: Desk) -> dict[str, None]:
    return dict.fromkeys((*desk.intake.fields, SUMMARY, CANCELLING, "form_notes"))
