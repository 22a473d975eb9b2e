"""The scanner of the settings: a command that looks at one file."""

from __future__ import annotations

import asyncio
import logging
import shlex
from pathlib import Path

from desk.ports import Verdict

log = logging.getLogger(__name__)

SCAN_SECONDS = 60.0
_FILE = "{file}"
_VERDICTS = {0: Verdict.CLEAN, 1: Verdict.INFECTED}


def scan_command(line: str) -> list[str]:
    """The words of a command line that names the file as `{file}`. Raises `ValueError`."""
    words = shlex.split(line)
    if not any(_FILE in word for word in words):
        raise ValueError("the command has to name the file as {file}")
    return words


class CommandScan:
    """The `Scan` port over a command: exit code 0 is clean, 1 infected, everything else unknown. There is no shell."""

    def __init__(self, line: str, *, seconds: float = SCAN_SECONDS) -> None:
        self._words = scan_command(line)
        self._seconds = seconds

    async def __call__(self, file: Path) -> Verdict:
        """Run it."""
        words = [word.replace(_FILE, str(file)) for word in self._words]
        null = asyncio.subprocess.DEVNULL
        try:
            process = await asyncio.create_subprocess_exec(*words, stdin=null, stdout=null, stderr=null)
        except OSError as error:
            log.error("the scanner could not be started: %s", error)
            return Verdict.UNKNOWN
        try:
            async with asyncio.timeout(self._seconds):
                code = await process.wait()
        except TimeoutError:
            log.error("the scanner took longer than %.0f seconds", self._seconds)
            return Verdict.UNKNOWN
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if code not in _VERDICTS:
            log.error("the scanner ended with %d", code)
        return _VERDICTS.get(code, Verdict.UNKNOWN)
