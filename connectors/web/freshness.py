"""Pages that browsers and search engines keep: told by ETag and Last-Modified whether what they have is still so."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, time
from email.utils import format_datetime, parsedate_to_datetime

from fastapi import Request
from fastapi.responses import Response

from knowledge.article import Article
from store.clock import CITY_ZONE

_KEPT = ("content-security-policy", "referrer-policy", "x-content-type-options", "cache-control", "etag")


def last_modified(article: Article, changed: datetime | None) -> datetime | None:
    """When the page of an article came to be as it is: it was changed, or its time began."""
    if changed is None:
        return None
    return max(changed, datetime.combine(article.valid_from, time(), CITY_ZONE))


def conditional(request: Request, page: Response, modified: datetime | None = None) -> Response:
    """The page, or 304 without it where the browser has it already.

    To be asked for each time: an article that has expired is not to be read out of a browser's memory.
    """
    page.headers["Cache-Control"] = "no-cache"
    page.headers["ETag"] = f'"{hashlib.sha256(bytes(page.body)).hexdigest()[:32]}"'
    if modified is not None:
        page.headers["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    if not _known(request, page.headers["ETag"], modified):
        return page
    kept = {name: value for name, value in page.headers.items() if name in (*_KEPT, "last-modified")}
    return Response(status_code=304, headers=kept)


def _known(request: Request, etag: str, modified: datetime | None) -> bool:
    """RFC 9110, 13.2.2: a tag is the surer mark; the date counts only where there is none."""
    if (tags := request.headers.get("if-none-match")) is not None:
        return tags.strip() == "*" or etag in (tag.strip().removeprefix("W/") for tag in tags.split(","))
    since = _moment(request.headers.get("if-modified-since", ""))
    return modified is not None and since is not None and modified.replace(microsecond=0) <= since


def _moment(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
