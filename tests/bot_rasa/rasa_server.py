"""Rasa as the application starts it: a child process with a token, spoken to over HTTP."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent
RASA = HERE.parents[1] / "bot" / "rasa"
PYTHON = RASA / ".venv" / "bin" / "python"
TOKEN = "a-token-for-tests"
PATIENCE = 120.0


@dataclass(frozen=True)
class Rasa:
    """A running server: its process and a client that carries the token."""

    process: subprocess.Popen[bytes]
    http: httpx.Client

    def post(self, text: str, message_id: str, sender: str = "a") -> httpx.Response:
        """Send a message and return the answer as it came."""
        message = {"sender": sender, "message": text, "metadata": {"message_id": message_id}}
        return self.http.post("/webhooks/rest/webhook", json=message)

    def say(self, text: str, message_id: str, sender: str = "a") -> list[dict[str, Any]]:
        """Send a message and return the utterances of a turn that went well."""
        answer = self.post(text, message_id, sender)
        assert answer.status_code == 200, answer.text
        utterances: list[dict[str, Any]] = answer.json()
        return utterances


def surroundings(**changes: str) -> dict[str, str]:
    """The environment of a child: this one's, without the application's own variables, and the changes."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("QIFU_")}
    return inherited | changes


def start(model: Path, actions_url: str, tracker: str, port: int) -> subprocess.Popen[bytes]:
    """Start serve.py; the pipe to its standard input is its tie to us."""
    command: list[str | Path] = [
        PYTHON,
        RASA / "serve.py",
        "--model",
        model,
        "--port",
        str(port),
        "--watch-stdin",
    ]
    environment = surroundings(QIFU_RASA_TOKEN=TOKEN, QIFU_ACTIONS_URL=actions_url, QIFU_RASA_TRACKER=tracker)
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE)


@contextmanager
def running(model: Path, actions_url: str, tracker: str) -> Iterator[Rasa]:
    """Rasa, up and answering, as long as the block runs."""
    port = free_port()
    process = start(model, actions_url, tracker, port)
    try:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE) as client:
            wait_until_up(process, client)
            yield Rasa(process, client)
    finally:
        process.kill()
        process.communicate()


def wait_until_up(process: subprocess.Popen[bytes], client: httpx.Client) -> None:
    """Return once the health route answers; fail with the child's words if it ends instead."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise AssertionError(process.communicate()[1].decode())
        try:
            if client.get("/webhooks/rest/").json() == {"status": "ok"}:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("Rasa did not come up")


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
