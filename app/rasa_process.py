"""Rasa as a child process: started, watched, started again with growing pauses, and always ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.free_port import free_port
from app.settings import ROOT, Settings

log = logging.getLogger(__name__)

RASA_PYTHON = ROOT / "bot" / "rasa" / ".venv" / "bin" / "python"
_PAUSES = (0.5, 1, 2, 5, 10, 30)
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 5.0
_READY_SECONDS = 180.0
_LOOK_SECONDS = 0.3
_HOST = "127.0.0.1"

Ready = Callable[[str], Awaitable[bool]]


class NotReady(Exception):
    """A Rasa that was started does not come up."""


class RasaProcess:
    """Keeps one Rasa running. `state`: stopped, starting, running, restarting."""

    def __init__(self, settings: Settings, model: Path, examples: Sequence[tuple[str, str]] = ()) -> None:
        self._settings = settings
        self.model = model
        self.examples = examples  # that the model was made with, beside the shipped ones
        self._port = settings.rasa_port
        self._process: asyncio.subprocess.Process | None = None
        self._changing = asyncio.Lock()
        self._stopping = False
        self.restarts = 0
        self.state = "stopped"

    async def watch(self) -> None:
        """Run Rasa until cancelled; a Rasa that dies is started again."""
        loop = asyncio.get_running_loop()
        failures = 0
        try:
            while not self._stopping:
                self.state = "restarting" if self.restarts else "starting"
                began = loop.time()
                process = await self.start()
                code = await process.wait()
                if self._stopping:
                    return
                if process is not self._process:
                    continue  # another has taken its place
                failures = 0 if loop.time() - began > _STEADY_SECONDS else failures + 1
                pause = _PAUSES[min(failures, len(_PAUSES)) - 1] if failures else _PAUSES[0]
                self.restarts += 1
                self.state = "restarting"
                log.error("rasa ended with %s; starting again in %s s", code, pause)
                await asyncio.sleep(pause)
        finally:
            await self.stop()

    def pid(self) -> int | None:
        """The process id, while there is a process."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def stop(self) -> None:
        """End Rasa: kindly, then by force; it gets no say when it hangs."""
        self._stopping = True
        process, self.state = self._process, "stopped"
        if process is not None:
            await _end(process)

    @asynccontextmanager
    async def beside(self, model: Path, ready: Ready) -> AsyncIterator[Beside]:
        """Another Rasa with a model, for as long as it is needed. Raises `NotReady`.

        `ready`: whether the Rasa at a URL takes turns.
        """
        port = free_port()
        process = await self._start(model, port)
        beside = Beside(f"http://{_HOST}:{port}", port, process)
        try:
            await _until_ready(beside, ready)
            yield beside
        finally:
            if beside.process is not self._process:
                await _end(process)

    async def switch(self, model: Path, ready: Ready, move: Callable[[str], Awaitable[None]]) -> None:
        """Put a Rasa with another model in the place of the present one, which ends when nothing needs it.

        `move`: has turns taken at a URL, and returns when those elsewhere are at their end. Raises `NotReady`, and then
        nothing has changed.
        """
        async with self.beside(model, ready) as beside:
            async with self._changing:
                before, self._process = self._process, beside.process
                self.model, self._port = model, beside.port
            try:
                await move(beside.url)
            finally:
                if before is not None:
                    await _end(before)

    async def start(self) -> asyncio.subprocess.Process:
        """The present Rasa, started where there is none; `watch` takes over from there."""
        async with self._changing:
            if self._process is None or self._process.returncode is not None:
                self._process = await self._start(self.model, self._port)
            return self._process

    async def _start(self, model: Path, port: int) -> asyncio.subprocess.Process:
        environment = {
            **os.environ,
            "QIFU_RASA_TOKEN": self._settings.token(),
            "QIFU_ACTIONS_URL": self._settings.actions_url(),
            "QIFU_RASA_TRACKER": self._settings.tracker_url(),
        }
        # Its own session: Ctrl-C reaches us alone, and we end it in order. Its standard input stays open as long as
        # we live: should we be killed, it sees the end of it and goes.
        return await asyncio.create_subprocess_exec(
            *command(model, port),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )


@dataclass(frozen=True, slots=True)
class Beside:
    """A Rasa and where it is."""

    url: str
    port: int
    process: asyncio.subprocess.Process


async def _until_ready(beside: Beside, ready: Ready) -> None:
    try:
        async with asyncio.timeout(_READY_SECONDS):
            while not await ready(beside.url):
                if beside.process.returncode is not None:
                    raise NotReady(f"rasa ended with {beside.process.returncode}")
                await asyncio.sleep(_LOOK_SECONDS)
    except TimeoutError:
        raise NotReady(f"rasa is not ready after {_READY_SECONDS:.0f} s") from None


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    _signal(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), _STOP_SECONDS)
    except TimeoutError:
        _signal(process.pid, signal.SIGKILL)
        await process.wait()


def command(model: Path, port: int) -> Sequence[str]:
    """How Rasa is started."""
    script = ROOT / "bot" / "rasa" / "serve.py"
    return (str(RASA_PYTHON), str(script), "--model", str(model), "--port", str(port), "--watch-stdin")


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
