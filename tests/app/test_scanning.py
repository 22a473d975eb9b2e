"""The scanner is a command of the operator's: its exit code counts, no shell reads its line, and it cannot hang."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.scanning import CommandScan, scan_command
from app.settings import Settings
from desk.ports import Verdict


@pytest.mark.parametrize(
    ("code", "verdict"),
    [(0, Verdict.CLEAN), (1, Verdict.INFECTED), (2, Verdict.UNKNOWN), (137, Verdict.UNKNOWN)],
)
async def test_the_exit_code_is_the_verdict(code: int, verdict: Verdict, tmp_path: Path) -> None:
    assert await CommandScan(f"{sys.executable} -c 'exit({code})' {{file}}")(tmp_path / "x") is verdict


async def test_the_command_gets_the_file_as_one_word_and_no_shell_reads_it(tmp_path: Path) -> None:
    odd = tmp_path / "a b;touch $HOME"
    odd.write_bytes(b"EICAR")
    script = "import sys; sys.exit(open(sys.argv[1]).read() == 'EICAR' and sys.argv[2] == '$(id)')"
    assert await CommandScan(f'{sys.executable} -c "{script}" {{file}} "$(id)"')(odd) is Verdict.INFECTED


async def test_a_command_that_is_not_there_says_nothing_of_the_file(tmp_path: Path) -> None:
    assert await CommandScan("no-such-scanner {file}")(tmp_path / "x") is Verdict.UNKNOWN


async def test_a_command_that_hangs_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    script = f"import time; time.sleep(2); open('{mark}', 'w')"
    scan = CommandScan(f'{sys.executable} -c "{script}" {{file}}', seconds=0.2)
    assert await scan(tmp_path / "x") is Verdict.UNKNOWN
    await asyncio.sleep(2.5)
    assert not mark.exists()


@pytest.mark.parametrize("line", ["clamdscan --no-summary", "clamdscan '{file}", ""])
def test_a_line_that_names_no_file_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        scan_command(line)


def test_a_setting_that_names_no_file_is_refused_at_the_start() -> None:
    with pytest.raises(ValidationError, match="attachment_scan"):
        Settings(attachment_scan="clamdscan")
