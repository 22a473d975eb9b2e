"""Files of others are read aside: in a process that may use so much memory and time, and whose end harms nobody."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from knowledge.exchange.problems import FileRefused

_ROOT = Path(__file__).resolve().parents[2]
_TOO_MUCH = "读取这个文件要用太多时间或内存，已经停下，什么也没有改。请分成小一些的文件，或重新另存一份再试。"
# Each may take so much memory that a third would take it from the product.
_AT_ONCE = 2
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file may take. Bytes and seconds."""

    file: int = 20 * 1024 * 1024
    memory: int = 1536 * 1024 * 1024
    seconds: int = 60


BOUNDS = Bounds()


async def read_aside(data: bytes, name: str, bounds: Bounds = BOUNDS) -> dict[str, Any]:
    """What `reader.read` says of a file; the third waits for one of two to end. Raises `FileRefused`."""
    if len(data) > bounds.file:
        raise FileRefused(too_large(len(data), bounds))
    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_AT_ONCE))
    async with turns:
        return await _read(data, name, bounds)


async def _read(data: bytes, name: str, bounds: Bounds) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "knowledge.exchange.reader",
        # A name goes as an argument: only its end counts, and no more than that.
        name.replace("\0", "")[-80:], str(bounds.memory), str(bounds.seconds),
        cwd=_ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        out, _ = await asyncio.wait_for(process.communicate(data), bounds.seconds)
    except TimeoutError as error:
        raise FileRefused(_TOO_MUCH) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise FileRefused(_TOO_MUCH)
    found: dict[str, Any] = json.loads(out)
    if refused := found.get("refused"):
        raise FileRefused(refused)
    return found


def too_large(size: int, bounds: Bounds = BOUNDS) -> str:
    """The sentence for a file that is too large. `size`: bytes."""
    most = bounds.file // 1024 // 1024
    return f"文件有 {-(-size // 1024 // 1024)} MB，最多 {most} MB。请分成几个文件导入。"
