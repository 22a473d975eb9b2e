"""Asking Rasa: one request is one turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from desk.ports import DialogueDown
from desk.values import Utterance


class RasaDialogue:
    """The `Dialogue` port on Rasa's REST channel (bot/rasa/channel.py)."""

    def __init__(self, url: str, token: str, *, timeout_seconds: float) -> None:
        self._client = httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=httpx.Timeout(timeout_seconds, connect=2.0),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=50),
        )

    async def ask(self, talk: str, text: str, *, message_id: int, written: str) -> Sequence[Utterance]:
        """What the model says. Raises `DialogueDown`; asking again with the same id is safe."""
        body = {
            "sender": talk,
            "message": text,
            "metadata": {"message_id": str(message_id), "text": written},
        }
        try:
            answer = await self._client.post("/webhooks/rest/webhook", json=body)
            answer.raise_for_status()
            return [_utterance(item) for item in answer.json()]
        except (httpx.HTTPError, ValueError) as error:
            raise DialogueDown(str(error) or type(error).__name__) from error

    async def ready(self) -> bool:
        """Whether the model is loaded and turns can be taken."""
        try:
            return (await self._client.get("/webhooks/rest/", timeout=2.0)).status_code == 200
        except httpx.HTTPError:
            return False

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def _utterance(item: Mapping[str, Any]) -> Utterance:
    return Utterance(
        text=str(item.get("text") or ""),
        buttons=tuple(
            {"title": str(b["title"]), "payload": str(b["payload"])} for b in item.get("buttons") or ()
        ),
        detail=dict(item.get("custom") or {}),
    )
