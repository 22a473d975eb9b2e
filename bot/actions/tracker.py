"""What an action reads from Rasa's tracker and writes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from desk.answers import Asked, Context
from desk.intake.form import Said
from desk.values import Reply


def thread_id(tracker: Tracker) -> str:
    """The thread: Rasa's sender is `thread.talk`."""
    return str(tracker.sender_id).partition(".")[0]


def message_id(tracker: Tracker) -> int:
    """The message whose turn this is: what an action writes is keyed by it."""
    return int((tracker.latest_message.get("metadata") or {})["message_id"])


def raw_text(tracker: Tracker) -> str:
    """What the person wrote, letter for letter."""
    metadata = tracker.latest_message.get("metadata") or {}
    return str(metadata.get("text") or tracker.latest_message.get("text") or "")


def said(tracker: Tracker) -> Said:
    """The latest message as the forms take it."""
    intent = tracker.latest_message.get("intent") or {}
    return Said(raw_text(tracker), str(intent.get("name")), float(intent.get("confidence") or 0.0))


def asked(tracker: Tracker) -> Asked:
    """The latest message as a question."""
    latest = tracker.latest_message
    intent = latest.get("intent") or {}
    named = {entity["entity"]: entity["value"] for entity in latest.get("entities") or ()}
    picked = intent.get("name") in ("pick_article", "pick_aspect")
    return Asked(
        text=str(latest.get("text") or ""),
        intent=str(intent.get("name")),
        confidence=float(intent.get("confidence") or 0.0),
        ranking={str(item["name"]): float(item["confidence"]) for item in latest.get("intent_ranking") or ()},
        picked_article=named.get("article") if picked else None,
        picked_aspect=named.get("aspect") if picked else None,
    )


def ticket_number(tracker: Tracker) -> str | None:
    """The ticket that a button names."""
    named = (
        one["value"]
        for one in tracker.latest_message.get("entities") or ()
        if one["entity"] == "ticket_number"
    )
    return next((str(value) for value in named), None)


def context(tracker: Tracker) -> Context:
    """What the talk has been about."""
    return Context(
        tracker.get_slot("article"), tracker.get_slot("aspect"), int(tracker.get_slot("unknown") or 0)
    )


def context_events(after: Context) -> list[EventType]:
    """The same, kept for the next turn."""
    return slots({"article": after.article, "aspect": after.aspect, "unknown": after.unknown})


def slots(values: Mapping[str, Any]) -> list[EventType]:
    """Slots to set."""
    return [SlotSet(name, value) for name, value in values.items()]


def utter(dispatcher: CollectingDispatcher, reply: Reply) -> None:
    """Say a reply."""
    dispatcher.utter_message(
        text=reply.text,
        buttons=[button.as_json() for button in reply.buttons],
        json_message=reply.detail(),
    )
