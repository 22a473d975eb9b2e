"""A page looked at as its users see it: on a desk and on a telephone, and by axe-core."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

DESK: ViewportSize = {"width": 1366, "height": 768}
TELEPHONE: ViewportSize = {"width": 390, "height": 844}
SIZES = {"phone": TELEPHONE, "desk": DESK}


def look(page: Page, axe: str, name: str, folder: Path) -> None:
    """Nothing sticks out in either size and axe-core finds no fault; a picture of each is kept.

    The page is left at the size of a desk.
    """
    page.wait_for_load_state()  # a click returns before the page that it leads to has a document
    for kind, size in SIZES.items():
        page.set_viewport_size(size)
        page.screenshot(path=pictures(folder) / f"{name}-{kind}.png", full_page=True)
        assert faults(page, axe) == [], (name, kind)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], (name, kind)


def faults(page: Page, axe: str) -> list[str]:
    """What axe-core objects to, its best practices included; never empty by not having looked."""
    page.evaluate(f"{axe}; undefined")
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 10
    return [f"{fault['id']}: {node['html']}" for fault in found["violations"] for node in fault["nodes"]]


def pictures(folder: Path) -> Path:
    """The folder that `QIFU_PICTURES` names, for those of the documents; else the test's own."""
    return Path(os.environ.get("QIFU_PICTURES") or folder)
