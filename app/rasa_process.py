"""Rasa as a child process: started, watched, started again with growing pauses, and always ended."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from app.settings import ROOT, Settings

log = logging.getLogger(__name__)

RASA_PYTHON = ROOT / "bot" / "rasa" / ".venv" / "bin" / "python"
_PAUSES = (0.5, 1, 2, 5, 10, 30)
_STEADY_SECONDS = 60.0
_STOP_SECONDS = 5.0


class RasaProcess:
    """Keeps one Rasa running. `state`: stopped, starting, running, restarting."""

    def __init__(self, settings: Settings, model: Path) -> None:
        self._settings = settings
        self._model = model
        self._process: asyncio.subprocess.Process | None = None
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
                self._process = await self._start()
                code = await self._process.wait()
                if self._stopping:
                    return
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
        if process is None or process.returncode is not None:
            return
        _signal(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)
        except TimeoutError:
            _signal(process.pid, signal.SIGKILL)
            await process.wait()

    async def _start(self) -> asyncio.subprocess.Process:
        environment = {
            **os.environ,
            "QIFU_RASA_TOKEN": self._settings.token(),
            "QIFU_ACTIONS_URL": self._settings.actions_url(),
            "QIFU_RASA_TRACKER": self._settings.tracker_url(),
        }
        # Its own session: Ctrl-C reaches us alone, and we end it in order. Its standard input stays open as long as
        # we live: should we be killed, it sees the end of it and goes.
        return await asyncio.create_subprocess_exec(
            *command(self._model, self._settings.rasa_port),
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )


def command(model: Path, port: int) -> Sequence[str]:
    """How Rasa is started."""
    script = ROOT / "bot" / "rasa" / "serve.py"
    return (str(RASA_PYTHON), str(script), "--model", str(model), "--port", str(port), "--watch-stdin")


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, number)
