"""Files that people send: fetched by id, with a limit that does not trust what is said of their size."""

from __future__ import annotations

import httpx

from connectors.telegram.contents import DOWNLOAD_BYTES
from connectors.telegram.line import Line
from connectors.telegram.outcomes import Fetched, NotSent, Refused, Trouble, Unknown


class Files:
    """The files of one bot. Their links hold the token, so only their bytes are given out."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def fetch(self, file: str, most: int = DOWNLOAD_BYTES) -> Fetched | Trouble:
        """The bytes of a file; no more than `most` are kept. A failed fetch may always be repeated, unless refused."""
        found = await self._line.call(self._line.api.get_file(file))
        if isinstance(found, Refused) and "too big" in found.detail.lower():
            return Refused("too_large", permanent=True, detail=found.detail)
        if isinstance(found, Unknown):
            return NotSent(found.detail)
        if isinstance(found, Trouble):
            return found
        if (found.file_size or 0) > most:
            return Refused("too_large", permanent=True)
        try:
            return await self._read(found.file_path or "", most)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return NotSent(type(error).__name__)

    async def _read(self, url: str, most: int) -> Fetched | Trouble:
        data = bytearray()
        async with self._line.web.stream("GET", url) as answer:
            if answer.status_code != 200:
                # The link is asked anew each time, so it has not run out: the file is gone.
                gone, words = answer.status_code in (400, 404), f"HTTP {answer.status_code}"
                return Refused("bad_request", permanent=True, detail=words) if gone else NotSent(words)
            async for piece in answer.aiter_bytes():
                data += piece
                if len(data) > most:
                    return Refused("too_large", permanent=True)
        return Fetched(bytes(data))
