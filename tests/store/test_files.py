"""A folder of files: whole or not there, under no names but ours."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from store.clock import utc_now
from store.files import Files
from store.ids import new_id


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "attachments")


def test_a_file_comes_back_and_can_be_removed(files: Files) -> None:
    key = new_id()
    assert files.read(key) is None
    path = files.put(key, b"one")
    assert (files.read(key), list(files)) == (b"one", [key])
    assert [one.stat().st_mode & 0o777 for one in (path, path.parent, files.root)] == [0o600, 0o700, 0o700]
    files.put(key, b"two")
    assert files.read(key) == b"two"
    files.remove(key)
    files.remove(key)
    assert (files.read(key), list(files)) == (None, [])


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 32, "a" * 31, "a" * 32 + "\n", "/" + "a" * 31])
def test_what_is_no_key_leads_nowhere(key: str, files: Files) -> None:
    with pytest.raises(ValueError, match="not a key"):
        files.put(key, b"x")


def test_a_write_that_fails_leaves_nothing(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    key = new_id()
    with pytest.raises(OSError, match="No space"):
        files.put(key, b"x")
    assert files.read(key) is None
    assert [path for path in files.root.rglob("*") if path.is_file()] == []


def test_what_a_dead_process_left_half_written_is_swept_and_nothing_else(files: Files) -> None:
    path = files.put(new_id(), b"whole")
    old, fresh = (path.with_name(f"{path.name}.{part}.part") for part in ("old", "fresh"))
    for part in (old, fresh):
        part.write_bytes(b"half")
    yesterday = (utc_now() - timedelta(days=1)).timestamp()
    for aged in (old, path):
        os.utime(aged, (yesterday, yesterday))
    files.sweep(before=utc_now() - timedelta(hours=1))
    assert {one.name for one in path.parent.iterdir()} == {path.name, fresh.name}
