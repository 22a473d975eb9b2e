"""How often: per conversation and per address, in memory or in Redis for several processes."""

from __future__ import annotations

import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from connectors.web.problems import rate_limited

# Nobody finds a token by trying, yet each try costs a look into the database.
_WRONG_TOKENS = "60/minute"
# A page that cannot listen asks every few seconds.
_READS = "120/minute"
_READS_PER_ADDRESS = "1200/minute"


class Limits:
    """The limits of the web channel and of the public API, each like `20/minute`."""

    def __init__(
        self,
        *,
        per_conversation: str,
        per_address: str,
        conversations: str,
        per_system: str = "600/minute",
        redis: str = "",
    ) -> None:
        storage = RedisStorage(f"async+{redis}", implementation="redispy") if redis else MemoryStorage()
        # Counters: the storage in memory sweeps windows of single events in a thread, each key anew.
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._per_conversation = parse(per_conversation)
        self._per_address = parse(per_address)
        self._conversations = parse(conversations)
        self._per_system = parse(per_system)
        self._wrong_tokens = parse(_WRONG_TOKENS)
        self._reads, self._reads_per_address = parse(_READS), parse(_READS_PER_ADDRESS)

    async def begin(self, address: str) -> None:
        """A new conversation. Raises the problem `rate-limited`."""
        await self._hit(self._conversations, "begin", address)

    async def message(self, conversation: str, address: str) -> None:
        """A message. Raises the problem `rate-limited`."""
        await self._hit(self._per_address, "address", address)
        await self._hit(self._per_conversation, "conversation", conversation)

    async def read(self, conversation: str, address: str) -> None:
        """A look at what was said. Raises the problem `rate-limited`."""
        await self._hit(self._reads_per_address, "read-address", address)
        await self._hit(self._reads, "read", conversation)

    async def system(self, token_id: str) -> None:
        """A request of another system. Raises the problem `rate-limited`."""
        await self._hit(self._per_system, "system", token_id)

    async def wrong_token(self, address: str) -> None:
        """A token that is none. Raises the problem `rate-limited`."""
        await self._hit(self._wrong_tokens, "wrong-token", address)

    async def _hit(self, item: RateLimitItem, *who: str) -> None:
        if not await self._limiter.hit(item, *who):
            window = await self._limiter.get_window_stats(item, *who)
            raise rate_limited(max(1, round(window.reset_time - time.time())))
