"""The checks of inside.py, each a test of its own; they run in Rasa's environment, once for all."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.bot_rasa.rasa_server import HERE, PYTHON, surroundings

CHECKS = re.findall(r"^def (check_\w+)", (HERE / "inside.py").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="session")
def results(model: Path) -> dict[str, str]:
    """What each check came to: nothing, or a traceback."""
    command = [PYTHON, HERE / "inside.py", model]
    ran = subprocess.run(command, env=surroundings(), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("check", CHECKS)
def test_inside(check: str, results: dict[str, str]) -> None:
    assert results[check] == ""
