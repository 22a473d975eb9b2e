"""What the knowledge base must cover: `catalogue.yml`, read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("catalogue.yml")


@dataclass(frozen=True, slots=True)
class Matter:
    """One key of the catalogue; `facts` must stand in its article word for word."""

    key: str
    name: str
    category: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The categories (key -> Chinese name) and the matters, by key."""

    categories: Mapping[str, str]
    matters: Mapping[str, Matter]


@cache
def catalogue() -> Catalogue:
    """The catalogue that comes with the product."""
    data = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    matters = (
        Matter(item["key"], item["name"], item["category"], tuple(str(f) for f in item.get("facts", ())))
        for item in data["articles"]
    )
    return Catalogue(data["categories"], {matter.key: matter for matter in matters})
