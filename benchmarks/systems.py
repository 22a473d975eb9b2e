"""The two systems that the benchmark of turns compares, each as processes of its own on free ports of the loopback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import aiohttp
import httpx

from app.scratch import free_port
from app.settings import ROOT
from benchmarks.load import Say

STOCK = ROOT / "benchmarks" / "stock"
RASA = ROOT / "bot" / "rasa" / ".venv" / "bin" / "rasa"
_PATIENCE_SECONDS = 300
_PLENTY = "1000000/minute"


class Ours:
    """`qifu serve` as it is installed, on an empty data folder; only its rate limits are lifted."""

    name = "qifu serve"

    def __init__(self, data: Path, models: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        environment = {
            "QIFU_DATA": str(data),
            "QIFU_DATABASE": "",
            "QIFU_MODELS": str(models),
            "QIFU_PORT": self.url.rpartition(":")[2],
            "QIFU_RASA_PORT": str(free_port()),
            "QIFU_RATE_PER_CONVERSATION": _PLENTY,
            "QIFU_RATE_PER_ADDRESS": _PLENTY,
            "QIFU_CONVERSATIONS_PER_ADDRESS": _PLENTY,
        }
        self._process = start([sys.executable, "-m", "app.cli", "serve"], environment, data / "serve.log")

    def await_start(self) -> None:
        """Wait until a turn can be taken."""
        await_ok(f"{self.url}/health", self._process)

    async def begin(self, client: aiohttp.ClientSession) -> Say:
        """Begin a conversation of the web channel."""
        async with client.post(f"{self.url}/api/conversations", raise_for_status=True) as answer:
            begun = await answer.json()
        url = f"{self.url}/api/conversations/{begun['id']}/messages"
        headers = {"Authorization": f"Bearer {begun['token']}"}

        async def say(text: str) -> bool:
            body = {"id": uuid.uuid4().hex, "text": text}
            async with client.post(url, json=body, headers=headers) as answer:
                return answer.status == 200 and bool((await answer.json())["replies"])

        return say

    def memory(self) -> dict[str, float]:
        """Resident MB of the app, and of Rasa below it."""
        app, *below = tree(self._process.pid)
        return {"qifu serve: app": resident(app), "qifu serve: Rasa": sum(map(resident, below))}

    def cpu(self) -> float:
        """Seconds of processor time that the app and Rasa have taken so far."""
        return sum(map(cpu, tree(self._process.pid)))

    def stop(self) -> None:
        """End both, as Ctrl-C does."""
        end(self._process, signal.SIGINT)


class Stock:
    """`rasa run` as shipped, with an action server that does nothing but answer."""

    name = "stock rasa run"

    def __init__(self, model: Path, logs: Path) -> None:
        port, actions = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._actions = start(
            [sys.executable, "-m", "benchmarks.stock.actions", str(actions)], {}, logs / "actions.log"
        )
        files = ("--credentials", str(STOCK / "credentials.yml"), "--endpoints", str(STOCK / "endpoints.yml"))
        command = [str(RASA), "run", "-m", str(model), "-i", "127.0.0.1", "-p", str(port), *files]
        environment = {
            "RASA_TELEMETRY_ENABLED": "false",
            "STOCK_ACTIONS_URL": f"http://127.0.0.1:{actions}/webhook",
        }
        self._process = start(command, environment, logs / "rasa.log")

    def await_start(self) -> None:
        """Wait until a turn can be taken."""
        await_ok(self.url, self._process)

    async def begin(self, client: aiohttp.ClientSession) -> Say:
        """Begin a conversation of the REST channel, which is to choose a name."""
        sender = uuid.uuid4().hex

        async def say(text: str) -> bool:
            body = {"sender": sender, "message": text}
            async with client.post(f"{self.url}/webhooks/rest/webhook", json=body) as answer:
                return answer.status == 200 and bool(await answer.json())

        return say

    def memory(self) -> dict[str, float]:
        """Resident MB of Rasa."""
        return {"stock rasa run": sum(map(resident, tree(self._process.pid)))}

    def cpu(self) -> float:
        """Seconds of processor time that Rasa has taken so far, the action server left out."""
        return sum(map(cpu, tree(self._process.pid)))

    def stop(self) -> None:
        """End Rasa and the action server."""
        end(self._process, signal.SIGTERM)
        end(self._actions, signal.SIGTERM)


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, its output in a file."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def await_ok(url: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the address answers 200. Raises `RuntimeError` where the process ends or time runs out."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} did not come up; its exit code is {process.poll()}")


def end(process: subprocess.Popen[bytes], kindly: signal.Signals) -> None:
    """End a process kindly, then by force it and what is left of its group."""
    if process.poll() is None:
        process.send_signal(kindly)
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tree(pid: int) -> list[int]:
    """The process and all below it, from /proc."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += tree(int(child))
    return found


def resident(pid: int) -> float:
    """Resident memory, MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def cpu(pid: int) -> float:
    """Seconds of processor time, in user and system mode (fields 14 and 15 of proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
