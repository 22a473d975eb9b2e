"""Two states of an article side by side: which fields differ, line by line, and within a line letter by letter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from knowledge.article import ASPECT_NAMES, ASPECTS
from knowledge.drafts import CHANNELS

_ALIKE = 0.4  # lines less alike than this are shown as one gone and one new, without marks inside
_AROUND = 2  # unchanged lines that are shown around a change
_LONG = 600  # letters above which a line is not compared letter by letter


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line; `marked`: it is only on this side."""

    text: str
    marked: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of both sides; None where a side has none. `skip`: unchanged lines are left out here."""

    kind: Literal["same", "changed", "skip"]
    left: tuple[Piece, ...] | None
    right: tuple[Piece, ...] | None


@dataclass(frozen=True, slots=True)
class Part:
    """A field that differs."""

    label: str
    rows: tuple[Row, ...]


def difference(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> list[Part]:
    """The fields in which two contents differ, in the order of the form."""
    before, after = told(old) if old else {}, told(new)
    labels = [*after, *(label for label in before if label not in after)]
    return [
        Part(label, tuple(_rows(before.get(label, ()), after.get(label, ()))))
        for label in labels
        if tuple(before.get(label, ())) != tuple(after.get(label, ()))
    ]


def told(content: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Each field as lines that people read, under its Chinese name."""
    plain = (
        ("标题", "title"), ("类别", "category"), ("适用对象", "audience"), ("主管部门", "department"),
        ("生效日期", "valid_from"), ("失效日期", "valid_until"), ("核对日期", "checked_on"),
    )  # fmt: skip
    found: dict[str, Sequence[str]] = {label: _line(content.get(name)) for label, name in plain}
    for label, name in (("别名", "aliases"), ("相似问法", "questions"), ("负责部门", "departments")):
        found[label] = tuple(content.get(name, ()))
    found["依据"] = tuple(_source(source) for source in content.get("sources", ()))
    found["下载"] = tuple(f"{one['title']} {one['link']}" for one in content.get("downloads", ()))
    for aspect in ASPECTS:
        found[ASPECT_NAMES[aspect]] = content.get("sections", {}).get(aspect, "").splitlines()
    for channel, name in CHANNELS.items():
        for aspect, text in content.get("variants", {}).get(channel, {}).items():
            found[f"{ASPECT_NAMES.get(aspect, aspect)}（{name}）"] = text.splitlines()
    return found


def _line(value: object) -> Sequence[str]:
    return (str(value),) if value else ()


def _source(source: Mapping[str, str]) -> str:
    name = f"[{source['id']}] 《{source['title']}》 {source['issuer']} {source['number']} {source['date']}"
    return f"{name} {source.get('link', '')}".strip()


def _rows(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _unchanged(old[a:b], first=a == 0, last=b == len(old))
            continue
        for place in range(max(b - a, d - c)):
            left = old[a + place] if a + place < b else None
            right = new[c + place] if c + place < d else None
            yield Row("changed", *_marked(left, right))


def _unchanged(lines: Sequence[str], *, first: bool, last: bool) -> Iterator[Row]:
    head, tail = 0 if first else _AROUND, 0 if last else _AROUND
    shown = set(range(head)) | set(range(len(lines) - tail, len(lines)))
    skipped = False
    for place, line in enumerate(lines):
        if place in shown:
            yield Row("same", (Piece(line, False),), (Piece(line, False),))
        elif not skipped:
            skipped = True
            yield Row("skip", None, None)


def _marked(left: str | None, right: str | None) -> tuple[tuple[Piece, ...] | None, tuple[Piece, ...] | None]:
    if left is None or right is None or max(len(left), len(right)) > _LONG:
        return _all(left), _all(right)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return _all(left), _all(right)
    ways = matcher.get_opcodes()
    return (
        tuple(Piece(left[a:b], tag != "equal") for tag, a, b, _, _ in ways if b > a),
        tuple(Piece(right[c:d], tag != "equal") for tag, _, _, c, d in ways if d > c),
    )


def _all(line: str | None) -> tuple[Piece, ...] | None:
    return None if line is None else (Piece(line, True),)
