"""Faults in the log: where they happened, and never what a person wrote."""

from __future__ import annotations

import logging
import traceback

log = logging.getLogger(__name__)


def report(what: str, error: BaseException) -> None:
    """A log line with the place of a fault, and without its message, which may hold what the person wrote."""
    log.error(
        "%s failed: %s\n%s", what, type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
    )
