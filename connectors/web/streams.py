"""How many streams of events stand open at a time, in this process: each costs a look into the database every second."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from connectors.web.problems import too_many_streams

# A few pages of one talk, as after a connection that was cut and is not known to be; a hall full of people behind one address.
PER_CONVERSATION = 4
PER_ADDRESS = 200


class Streams:
    """Those that stand open, by conversation and by address."""

    def __init__(self, *, per_conversation: int = PER_CONVERSATION, per_address: int = PER_ADDRESS) -> None:
        self._most = {"conversation": per_conversation, "address": per_address}
        self._open: Counter[tuple[str, str]] = Counter()

    def room(self, conversation: str, address: str) -> None:
        """Raises the problem `too-many-streams` where no further one may be opened."""
        for key in (("conversation", conversation), ("address", address)):
            if self._open[key] >= self._most[key[0]]:
                raise too_many_streams()

    @contextmanager
    def one(self, conversation: str, address: str) -> Iterator[None]:
        """While one stands open."""
        keys = (("conversation", conversation), ("address", address))
        self._open.update(keys)
        try:
            yield
        finally:
            self._open.subtract(keys)
            for key in keys:
                if not self._open[key]:
                    del self._open[key]


class EventStream(StreamingResponse):
    """Server-sent events; counted as long as they are sent."""

    media_type = "text/event-stream"

    def __init__(
        self, events: AsyncIterator[str], streams: Streams, *, conversation: str, address: str
    ) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store"})
        self._counted = streams, conversation, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        streams, conversation, address = self._counted
        with streams.one(conversation, address):
            await super().__call__(scope, receive, send)
