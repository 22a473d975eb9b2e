"""Turns taken exactly once: a repeated message gets the same reply, a failed turn leaves no trace."""

from typing import Any, Dict, List, Optional

from channel import TurnFailed, without_words
from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, BotUttered, Event, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from trackers import Trackers

LOCK_POLL_SECONDS = 0.02


class TurnAgent(Agent):
    """Rasa's agent, with a tracker store that may fail aloud and a lock that is looked at often."""

    tracker_store: Trackers
    processor: "TurnProcessor"

    def load_model(self, model_path: str, fingerprint: Optional[str] = None) -> None:
        """Load the model; raises what Rasa raises for a file that is not one."""
        # Rasa wraps the store so that a failure to read gives an empty tracker and a failure to write goes to
        # memory: the person's form would be forgotten in silence. Here both are failures of the turn.
        plain: Any = getattr(self.tracker_store, "_tracker_store", self.tracker_store)
        self.tracker_store = plain
        self.processor = TurnProcessor(
            model_path=model_path,
            tracker_store=self.tracker_store,
            lock_store=self.lock_store,
            generator=self.nlg,
            action_endpoint=self.action_endpoint,
            on_circuit_break=_too_many_actions,
        )
        self.domain = self.tracker_store.domain = self.processor.domain
        self.nlg.responses = self.domain.responses
        self._set_fingerprint(fingerprint)

    async def handle_message(self, message: UserMessage) -> Optional[List[Dict[str, Any]]]:
        """Take one turn under the conversation's lock."""
        # Rasa looks at a taken lock once a second, so that a second message would wait that long.
        async with self.lock_store.lock(message.sender_id, wait_time_in_seconds=LOCK_POLL_SECONDS):
            return await self.processor.handle_message(message)

    async def forget(self, sender_id: str) -> None:
        """Delete a conversation, under its lock."""
        async with self.lock_store.lock(sender_id, wait_time_in_seconds=LOCK_POLL_SECONDS):
            await self.tracker_store.delete(sender_id)


class TurnProcessor(MessageProcessor):
    """Rasa's processor, with replay before a turn and without the swallowing of failures in it."""

    async def handle_message(self, message: UserMessage) -> Optional[List[Dict[str, Any]]]:
        """Take a turn, or say again what was said when this message was first seen."""
        try:
            return await super().handle_message(message)
        except AlreadySaid as seen:
            for event in seen.said:
                await message.output_channel.send_response(message.sender_id, event.message())
            return None

    async def fetch_tracker_and_update_session(
        self,
        sender_id: str,
        output_channel: Optional[OutputChannel] = None,
        metadata: Optional[Dict[str, Any]] = None,
    ) -> DialogueStateTracker:
        """Return the tracker a turn begins with; raises AlreadySaid if it holds this very message.

        It is here that Rasa reads the tracker, once, with the conversation locked.
        """
        tracker = await self.get_tracker(sender_id)
        message_id = (metadata or {}).get("message_id")
        said = None if message_id is None else said_to(message_id, list(tracker.events))
        if said is not None:
            raise AlreadySaid(said)
        await self._update_tracker_session(tracker, output_channel, metadata)
        return tracker

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        return await super()._run_action(LoudAction(action), tracker, output_channel, nlg, prediction)


class AlreadySaid(Exception):
    """Ends a turn before it begins: the message was seen before, and these are the utterances of then."""

    def __init__(self, said: List[BotUttered]) -> None:
        super().__init__()
        self.said = said


class LoudAction(Action):
    """An action whose failure ends the turn, where Rasa would go on without it."""

    def __init__(self, action: Action) -> None:
        self._action = action

    def name(self) -> str:
        """Return the action's own name."""
        return self._action.name()

    def event_for_successful_execution(self, prediction: PolicyPrediction) -> ActionExecuted:
        """Return the action's own event."""
        return self._action.event_for_successful_execution(prediction)

    async def run(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> List[Event]:
        """Run the action; a rejection (a form that did not get its slot) is no failure."""
        try:
            return await self._action.run(output_channel, nlg, tracker, domain)
        except ActionExecutionRejection:
            raise
        except Exception as failure:
            raise TurnFailed(f"{self.name()}: {without_words(failure)}") from failure


def said_to(message_id: str, events: List[Event]) -> Optional[List[BotUttered]]:
    """Return what the bot said to the message with this id, None if it has not been seen.

    A turn's events run up to the next message of the person; an event that repeats the same message (the
    two-stage fallback does that) still belongs to it.
    """
    ids = [e.metadata.get("message_id") if isinstance(e, UserUttered) else None for e in events]
    if message_id not in ids:
        return None
    first = ids.index(message_id)
    said = []
    for event, seen in zip(events[first:], ids[first:]):
        if isinstance(event, UserUttered) and seen != message_id:
            break
        if isinstance(event, BotUttered):
            said.append(event)
    return said


def _too_many_actions(tracker: DialogueStateTracker, *_: Any) -> None:
    raise TurnFailed("the rules do not come to an end: too many actions in one turn")
