"""A product as a process of its own, that can be killed and started again on the same data."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from app.scratch import free_port
from app.settings import ROOT

PATIENCE_SECONDS = 240


class Served:
    """`qifu serve` with its data in a folder. `more`: settings."""

    def __init__(self, data: Path, database: str = "", **more: str) -> None:
        self.data = data
        self.database = database
        self.port, self.rasa_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._environment = {
            **os.environ,
            "QIFU_DATA": str(data),
            "QIFU_DATABASE": database,
            "QIFU_PORT": str(self.port),
            "QIFU_RASA_PORT": str(self.rasa_port),
            "QIFU_RATE_PER_CONVERSATION": "1000/minute",
            "QIFU_RATE_PER_ADDRESS": "1000/minute",
            **{f"QIFU_{name}": value for name, value in more.items()},
        }
        self._log = data / "serve.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until a turn can be taken."""
        self.launch()
        self.await_health(200)

    def launch(self) -> None:
        """Start and wait for nothing."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.cli", "serve"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )

    def health(self) -> httpx.Response | None:
        """The health page, or None where nobody answers."""
        try:
            return httpx.get(f"{self.url}/health", timeout=5)
        except httpx.HTTPError:
            return None

    def await_health(self, status: int | None = None) -> httpx.Response:
        """Wait until the health page has that status, or any."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            answer = self.health()
            if answer is not None and status in (None, answer.status_code):
                return answer
            time.sleep(0.1)
        raise AssertionError(f"no {status or 'answer'} from /health:\n{self._log.read_text()[-2000:]}")

    def runs(self) -> bool:
        """Whether there is a process."""
        return self.process is not None and self.process.poll() is None

    def rasa_pid(self) -> int:
        """The process that listens on Rasa's port."""
        found = subprocess.run(
            ["pgrep", "-f", f"serve.py .*--port {self.rasa_port} "],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(found.stdout.split()[0])

    def kill(self) -> None:
        """SIGKILL the app; Rasa goes by itself."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, patience: float = 20) -> int:
        """Ctrl-C; returns the exit code."""
        assert self.process is not None
        if self.runs():
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(patience)

    def log(self) -> str:
        """What the product printed."""
        return self._log.read_text(encoding="utf-8")


class Caller:
    """An enterprise in the web channel."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=40)
        begun = self._client.post("/api/conversations").raise_for_status().json()
        self.id, self.token = begun["id"], begun["token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def say(self, text: str, id: str | None = None) -> dict[str, Any]:
        """One turn."""
        body = {"id": id or uuid.uuid4().hex, "text": text}
        answer = self._client.post(f"/api/conversations/{self.id}/messages", json=body, headers=self.headers)
        turn: dict[str, Any] = answer.raise_for_status().json()
        return turn

    def last(self, text: str) -> dict[str, Any]:
        """The last reply to a text."""
        reply: dict[str, Any] = self.say(text)["replies"][-1]
        return reply

    def history(self) -> list[dict[str, Any]]:
        """Everything said so far."""
        answer = self._client.get(f"/api/conversations/{self.id}/messages", headers=self.headers)
        messages: list[dict[str, Any]] = answer.raise_for_status().json()["messages"]
        return messages
