"""What must be right before an article may answer: `qifu knowledge check`.

Each finding names the article and says what is wrong. The same look is taken at files before an import
and at the database.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path

import yaml

from knowledge.article import CITATION, Article, Aspect
from knowledge.catalogue import Catalogue, catalogue
from knowledge.errors import ArticleInvalid
from knowledge.markdown import read
from store.clock import CITY_ZONE

MIN_QUESTIONS = 8
# WeChat refuses a text of more than 2,048 bytes; a reply is a section, its source line and a few words.
MAX_SECTION_BYTES = 1_500
MAX_REPLY_BYTES = 2_048
MAX_TITLE_LETTERS = 20

_PHONE = re.compile(
    r"(?<![\d〔.-])(?:\d{3,4}-\d{7,8}|1[3-9]\d{9}|1[12]\d|12\d{3}|9[56]\d{3})(?![\d〕号年%亿万元.家件户条个-])"
)
_URL = re.compile(r"https?://\S+|www\.\S+|[a-z0-9-]+\.(?:gov|com|org|net|cn)\b", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that has to be mended. `key` is empty where the whole base is meant."""

    key: str
    problem: str

    def __str__(self) -> str:
        return f"{self.key or '(all)'}: {self.problem}"


def check(articles: Iterable[Article], today: date, wanted: Catalogue | None = None) -> list[Finding]:
    """Every finding about a whole knowledge base."""
    articles = list(articles)
    wanted = wanted or catalogue()
    findings = [finding for article in articles for finding in _check_one(article, today, wanted)]
    findings += _check_missing(articles, wanted)
    findings += _check_shared(articles)
    return findings


def check_folder(folder: Path, today: date) -> list[Finding]:
    """The same for a folder of Markdown files; a file that cannot be read is a finding."""
    findings, articles = [], []
    for path in sorted(folder.glob("*.md")):
        try:
            article = read(path)
        except ArticleInvalid as error:
            findings.append(Finding(path.stem, error.reason))
            continue
        if article.key != path.stem:
            findings.append(Finding(path.stem, f"the file holds the key {article.key!r}"))
        articles.append(article)
    return findings + check(articles, today)


def _check_one(article: Article, today: date, wanted: Catalogue) -> Iterator[Finding]:
    for problem in (
        *_check_front(article, today, wanted),
        *_check_facts(article, wanted),
        *(p for aspect in article.aspects() for p in _check_section(article, aspect)),
        *_check_citations(article),
    ):
        yield Finding(article.key, problem)


def _check_front(article: Article, today: date, wanted: Catalogue) -> Iterator[str]:
    if article.category not in wanted.categories:
        yield f"unknown category {article.category!r}"
    if len(article.title) > MAX_TITLE_LETTERS:
        yield f"the title is longer than {MAX_TITLE_LETTERS} letters (it is a button's label)"
    if len(article.questions) < MIN_QUESTIONS:
        yield f"only {len(article.questions)} similar questions, {MIN_QUESTIONS} wanted"
    if not article.in_force(today):
        yield f"not in force on {today}: valid from {article.valid_from} until {article.valid_until}"
    if article.checked_on > today:
        yield f"checked on {article.checked_on}, which is still to come"
    if not article.sources:
        yield "no source"
    for source in article.sources:
        if not (source.title and source.issuer):
            yield f"source {source.id!r} without full name or issuer"
        if source.date > today:
            yield f"source {source.id!r} dated {source.date}, which is still to come"


def _check_facts(article: Article, wanted: Catalogue) -> Iterator[str]:
    matter = wanted.matters.get(article.key)
    if matter is None:
        return
    text = _SPACE.sub("", "".join(article.text(aspect) for aspect in article.aspects()))
    for fact in matter.facts:
        if _SPACE.sub("", fact) not in text:
            yield f"the bulletin's fact is missing: {fact}"


def _check_section(article: Article, aspect: Aspect) -> Iterator[str]:
    text = article.text(aspect)
    if not text:
        yield f"{aspect} is empty"
    if len(text.encode()) > MAX_SECTION_BYTES:
        yield f"{aspect} has {len(text.encode())} bytes, at most {MAX_SECTION_BYTES}"
    whole = text + "".join(citation.line() for citation in article.citations(aspect)) + article.title
    if len(whole.encode()) > MAX_REPLY_BYTES - 150:
        yield f"{aspect} with its sources does not fit a WeChat message of {MAX_REPLY_BYTES} bytes"
    for fact in unlisted(text):
        what = "telephone number" if _PHONE.fullmatch(fact) else "address"
        yield f"{aspect} names the {what} {fact}, which is not on the allow-list"


def _check_citations(article: Article) -> Iterator[str]:
    known = {source.id for source in article.sources}
    cited = {match["id"] for text in article.sections.values() for match in CITATION.finditer(text)}
    if "overview" not in article.sections:
        yield "no overview"
    for id in sorted(cited - known):
        yield f"cites {id!r}, which is not among its sources"
    for id in sorted(known - cited):
        yield f"source {id!r} is never cited"
    for aspect in article.aspects():
        if not CITATION.search(article.sections[aspect]) and "没有收录" not in article.sections[aspect]:
            yield f"{aspect} cites no source"


def _check_missing(articles: list[Article], wanted: Catalogue) -> Iterator[Finding]:
    for key in wanted.matters.keys() - {article.key for article in articles}:
        yield Finding(key, "no article for this key of the catalogue")


def _check_shared(articles: list[Article]) -> Iterator[Finding]:
    for what in ("questions", "aliases"):
        owner: dict[str, str] = {}
        for article in articles:
            for text in getattr(article, what):
                folded = re.sub(r"[\W_]+", "", text).lower()
                if folded in owner:
                    yield Finding(article.key, f"shares the {what[:-1]} {text!r} with {owner[folded]}")
                owner.setdefault(folded, article.key)


def unlisted(text: str) -> list[str]:
    """The telephone numbers and addresses in a text that nobody has verified."""
    allowed = _allowed()
    return [phone for phone in _PHONE.findall(text) if phone not in allowed["phones"]] + [
        url for url in _URL.findall(text) if url not in allowed["urls"]
    ]


@cache
def _allowed() -> Mapping[str, Mapping[str, str]]:
    file = Path(__file__).with_name("allowed.yml")
    data: Mapping[str, Mapping[str, str]] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return data


if __name__ == "__main__":
    found = check_folder(Path(__file__).with_name("articles"), datetime.now(CITY_ZONE).date())
    for finding in found:
        print(finding)  # noqa: T201
    sys.exit(bool(found))
