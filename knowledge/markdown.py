"""An article as a Markdown file: YAML front matter and one `## aspect` section each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from knowledge.article import ASPECTS, Article, Aspect, Download, Source
from knowledge.errors import ArticleInvalid

_FRONT = re.compile(r"\A---\n(?P<meta>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
_HEADING = re.compile(r"^## +(.+?) *$", re.MULTILINE)
# A line of a section that looks like a heading has a backslash before it in the file.
_LIKE_HEADING = re.compile(r"^(\\*## )", re.MULTILINE)
_SHIELDED = re.compile(r"^\\(\\*## )", re.MULTILINE)
_FIELDS = {
    "key", "title", "category", "audience", "department", "aliases", "questions",
    "sources", "valid_from", "valid_until", "checked_on",
}  # fmt: skip
_MORE_FIELDS = {"departments", "downloads", "variants"}  # may be left out
_SOURCE_FIELDS = {"id", "title", "issuer", "number", "date"}
_DOWNLOAD_FIELDS = {"title", "link"}


def read(path: Path) -> Article:
    """The article in a file. Raises `ArticleInvalid` naming the file."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ArticleInvalid(path.name, "not UTF-8 text") from error
    return parse(text, where=path.name)


def read_folder(folder: Path) -> list[Article]:
    """Every `*.md` of a folder, by name."""
    return [read(path) for path in sorted(folder.glob("*.md"))]


def parse(text: str, *, where: str) -> Article:
    """An article from its Markdown. Raises `ArticleInvalid` with `where` and the reason."""
    match = front(text)
    if match is None:
        raise ArticleInvalid(where, "no front matter between two lines of ---")
    try:
        meta = yaml.safe_load(match[0])
    except yaml.YAMLError as error:
        raise ArticleInvalid(where, f"the front matter is not YAML: {error}") from error
    if not isinstance(meta, dict):
        raise ArticleInvalid(where, "the front matter is not a mapping")
    _refuse_fields(where, "front matter", set(meta), _FIELDS, _MORE_FIELDS)
    return Article(
        **{name: _text(where, meta, name) for name in ("key", "title", "category", "audience", "department")},
        aliases=_texts(where, meta, "aliases"),
        questions=_texts(where, meta, "questions"),
        sources=tuple(_source(where, item) for item in _list(where, meta, "sources")),
        valid_from=_date(where, meta, "valid_from"),
        valid_until=None if meta["valid_until"] is None else _date(where, meta, "valid_until"),
        checked_on=_date(where, meta, "checked_on"),
        sections=_sections(where, match[1]),
        departments=_texts(where, {"departments": [], **meta}, "departments"),
        downloads=tuple(
            _download(where, item) for item in _list(where, {"downloads": [], **meta}, "downloads")
        ),
        variants=_variants(where, meta.get("variants", {})),
    )


def front(text: str) -> tuple[str, str] | None:
    """The front matter and what follows it; None where there is no front matter."""
    match = _FRONT.match(text.replace("\r\n", "\n"))
    return (match["meta"], match["body"]) if match else None


