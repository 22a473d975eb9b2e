"""The REST channel: one HTTP request is one turn, one JSON object is one utterance."""

import logging
import traceback
from typing import Any, Awaitable, Callable, Dict, List, Optional

from rasa.core.channels.channel import InputChannel, OutputChannel, UserMessage
from sanic import Blueprint, response
from sanic.exceptions import SanicException
from sanic.request import Request
from sanic.response import HTTPResponse

logger = logging.getLogger(__name__)

UTTERANCE_KEYS = ("text", "buttons", "custom", "image", "attachment", "elements", "quick_replies")


class TurnFailed(BaseException):
    """A turn that must leave no trace: nobody may be told of it as if it had worked.

    Rasa's own processor answers `Exception` of an action with "the bot will continue"; only what does not
    derive from `Exception` gets past it. The text is safe to log and to return: it never quotes the person.
    """


class Utterances(OutputChannel):
    """Collects what the bot says in one turn, each utterance whole."""

    def __init__(self) -> None:
        self.collected: List[Dict[str, Any]] = []

    @classmethod
    def name(cls) -> str:
        """Name by which a response in the domain may be written for this channel alone."""
        return "rest"

    async def send_response(self, recipient_id: str, message: Dict[str, Any]) -> None:
        """Keep one utterance; `message` is `BotUttered.message()`."""
        self.collected.append(utterance(message))


class TurnChannel(InputChannel):
    """`POST webhook {"sender", "message", "metadata"}` takes a turn, `GET /` tells that turns can be taken,
    `POST parse {"message"}` tells what the model makes of a text, `DELETE talks/SENDER` forgets a conversation."""

    @classmethod
    def name(cls) -> str:
        """Name, and with it the path: /webhooks/rest/."""
        return "rest"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Return the routes; `on_new_message` runs the turn under the conversation's lock."""
        routes = Blueprint("turns")

        @routes.get("/")
        async def health(request: Request) -> HTTPResponse:
            return response.json({"status": "ok"})

        @routes.post("/webhook")
        async def webhook(request: Request) -> HTTPResponse:
            message = read_message(request)
            if message is None:
                wanted = 'expected {"sender": text, "message": text, "metadata": object or nothing}'
                return response.json({"error": wanted}, status=400)
            try:
                await on_new_message(message)
            except TurnFailed as failure:
                logger.error("turn failed: %s", failure)
                return response.json({"error": str(failure)}, status=500)
            except Exception as failure:
                logger.error("turn failed: %s", without_words(failure))
                return response.json({"error": type(failure).__name__}, status=500)
            return response.json(message.output_channel.collected)

        @routes.post("/parse")
        async def parse(request: Request) -> HTTPResponse:
            text = read_text(request)
            if text is None:
                return response.json({"error": 'expected {"message": text}'}, status=400)
            try:
                found = await request.app.ctx.agent.parse_message(text)
            except Exception as failure:
                logger.error("parsing failed: %s", without_words(failure))
                return response.json({"error": type(failure).__name__}, status=500)
            return response.json(understood(found))

        @routes.delete("/talks/<sender:str>")
        async def forget(request: Request, sender: str) -> HTTPResponse:
            try:
                await request.app.ctx.agent.forget(sender)
            except Exception as failure:
                logger.error("forgetting failed: %s", without_words(failure))
                return response.json({"error": type(failure).__name__}, status=500)
            return response.empty()

        return routes


def read_message(request: Request) -> Optional[UserMessage]:
    """Return the message a request carries, None if it is not of the agreed form."""
    try:
        body = request.json
    except SanicException:
        return None
    if not isinstance(body, dict):
        return None
    sender, text, metadata = body.get("sender"), body.get("message"), body.get("metadata")
    if not (isinstance(sender, str) and sender and isinstance(text, str)):
        return None
    if not (metadata is None or isinstance(metadata, dict)):
        return None
    return UserMessage(text, Utterances(), sender, input_channel=TurnChannel.name(), metadata=metadata)


def read_text(request: Request) -> Optional[str]:
    """Return the text that is to be parsed, None if there is none."""
    try:
        body = request.json
    except SanicException:
        return None
    text = body.get("message") if isinstance(body, dict) else None
    return text if isinstance(text, str) else None


def understood(found: Dict[str, Any]) -> Dict[str, Any]:
    """Return what a parse found, as sent: the intent, how sure it is, and every intent's share."""
    intent = found.get("intent") or {}
    ranking = {item["name"]: float(item["confidence"]) for item in found.get("intent_ranking") or ()}
    return {
        "intent": intent.get("name") or "",
        "confidence": float(intent.get("confidence") or 0.0),
        "ranking": ranking,
    }


def utterance(message: Dict[str, Any]) -> Dict[str, Any]:
    """Return one utterance as sent: what of text, buttons, custom, … it has, and its response's name.

    >>> utterance({"text": "电话？", "buttons": None, "utter_action": "utter_ask_phone", "timestamp": 1.0})
    {'text': '电话？', 'response': 'utter_ask_phone'}
    """
    said = {key: message[key] for key in UTTERANCE_KEYS if message.get(key)}
    if message.get("utter_action"):
        said["response"] = message["utter_action"]
    return said


def without_words(failure: BaseException) -> str:
    """Return where and how something failed, without the exception's text, which may quote the person."""
    frames = traceback.extract_tb(failure.__traceback__)[-3:]
    where = " < ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(failure).__name__} at {where}"
