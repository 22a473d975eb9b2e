"""The knowledge base as a process holds it: always what the database says, ready to search."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from knowledge.article import Article
from knowledge.neighbours import Names
from knowledge.rows import changed_since, version
from knowledge.search.index import Index, Result
from store.database import Database


class Library:
    """Articles and their index. `refresh` before each use: a change counts from the next question on."""

    def __init__(self, database: Database, index: Index) -> None:
        self._database = database
        self._index = index
        self._articles: dict[str, Article] = {}
        self._names = Names()
        self._version = 0
        self._refreshing = asyncio.Lock()

    @property
    def version(self) -> int:
        """The version of the knowledge base that is held."""
        return self._version

    def held(self) -> dict[str, Article]:
        """Every published article, in force or not, as it is held now."""
        return self._articles

    async def refresh(self) -> None:
        """Take in what has changed in the database, whichever process changed it."""
        async with self._database.read() as session:
            if await version(session) == self._version:
                return
        async with self._refreshing, self._database.read() as session:
            changed = await changed_since(session, self._version)
            await asyncio.to_thread(self._take_in, changed.articles, changed.gone)
            self._version = changed.version

    def beside(self, drafts: Mapping[str, Article]) -> Library:
        """What is held now with drafts in their places, to look at; it is not searched and never refreshed."""
        other = Library(self._database, self._index)
        other._articles = {**self._articles, **drafts}
        return other

    def article(self, key: str, today: date) -> Article | None:
        """A published article that is in force on that day."""
        found = self._articles.get(key)
        return found if found is not None and found.in_force(today) else None

    def in_force(self, today: date) -> list[Article]:
        """Every published article that is in force on that day, by key."""
        return [self._articles[key] for key in sorted(self._articles) if self._articles[key].in_force(today)]

    def named(self, folded: Collection[str]) -> list[Article]:
        """The published articles, in force or not, that have one of these names, normalised; seldom one that has none."""
        articles = self._articles
        return [articles[key] for key in sorted(self._names.keys(folded)) if key in articles]

    async def named_in(self, session: AsyncSession, folded: Collection[str]) -> list[Article]:
        """The same as a transaction sees it: whatever was published since the last refresh is among them."""
        changed = await changed_since(session, self._version)
        newer = {*changed.gone, *(article.key for article in changed.articles)}
        return [one for one in self.named(folded) if one.key not in newer] + list(changed.articles)

    def search(self, text: str, *, today: date, category_prior: Mapping[str, float] | None = None) -> Result:
        """The articles in force that a text may be about, the likeliest first."""
        result = self._index.search(text, limit=8, category_prior=category_prior)
        hits = tuple(hit for hit in result.hits if self.article(hit.key, today) is not None)
        return Result(hits[:5], result.aspect)

    def titles(self, keys: tuple[str, ...], today: date) -> dict[str, str]:
        """Key -> title of those that may be answered from."""
        found = {key: self.article(key, today) for key in keys}
        return {key: article.title for key, article in found.items() if article is not None}

    def _take_in(self, articles: tuple[Article, ...], gone: tuple[str, ...]) -> None:
        self._index.remove(gone)
        self._index.put(articles)
        for key in gone:
            self._names.replace(self._articles.get(key), None)
        for article in articles:
            self._names.replace(self._articles.get(article.key), article)
        self._articles = {
            **{key: value for key, value in self._articles.items() if key not in gone},
            **{article.key: article for article in articles},
        }
