"""Whether a request that changes something comes from our own pages."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether the browser says that another site sent it. One that says nothing has to rely on the token alone.

    `Sec-Fetch-Site` is sent over HTTPS by every browser of today; `Origin` with every POST.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def own_path(path: str) -> str:
    """Where to go after signing in: a page of the console, whatever the address bar was made to say."""
    inside = path == "/console" or path.startswith(("/console/", "/console?"))
    clean = not any(letter in path for letter in "\\\r\n\t") and "//" not in path
    return path if inside and clean else "/console"
