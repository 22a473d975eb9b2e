"""An article as the search keeps it: its names and questions one by one, and the text of its sections."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from knowledge.article import Article, Aspect
from knowledge.search.aspect import asked_aspect
from knowledge.search.text import normalise


@dataclass(frozen=True, slots=True)
class Entry:
    """Normalised texts of one article. `names` are its title and aliases."""

    key: str
    category: str
    names: tuple[str, ...]
    questions: tuple[str, ...]
    sections: str
    subject: Aspect | None  # the aspect that its title is about ("用水价格": fee)

    def phrases(self) -> tuple[str, ...]:
        """What a question is compared with one by one, without repetitions."""
        return tuple(dict.fromkeys((*self.names, *self.questions)))

    def without(self, question: str) -> Entry:
        """The same article, had it never been told this (normalised) question."""
        kept = tuple(phrase for phrase in self.questions if phrase != question)
        return replace(self, questions=kept)

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
        subject=asked_aspect(article.title),
    )


def dump(entry: Entry) -> bytes:
    """The entry as bytes; `load(dump(entry)) == entry`."""
    return json.dumps(
        [entry.key, entry.category, entry.names, entry.questions, entry.sections, entry.subject],
        ensure_ascii=False,
    ).encode()


def load(data: bytes) -> Entry:
    """The entry that `dump` wrote."""
    key, category, names, questions, sections, subject = json.loads(data)
    return Entry(key, category, tuple(names), tuple(questions), sections, subject)


def _pieces(article: Article) -> list[str]:
    return [line for aspect in article.aspects() for line in article.text(aspect).splitlines()]


def _normalised(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(found for text in texts if (found := normalise(text)))
