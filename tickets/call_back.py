"""What an enterprise answers when it is called back (回访): two questions, and what they come to in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Called:
    """Is it solved, and are they satisfied: what is done about it is decided by the first alone."""

    solved: bool
    satisfied: bool

    def text(self) -> str:
        """As staff read it: 已解决，满意."""
        return f"{'已解决' if self.solved else '未解决'}，{'满意' if self.satisfied else '不满意'}"