def headed(body: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first heading, and each heading with its text."""
    parts = _HEADING.split(body)
    texts = [_SHIELDED.sub(r"\1", text).strip() for text in parts[2::2]]
    return parts[0].strip(), list(zip(parts[1::2], texts, strict=True))


def dump(article: Article) -> str:
    """The Markdown of an article; `parse(dump(a)) == a`."""
    meta = {
        "key": article.key,
        "title": article.title,
        "category": article.category,
        "audience": article.audience,
        "department": article.department,
        "aliases": list(article.aliases),
        "questions": list(article.questions),
        "sources": [
            {"id": s.id, "title": s.title, "issuer": s.issuer, "number": s.number, "date": s.date}
            | ({"link": s.link} if s.link else {})
            for s in article.sources
        ],
        "valid_from": article.valid_from,
        "valid_until": article.valid_until,
        "checked_on": article.checked_on,
        **_more(article),
    }
    head = yaml.safe_dump(meta, allow_unicode=True, sort_keys=False, width=110)
    body = "\n\n".join(f"## {aspect}\n{_shielded(article.sections[aspect])}" for aspect in article.aspects())
    return f"---\n{head}---\n{body}\n"


def _shielded(text: str) -> str:
    return _LIKE_HEADING.sub(r"\\\1", text)


def _more(article: Article) -> dict[str, Any]:
    found: dict[str, Any] = {
        "departments": list(article.departments),
        "downloads": [{"title": one.title, "link": one.link} for one in article.downloads],
        "variants": {channel: dict(texts) for channel, texts in article.variants.items()},
    }
    return {name: value for name, value in found.items() if value}


def _download(where: str, item: object) -> Download:
    if not isinstance(item, dict):
        raise ArticleInvalid(where, "a download is not a mapping")
    _refuse_fields(where, "download", set(item), _DOWNLOAD_FIELDS)
    return Download(_text(where, item, "title"), _text(where, item, "link"))


def _variants(where: str, item: object) -> dict[str, dict[Aspect, str]]:
    """Channel -> aspect -> text."""
    if not isinstance(item, dict) or not all(isinstance(texts, dict) for texts in item.values()):
        raise ArticleInvalid(where, "variants is not a mapping of channels")
    found: dict[str, dict[Aspect, str]] = {}
    for channel, texts in item.items():
        if unknown := set(texts) - set(ASPECTS):
            raise ArticleInvalid(where, f"variant {channel!r} with unknown {', '.join(map(str, unknown))}")
        found[str(channel)] = {aspect: _text(where, texts, aspect) for aspect in texts}
    return found


def _sections(where: str, body: str) -> dict[Aspect, str]:
    before, parts = headed(body)
    if before:
        raise ArticleInvalid(where, "text before the first section")
    sections: dict[Aspect, str] = {}
    for heading, text in parts:
        if heading not in ASPECTS:
            raise ArticleInvalid(where, f"unknown aspect {heading!r}")
        if heading in sections:
            raise ArticleInvalid(where, f"aspect {heading!r} twice")
        sections[heading] = text
    return sections


def _source(where: str, item: object) -> Source:
    if not isinstance(item, dict):
        raise ArticleInvalid(where, "a source is not a mapping")
    _refuse_fields(where, "source", set(item), _SOURCE_FIELDS, {"link"})
    place = f"{where}, source {item['id']!r}"
    id, title, issuer, number = (_text(place, item, name) for name in ("id", "title", "issuer", "number"))
    link = _text(place, {"link": "", **item}, "link")
    return Source(id, title, issuer, number, _date(place, item, "date"), link)


def _refuse_fields(
    where: str, what: str, have: Iterable[object], want: set[str], may: Collection[str] = ()
) -> None:
    if missing := want - {str(name) for name in have}:
        raise ArticleInvalid(where, f"{what} without {', '.join(sorted(missing))}")
    if unknown := {str(name) for name in have} - want - set(may):
        raise ArticleInvalid(where, f"{what} with unknown {', '.join(sorted(unknown))}")


def _text(where: str, meta: Mapping[str, Any], name: str) -> str:
    value = meta[name]
    if not isinstance(value, str):
        raise ArticleInvalid(where, f"{name} is not text")
    return value.strip()


def _list(where: str, meta: Mapping[str, Any], name: str) -> list[object]:
    value = meta[name]
    if not isinstance(value, list):
        raise ArticleInvalid(where, f"{name} is not a list")
    return value


def _texts(where: str, meta: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = _list(where, meta, name)
    if not all(isinstance(value, str) and value.strip() for value in values):
        raise ArticleInvalid(where, f"{name} holds something that is not text")
    return tuple(str(value).strip() for value in values)


def _date(where: str, meta: Mapping[str, Any], name: str) -> date:
    value = meta[name]
    if type(value) is not date:
        raise ArticleInvalid(where, f"{name} is not a date (2026-01-31)")
    return value
