"""Where Node and the packages of the peers are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PEERS = Path(__file__).resolve().parent
NO_PEERS = "no Node or no tests/peers/node_modules: the peers written for Node are left out"
_OWN = PEERS.parents[1] / ".tools" / "node" / "bin"  # where the set-up puts one if the machine has none


def node(package: str) -> str:
    """The program `node`, where the package is installed; else the test is skipped, or fails where nothing may be."""
    program = shutil.which("node") or shutil.which("node", path=str(_OWN))
    if program and (PEERS / "node_modules" / package).is_dir():
        return program
    if os.environ.get("QIFU_TEST_STRICT") == "1":
        pytest.fail(NO_PEERS)
    pytest.skip(NO_PEERS)
