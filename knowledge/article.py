"""An article: what it says, aspect by aspect, and which document says so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

Aspect = Literal["overview", "materials", "process", "time", "fee", "place", "conditions", "basis"]
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)

ASPECT_NAMES: Mapping[Aspect, str] = {
    "overview": "办理概述",
    "materials": "所需材料",
    "process": "办理流程",
    "time": "办理时限",
    "fee": "收费标准",
    "place": "办理地点",
    "conditions": "办理条件",
    "basis": "政策依据",
}

# Where files that editors uploaded are downloaded; the id and the name follow.
FILES = "/articles/files/"
_FOLLOWED = re.compile(r"https?://\S+|/articles/files/[0-9a-f]{32}/[A-Za-z0-9._-]+")

# `[^water 第十七条]`: the source's id and, where it helps, the place in it.
CITATION = re.compile(r"\[\^(?P<id>[a-z0-9-]+)(?:[ \u3000]+(?P<place>[^\]]+))?\]")


@dataclass(frozen=True, slots=True)
class Source:
    """A document that an article rests on."""

    id: str
    title: str
    issuer: str
    number: str  # 文号 or decree number; "" where the document has none
    date: date
    link: str = ""  # where the document is published; "" where that is not known

    def name(self) -> str:
        """How the source line names it: 《供水条例》（国务院令第831号，2026-02-11）."""
        origin = self.number or self.issuer
        return f"《{self.title}》（{origin}，{self.date.isoformat()}）"


@dataclass(frozen=True, slots=True)
class Citation:
    """A source cited in a section, with the places in it (第十七条), in order of appearance."""

    source: Source
    places: tuple[str, ...]

    def line(self) -> str:
        """The citation as one phrase of the source line."""
        return self.source.name() + "、".join(self.places)


@dataclass(frozen=True, slots=True)
class Download:
    """A form or sample to download, where its office publishes it, or below `FILES` where an editor uploaded it."""

    title: str
    link: str

    def address(self, root: str = "") -> str:
        """Where it is got; `root`: where our own addresses begin. Empty where the link leads nowhere."""
        if not followed(self.link):
            return ""
        return root + self.link if self.link.startswith("/") else self.link


def followed(link: str) -> bool:
    """Whether a link may be put before people: an address of the web, or one of our files."""
    return _FOLLOWED.fullmatch(link) is not None


@dataclass(frozen=True, slots=True)
class Article:
    """One matter that enterprises ask about. Dates are the city's calendar days.

    `department` is the office as people read it, `departments` the keys of those who keep the article right;
    `variants`: channel -> aspect -> the text that is said there instead.
    """

    key: str
    title: str
    category: str
    audience: str
    department: str
    aliases: tuple[str, ...]
    questions: tuple[str, ...]
    sources: tuple[Source, ...]
    valid_from: date
    valid_until: date | None
    checked_on: date
    sections: Mapping[Aspect, str] = field(hash=False)
    departments: tuple[str, ...] = ()
    downloads: tuple[Download, ...] = ()
    variants: Mapping[str, Mapping[Aspect, str]] = field(default_factory=dict, hash=False)

    def in_force(self, today: date) -> bool:
        """Whether the article may be answered from on that day."""
        return self.valid_from <= today and (self.valid_until is None or today <= self.valid_until)

    def aspects(self) -> tuple[Aspect, ...]:
        """The aspects that have a section, in the standard order."""
        return tuple(aspect for aspect in ASPECTS if aspect in self.sections)

    def text(self, aspect: Aspect, channel: str = "") -> str:
        """A section as people read it: without citation marks, and in the channel's own words where it has some."""
        said = self.variants.get(channel, {}).get(aspect) or self.sections[aspect]
        return CITATION.sub("", said).strip()

    def citations(self, aspect: Aspect) -> tuple[Citation, ...]:
        """What a section cites, in order of appearance; unknown ids are left out (`check` reports them)."""
        places: dict[str, list[str]] = {}
        for match in CITATION.finditer(self.sections[aspect]):
            seen = places.setdefault(match["id"], [])
            if match["place"] and match["place"] not in seen:
                seen.append(match["place"])
        by_id = {source.id: source for source in self.sources}
        return tuple(Citation(by_id[id], tuple(found)) for id, found in places.items() if id in by_id)
