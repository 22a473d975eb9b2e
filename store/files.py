"""A folder of files under names that we give: each is there whole or not at all."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

_KEY = re.compile(r"[0-9a-f]{32}")
_PART = ".part"


class Files:
    """Files by key (32 hex digits, as `store.ids` makes them), spread over folders by its last two."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, key: str) -> Path:
        """Where the file of a key is, whether there is one or not. Raises `ValueError` for what is no key."""
        if not _KEY.fullmatch(key):
            raise ValueError("not a key of a file")
        return self.root / key[-2:] / key

    def put(self, key: str, data: bytes) -> Path:
        """Write the file so that it survives a crash from the moment that it can be seen. Raises `OSError`."""
        path = self.path(key)
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(_PART, f"{key}.", path.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        for folder in (path.parent, self.root):
            _sync(folder)
        return path

    def read(self, key: str) -> bytes | None:
        """The file's content; None where there is none."""
        try:
            return self.path(key).read_bytes()
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        """Remove the file, if it is there."""
        self.path(key).unlink(missing_ok=True)

    def __iter__(self) -> Iterator[str]:
        """The keys of all files, in order."""
        for path in sorted(self.root.glob("??/*")):
            if _KEY.fullmatch(path.name):
                yield path.name

    def older(self, than: datetime) -> list[str]:
        """The keys of files that were written before a moment, in order."""
        return [key for key in self if self._written(key) < than.timestamp()]

    def _written(self, key: str) -> float:
        try:
            return self.path(key).stat().st_mtime
        except FileNotFoundError:  # removed meanwhile
            return float("inf")

    def sweep(self, *, before: datetime) -> None:
        """Remove what a process that died left half-written before that moment."""
        for part in self.root.glob(f"??/*{_PART}"):
            with suppress(FileNotFoundError):  # another process sweeps too
                if part.stat().st_mtime < before.timestamp():
                    part.unlink()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
