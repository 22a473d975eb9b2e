"""The way to the action endpoint: one kept connection, a token, no domain, no failure passed over."""

from typing import Any, Dict, Optional

import aiohttp
from channel import TurnFailed
from rasa.utils.endpoints import EndpointConfig

# Rasa would wait 300 s, with the conversation locked all that time.
TIMEOUT_SECONDS = 20.0


class ActionEndpoint(EndpointConfig):
    """Calls actions at `url` with the token; anything but a 200 with JSON fails the turn."""

    def __init__(self, url: str, token: str, timeout: float = TIMEOUT_SECONDS) -> None:
        # With `enable_selective_domain` Rasa serialises and sends its whole domain only to the actions which
        # the domain file marks `send_domain: true`.
        super().__init__(url, headers={"Authorization": f"Bearer {token}"}, enable_selective_domain=True)
        self._timeout = timeout
        self._kept: Optional[aiohttp.ClientSession] = None

    async def request(self, *_: Any, json: Optional[Dict[str, Any]] = None, **__: Any) -> Any:
        """Post one action call and return its JSON; raises TurnFailed with the action's name and the cause."""
        call = slim(json or {})
        name = call.get("next_action", "?")
        try:
            async with self._connection().post(self.url, json=call) as answer:
                if answer.status != 200:
                    raise TurnFailed(f"{name}: the action endpoint answered {answer.status}")
                return await answer.json()
        except aiohttp.ContentTypeError as failure:
            raise TurnFailed(f"{name}: the action endpoint answered something else than JSON") from failure
        except Exception as failure:
            raise TurnFailed(f"{name}: {type(failure).__name__} at the action endpoint") from failure

    async def close(self) -> None:
        """Close the kept connections."""
        if self._kept is not None:
            await self._kept.close()

    def _connection(self) -> aiohttp.ClientSession:
        # Made at the first call: a session belongs to the event loop it is made in.
        if self._kept is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout)
            self._kept = aiohttp.ClientSession(headers=self.headers, timeout=timeout)
        return self._kept


def slim(call: Dict[str, Any]) -> Dict[str, Any]:
    """Return an action call without what grows with the conversation: its events begin with the last message.

    Slots, latest message and active loop are whole. `domain` is empty unless Rasa has put it in, for rasa-sdk from
    3.8 on refuses a call that has none.

    >>> events = [{"event": "user", "text": "a"}, {"event": "bot"}, {"event": "user", "text": "b"}, {"event": "slot"}]
    >>> slim({"tracker": {"events": events, "slots": {}}})["tracker"]["events"]
    [{'event': 'user', 'text': 'b'}, {'event': 'slot'}]
    """
    tracker = call.get("tracker") or {}
    events = tracker.get("events") or []
    messages = [place for place, event in enumerate(events) if event.get("event") == "user"]
    latest = events[messages[-1] :] if messages else events
    return {"domain": {}, **call, "tracker": {**tracker, "events": latest}}
