"""Where the pictures of the pages go."""

from __future__ import annotations

import os
from pathlib import Path


def pictures(folder: Path) -> Path:
    """The folder that `QIFU_PICTURES` names, for those of the documents; else the test's own."""
    return Path(os.environ.get("QIFU_PICTURES") or folder)
