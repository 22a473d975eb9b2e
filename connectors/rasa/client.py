"""Asking Rasa: one request is one turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from desk.answers import Asked
from desk.ports import DialogueDown, Parsed, TurnFailed
from desk.values import Utterance
from knowledge.search.text import normalise

_CONNECT_SECONDS = 2.0
_LOOK_SECONDS = 0.05


class RasaDialogue:
    """The `Dialogue` port on Rasa's REST channel (bot/rasa/channel.py).

    With aiohttp, since each turn is one such request: it takes 0.14 ms of our processor, with httpx 0.9.
    """

    def __init__(self, url: str, token: str, *, timeout_seconds: float) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, connect=_CONNECT_SECONDS)
        self._kept: aiohttp.ClientSession | None = None
        self._turns: Counter[str] = Counter()  # under way, by where they are taken

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """What the model says. Raises `DialogueDown` or `TurnFailed`; asking again with the same id is safe."""
        body = {
            "sender": talk,
            "message": text,
            "metadata": {"message_id": str(message_id), "text": written},
        }
        url = self._url
        self._turns[url] += 1
        try:
            async with self._session().post(f"{url}/webhooks/rest/webhook", json=body) as answer:
                answer.raise_for_status()
                return [_utterance(item) for item in await answer.json()]
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            # One that hangs accepts connections still: after a time-out it is asked whether it is there.
            there = _of_this_turn(error) and (not isinstance(error, TimeoutError) or await self.ready())
            failure = TurnFailed if there else DialogueDown
            raise failure(str(error) or type(error).__name__) from error
        finally:
            self._turns[url] -= 1

    async def move(self, url: str) -> None:
        """Take turns at another Rasa from now on; returns when those at the present one have come to their end."""
        before, self._url = self._url, url
        while self._turns[before] > 0:  # noqa: ASYNC110 (each has its time limit)
            await asyncio.sleep(_LOOK_SECONDS)
        del self._turns[before]

    async def parse(self, text: str) -> Parsed:
        """What the model understands. Raises `DialogueDown`."""
        try:
            async with self._session().post(
                f"{self._url}/webhooks/rest/parse", json={"message": text}
            ) as answer:
                answer.raise_for_status()
                return _parsed(await answer.json())
        except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise DialogueDown(str(error) or type(error).__name__) from error

    async def understand(self, text: str) -> Asked:
        """The same as the desk is asked it. Raises `DialogueDown`."""
        plain = normalise(text)
        found = await self.parse(plain)
        return Asked(plain, intent=found.intent, confidence=found.confidence, ranking=dict(found.ranking))

    async def forget(self, talk: str) -> None:
        """Delete what Rasa keeps of a talk. Raises `DialogueDown`."""
        try:
            async with self._session().delete(f"{self._url}/webhooks/rest/talks/{talk}") as answer:
                answer.raise_for_status()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DialogueDown(str(error) or type(error).__name__) from error

    async def ready(self) -> bool:
        """Whether the model is loaded and turns can be taken."""
        timeout = aiohttp.ClientTimeout(total=_CONNECT_SECONDS)
        try:
            async with self._session().get(f"{self._url}/webhooks/rest/", timeout=timeout) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def close(self) -> None:
        """Give the connections back."""
        if self._kept is not None:
            await self._kept.close()

    def _session(self) -> aiohttp.ClientSession:
        # Made at the first call: a session belongs to the event loop that it is made in.
        if self._kept is None:
            self._kept = aiohttp.ClientSession(headers=self._headers, timeout=self._timeout)
        return self._kept


def _of_this_turn(error: Exception) -> bool:
    """Whether the model was reached: another turn may do better."""
    if isinstance(error, aiohttp.ClientResponseError):
        return error.status >= 500
    return isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError)


def _parsed(item: Mapping[str, Any]) -> Parsed:
    return Parsed(
        str(item["intent"]),
        float(item["confidence"]),
        {str(name): float(share) for name, share in item["ranking"].items()},
    )


def _utterance(item: Mapping[str, Any]) -> Utterance:
    return Utterance(
        text=str(item.get("text") or ""),
        buttons=tuple(
            {"title": str(b["title"]), "payload": str(b["payload"])} for b in item.get("buttons") or ()
        ),
        detail=dict(item.get("custom") or {}),
    )
