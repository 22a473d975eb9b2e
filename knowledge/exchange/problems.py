"""What is wrong with a file that is to be read, in words for who made it."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.errors import KnowledgeError


class FileRefused(KnowledgeError):
    """Nothing of the file can be taken; the message says why and what to do, for a person."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that has to be mended. `place`: 第 3 行, or a file's name; `right`: what would be right."""

    place: str
    column: str
    wrong: str
    right: str = ""

    def __str__(self) -> str:
        where = "，".join(filter(None, (self.place, self.column)))
        return f"{where}：{self.wrong}" + (f"{self.right}" if self.right else "")
