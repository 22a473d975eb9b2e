"""An article as the search keeps it: its names and questions one by one, and the text of its sections."""

from __future__ import annotations

import json
from dataclasses import dataclass

from knowledge.article import Article
from knowledge.search.text import normalise


@dataclass(frozen=True, slots=True)
class Entry:
    """Normalised texts of one article. `names` are its title and aliases."""

    key: str
    category: str
    names: tuple[str, ...]
    questions: tuple[str, ...]
    sections: str

    def phrases(self) -> tuple[str, ...]:
        """What a question is compared with one by one, without repetitions."""
        return tuple(dict.fromkeys((*self.names, *self.questions)))

    def without(self, question: str) -> Entry:
        """The same article, had it never been told this (normalised) question."""
        kept = tuple(phrase for phrase in self.questions if phrase != question)
        return Entry(self.key, self.category, self.names, kept, self.sections)

    def everything(self) -> str:
        """All its texts, one below the other."""
        return "\n".join((*self.names, *self.questions, self.sections))


def entry_of(article: Article) -> Entry:
    """The entry of an article."""
    return Entry(
        key=article.key,
        category=article.category,
        names=_normalised((article.title, *article.aliases)),
        questions=_normalised(article.questions),
        sections="\n".join(_normalised(tuple(_pieces(article)))),
    )


def dump(entry: Entry) -> bytes:
    """The entry as bytes; `load(dump(entry)) == entry`."""
    return json.dumps(
        [entry.key, entry.category, entry.names, entry.questions, entry.sections], ensure_ascii=False
    ).encode()


def load(data: bytes) -> Entry:
    """The entry that `dump` wrote."""
    key, category, names, questions, sections = json.loads(data)
    return Entry(key, category, tuple(names), tuple(questions), sections)


def _pieces(article: Article) -> list[str]:
    return [line for aspect in article.aspects() for line in article.text(aspect).splitlines()]


def _normalised(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(found for text in texts if (found := normalise(text)))
