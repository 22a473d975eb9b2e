"""What axe-core finds on a page."""

from __future__ import annotations

from playwright.sync_api import Page


def faults(page: Page, axe: str) -> list[str]:
    """What axe-core objects to, its best practices included; never empty by not having looked."""
    page.evaluate(f"{axe}; undefined")
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 10
    return [f"{fault['id']}: {node['html']}" for fault in found["violations"] for node in fault["nodes"]]
