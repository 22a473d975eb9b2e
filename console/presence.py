"""Who has a thread open and who is typing in it.

Kept in the memory of the process: it is as short-lived as an open page, is told by the page's own stream and costs no
write. With several processes colleagues at another one are not shown; that only one of them can answer does not rest on it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

# A page's stream ends now and then and is there again at once.
_GRACE_SECONDS = 4.0
_TYPING_SECONDS = 6.0


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody at the same thread."""

    name: str
    typing: bool


@dataclass(slots=True)
class _Here:
    name: str
    pages: int = 0
    until: float = 0.0
    typing_until: float = 0.0


class Presence:
    """`clock`: seconds that only go forward."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._threads: dict[str, dict[str, _Here]] = {}

    def arrive(self, thread_id: str, account: str, name: str) -> None:
        """A page of the thread is open."""
        self._here(thread_id, account, name).pages += 1

    def leave(self, thread_id: str, account: str) -> None:
        """A page that was open is closed."""
        here = self._threads[thread_id][account]
        here.pages -= 1
        here.until = self._clock() + _GRACE_SECONDS

    def type(self, thread_id: str, account: str, name: str) -> None:
        """Somebody has just typed."""
        here = self._here(thread_id, account, name)
        here.typing_until = self._clock() + _TYPING_SECONDS
        here.until = max(here.until, here.typing_until)

    def stop_typing(self, thread_id: str, account: str) -> None:
        """What was typed has been sent."""
        if here := self._threads.get(thread_id, {}).get(account):
            here.typing_until = 0.0

    def at(self, thread_id: str) -> dict[str, Colleague]:
        """Account -> who is at the thread now."""
        now = self._clock()
        found = self._threads.get(thread_id, {})
        for account in [account for account, here in found.items() if not here.pages and here.until <= now]:
            del found[account]
        if not found:
            self._threads.pop(thread_id, None)
        return {account: Colleague(here.name, here.typing_until > now) for account, here in found.items()}

    def _here(self, thread_id: str, account: str, name: str) -> _Here:
        return self._threads.setdefault(thread_id, {}).setdefault(account, _Here(name))
