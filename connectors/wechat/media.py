"""What people send as image, voice or video, fetched from WeChat with a limit."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from connectors.wechat.calls import Failure, prepare, unanswered, understood

_PATH = "/cgi-bin/media/get"
_JSON_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Media:
    """`content_type` is what WeChat says; the content itself has to be looked at."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class VideoLink:
    """WeChat may tell the address of a video instead of sending it; it is not fetched."""

    url: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """More than `most_bytes`; the rest was not read."""

    most_bytes: int


Download = Media | VideoLink | TooLarge | Failure


async def download(client: httpx.AsyncClient, media_id: str, *, token: str, most_bytes: int) -> Download:
    """Read the media, at most so many bytes. Errors come as JSON with status 200."""
    request = prepare(client, _PATH, token=token, params={"media_id": media_id})
    try:
        response = await client.send(request, stream=True)
        try:
            return await _read(response, token, most_bytes)
        finally:
            await response.aclose()
    except httpx.HTTPError as error:
        return unanswered(error, token)


async def _read(response: httpx.Response, token: str, most_bytes: int) -> Download:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    # Errors have come as text/plain too.
    textual = response.status_code != 200 or content_type in ("application/json", "text/plain")
    content = await _at_most(response, max(most_bytes, _JSON_MOST_BYTES) if textual else most_bytes)
    if content is None:
        return TooLarge(most_bytes)
    told = _told(response.status_code, content, token) if textual else None
    if told is not None:
        return told
    return Media(content, content_type) if len(content) <= most_bytes else TooLarge(most_bytes)


def _told(status: int, content: bytes, token: str) -> VideoLink | Failure | None:
    """What stands there in place of media; nothing where it is a text that a person has sent."""
    if status == 200 and not content.lstrip().startswith(b"{"):
        return None
    answer = understood(_PATH, status, content, token=token)
    if not isinstance(answer, dict):
        return answer
    url = answer.get("video_url")
    return VideoLink(url) if isinstance(url, str) else None


async def _at_most(response: httpx.Response, most_bytes: int) -> bytes | None:
    """The body, or nothing where it is longer than it may be; the rest is left unread."""
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > most_bytes:
            return None
    return bytes(content)
