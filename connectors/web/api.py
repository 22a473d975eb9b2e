"""`/api/conversations`: begin a talk, say something, read what was said, hear what comes later.

Annotations are evaluated here: FastAPI reads those of the routes, which name what is local to the router.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, Field

from connectors.web.limits import Limits
from connectors.web.problems import ProblemBody, text_empty, text_too_long, unauthorized
from connectors.web.streams import EventStream, Streams
from connectors.web.tokens import Tokens
from conversations.messages import by_external_id, history, replies_to
from conversations.models import Message, Turn
from desk.desk import Desk
from desk.ports import DialogueDown
from desk.receive import receive
from desk.turns import take_turns
from desk.values import InboundMessage

CHANNEL = "web"
# What a message's id can be; a greater number is refused by the database, not by us.
GREATEST_ID = 2**31 - 1
After = Annotated[int, Query(ge=0, le=GREATEST_ID)]
_POLL_SECONDS = 1.0
_PING_SECONDS = 15.0
_WAITS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.5)


class Conversation(BaseModel):
    """A talk; the token proves that it is yours. It is told once."""

    id: str
    token: str


class Said(BaseModel):
    """What a person says. `id` is the client's own: sent twice, it is one message."""

    id: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")
    text: str


class ButtonOut(BaseModel):
    """Sending the title as text picks the option."""

    title: str


class MessageOut(BaseModel):
    """A message of a talk; the fields from `outcome` on are there for the bot's replies."""

    id: int
    author: Literal["person", "bot", "staff", "system"]
    text: str
    buttons: list[ButtonOut]
    outcome: str | None
    article: str | None
    aspect: str | None
    options: list[str]
    ticket: str | None
    at: datetime


class Turned(BaseModel):
    """A message and the replies to it. `pending`: the replies come later, through the events."""

    message: MessageOut
    replies: list[MessageOut]
    pending: bool


class History(BaseModel):
    """The messages of a talk, in order."""

    messages: list[MessageOut]


def conversation_router(
    desk: Desk,
    tokens: Tokens,
    limits: Limits,
    *,
    max_letters: int,
    stopping: asyncio.Event,
    streams: Streams | None = None,
) -> APIRouter:
    """The API of the web channel."""
    streams = streams or Streams()
    router = APIRouter(prefix="/api/conversations", tags=["conversations"])
    router.responses = {401: {"model": ProblemBody}, 422: {"model": ProblemBody}, 429: {"model": ProblemBody}}
    Owner = Annotated[str, Depends(_owner(tokens))]  # noqa: N806 (a type)

    @router.post("", status_code=201)
    async def begin(request: Request) -> Conversation:
        """Begin a talk."""
        await limits.begin(_address(request))
        id = desk.new_id()
        return Conversation(id=id, token=tokens.of(id))

    @router.post("/{conversation_id}/messages", responses={202: {"model": Turned}})
    async def say(owner: Owner, said: Said, request: Request, response: Response) -> Turned:
        """Say something and get the bot's replies; 202 where they will come later."""
        await limits.message(owner, _address(request))
        if not said.text.strip():
            raise text_empty()
        if len(said.text) > max_letters:
            raise text_too_long(max_letters)
        external_id = f"{owner}:{said.id}"
        inbound = InboundMessage(CHANNEL, external_id, owner, said.text, desk.clock())
        received = await receive(desk, inbound)
        replies: Sequence[Message] = ()
        with suppress(DialogueDown):  # the message is stored; the loop takes its turn when the model is back
            replies = await take_turns(desk, received.thread_id)
        ours = [_out(reply) for reply in replies if reply.answers_id == received.message_id]
        if ours:
            return Turned(message=_out(received.message), replies=ours, pending=False)
        turned = await _turned(desk, external_id)
        response.status_code = 202 if turned.pending else 200
        return turned

    @router.get("/{conversation_id}/messages")
    async def read(owner: Owner, request: Request, after: After = 0) -> History:
        """The messages after an id."""
        await limits.read(owner, _address(request))
        return History(messages=[_out(message) for message in await _history(desk, owner, after)])

    @router.get("/{conversation_id}/events", response_class=StreamingResponse)
    async def listen(
        owner: Owner,
        request: Request,
        after: After = 0,
        last_event_id: Annotated[int | None, Header(ge=0, le=GREATEST_ID)] = None,
    ) -> StreamingResponse:
        """Server-sent events: every message after the given id, then each new one."""
        address = _address(request)
        await limits.read(owner, address)
        streams.room(owner, address)
        events = _events(desk, owner, last_event_id or after, stopping)
        return EventStream(events, streams, conversation=owner, address=address)

    return router


def _owner(tokens: Tokens) -> Callable[..., Awaitable[str]]:
    bearer = HTTPBearer(auto_error=False)

    async def owner(
        conversation_id: str, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]
    ) -> str:
        if credentials is None or not tokens.right(conversation_id, credentials.credentials):
            raise unauthorized()
        return conversation_id

    return owner


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"


async def _turned(desk: Desk, external_id: str) -> Turned:
    """The message and its replies; waits a moment where another request is at this very turn."""
    turned = await _look(desk, external_id)
    for seconds in _WAITS:
        if not turned.pending:
            break
        await asyncio.sleep(seconds)
        turned = await _look(desk, external_id)
    return turned


async def _look(desk: Desk, external_id: str) -> Turned:
    async with desk.database.read() as session:
        message = await by_external_id(session, CHANNEL, external_id)
        assert message is not None
        replies = await replies_to(session, message.id)
    return Turned(
        message=_out(message),
        replies=[_out(reply) for reply in replies],
        pending=message.turn == Turn.WAITING,
    )


async def _history(desk: Desk, owner: str, after: int) -> list[Message]:
    async with desk.database.read() as session:
        return list(await history(session, channel=CHANNEL, address=owner, after=after))


async def _events(desk: Desk, owner: str, after: int, stopping: asyncio.Event) -> AsyncIterator[str]:
    quiet = 0.0
    yield ": open\n\n"
    while not stopping.is_set():
        messages = await _history(desk, owner, after)
        for message in messages:
            after = message.id
            data = json.dumps(_out(message).model_dump(mode="json"), ensure_ascii=False)
            yield f"id: {message.id}\nevent: message\ndata: {data}\n\n"
        quiet = 0.0 if messages else quiet + _POLL_SECONDS
        if quiet >= _PING_SECONDS:
            quiet = 0.0
            yield ": ping\n\n"
        try:
            await asyncio.wait_for(stopping.wait(), _POLL_SECONDS)
        except TimeoutError:
            continue


def _out(message: Message) -> MessageOut:
    detail: dict[str, Any] = message.detail
    return MessageOut(
        id=message.id,
        author=message.author.value,
        text=message.text,
        buttons=[ButtonOut(title=button["title"]) for button in message.buttons],
        outcome=detail.get("outcome"),
        article=detail.get("article"),
        aspect=detail.get("aspect"),
        options=list(detail.get("options") or ()),
        ticket=detail.get("ticket"),
        at=message.created_at.astimezone(UTC),
    )
