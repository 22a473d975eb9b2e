"""Articles in the database: publishing, archiving, and reading what has changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from knowledge import following
from knowledge.article import Article, Download, Source
from knowledge.models import ArticleRevision, ArticleRow, ArticleState, KnowledgeVersion, Step

IMPORT = "import"


@dataclass(frozen=True, slots=True)
class Changed:
    """What a database holds that a process has not seen: `gone` are keys that may not be answered from."""

    version: int
    articles: tuple[Article, ...]
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, key by key. `kept` were changed by a person since and stay as they are."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    same: tuple[str, ...]
    kept: tuple[str, ...]


async def version(session: AsyncSession) -> int:
    """The counter of the knowledge base; 0 before the first article."""
    return await session.scalar(select(KnowledgeVersion.version)) or 0


async def changed_since(session: AsyncSession, seen: int) -> Changed:
    """Every article changed after version `seen`."""
    now = await version(session)
    rows = (await session.scalars(select(ArticleRow).where(ArticleRow.version > seen))).all()
    published = [row for row in rows if row.state == ArticleState.PUBLISHED]
    return Changed(
        now,
        tuple(from_content(row.content) for row in published),
        tuple(row.key for row in rows if row.state != ArticleState.PUBLISHED),
    )


async def published(session: AsyncSession) -> list[Article]:
    """Every published article, by key."""
    rows = await session.scalars(
        select(ArticleRow).where(ArticleRow.state == ArticleState.PUBLISHED).order_by(ArticleRow.key)
    )
    return [from_content(row.content) for row in rows]


async def titles(session: AsyncSession, keys: Collection[str]) -> dict[str, str]:
    """Key -> title, of every article that there is or was."""
    title = ArticleRow.content["title"].as_string()
    rows = await session.execute(select(ArticleRow.key, title).where(ArticleRow.key.in_(keys)))
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class Belonging:
    """Where an article belongs. `departments`: as they were chosen or are named, the leading one first."""

    category: str
    departments: tuple[str, ...]


async def belonging(session: AsyncSession, keys: Collection[str]) -> dict[str, Belonging]:
    """Of every article that there is or was, by key."""
    content = ArticleRow.content
    rows = await session.execute(
        select(
            ArticleRow.key,
            content["category"].as_string(),
            content["department"].as_string(),
            content["departments"],
        ).where(ArticleRow.key.in_(keys))
    )
    return {row[0]: Belonging(row[1], tuple(row[3] or (row[2],))) for row in rows}


async def changed_at(session: AsyncSession, keys: Iterable[str] | None = None) -> dict[str, datetime]:
    """When articles were changed last, by key; without `keys`, all that are published."""
    wanted = ArticleRow.state == ArticleState.PUBLISHED if keys is None else ArticleRow.key.in_(list(keys))
    rows = await session.execute(select(ArticleRow.key, ArticleRow.changed_at).where(wanted))
    return {row.key: row.changed_at for row in rows}


async def save(
    session: AsyncSession,
    article: Article,
    *,
    by: str,
    at: datetime,
    why: str = "",
    state: ArticleState = ArticleState.PUBLISHED,
) -> None:
    """Put an article and its revision; every process answers with it from the next question on."""
    content = to_content(article)
    await _put(session, article.key, content, state, by=by, at=at, why=why, version=await _raise(session))


async def archive(session: AsyncSession, key: str, *, by: str, at: datetime, why: str = "") -> None:
    """Take an article out of the answers."""
    row = await session.get_one(ArticleRow, key)
    gone = ArticleState.ARCHIVED
    await _put(session, key, row.content, gone, by=by, at=at, why=why, version=await _raise(session))


async def import_articles(
    session: AsyncSession, articles: Iterable[Article], *, at: datetime, force: bool = False
) -> Imported:
    """Bring the database to the given articles, leaving alone what people changed or are at (unless `force`).

    What `force` puts aside stays among the revisions of its card. See docs/decisions/0008-files-and-the-editor.md.
    """
    rows = {row.key: row for row in await session.scalars(select(ArticleRow))}
    busy = await following.in_work(session)
    found: dict[str, list[str]] = {"added": [], "changed": [], "same": [], "kept": []}
    to_write: list[tuple[str, dict[str, Any]]] = []
    for article in articles:
        content = to_content(article)
        what = _compare(rows.get(article.key), content, force)
        if article.key in busy and what in ("added", "changed") and not force:
            what = "kept"
        found[what].append(article.key)
        if what in ("added", "changed"):
            to_write.append((article.key, content))
    if to_write:
        counter = await _raise(session)
        for key, content in to_write:
            await _put(session, key, content, ArticleState.PUBLISHED, by=IMPORT, at=at, version=counter)
    return Imported(**{what: tuple(keys) for what, keys in found.items()})


def _compare(row: ArticleRow | None, content: Mapping[str, Any], force: bool) -> str:
    if row is None:
        return "added"
    if row.content == content and row.state == ArticleState.PUBLISHED:
        return "same"
    return "changed" if row.changed_by == IMPORT or force else "kept"


async def _put(
    session: AsyncSession,
    key: str,
    content: dict[str, Any],
    state: ArticleState,
    *,
    by: str,
    at: datetime,
    version: int,
    why: str = "",
) -> None:
    row = await session.get(ArticleRow, key)
    if row is None:
        row = ArticleRow(key=key, revision=0)
        session.add(row)
    row.state, row.content, row.version, row.changed_by, row.changed_at = state, content, version, by, at
    row.revision += 1
    await session.flush()
    session.add(
        ArticleRevision(
            key=key, number=row.revision, state=state, content=content, changed_by=by, changed_at=at
        )
    )
    published = Step.PUBLISHED if state == ArticleState.PUBLISHED else Step.ARCHIVED
    step = Step.IMPORTED if by == IMPORT else published
    await following.follow(session, key, content, state, step=step, by=by, why=why, at=at)


async def _raise(session: AsyncSession) -> int:
    # One statement, so that two writers on PostgreSQL queue here and a later version is never
    # visible before an earlier one.
    raised = await session.scalar(
        update(KnowledgeVersion)
        .values(version=KnowledgeVersion.version + 1)
        .returning(KnowledgeVersion.version)
    )
    if raised is None:
        raised = 1
        session.add(KnowledgeVersion(id=1, version=raised))
        await session.flush()
    return raised


def to_content(article: Article) -> dict[str, Any]:
    """An article as JSON."""
    return {
        "key": article.key,
        "title": article.title,
        "category": article.category,
        "audience": article.audience,
        "department": article.department,
        "aliases": list(article.aliases),
        "questions": list(article.questions),
        "sources": [_source_content(source) for source in article.sources],
        "valid_from": article.valid_from.isoformat(),
        "valid_until": article.valid_until and article.valid_until.isoformat(),
        "checked_on": article.checked_on.isoformat(),
        "sections": dict(article.sections),
        **_extras(article),
    }


def _source_content(source: Source) -> dict[str, str]:
    content = {
        "id": source.id,
        "title": source.title,
        "issuer": source.issuer,
        "number": source.number,
        "date": source.date.isoformat(),
    }
    return content | ({"link": source.link} if source.link else {})


def _extras(article: Article) -> dict[str, Any]:
    # Only what there is: an article without them is the same JSON as before there were such things.
    found: dict[str, Any] = {
        "departments": list(article.departments),
        "downloads": [{"title": one.title, "link": one.link} for one in article.downloads],
        "variants": {channel: dict(texts) for channel, texts in article.variants.items()},
    }
    return {name: value for name, value in found.items() if value}


def from_content(content: Mapping[str, Any]) -> Article:
    """The article of that JSON; `from_content(to_content(a)) == a`."""
    fields = dict(content)
    for name in ("aliases", "questions", "departments"):
        fields[name] = tuple(fields.get(name, ()))
    fields["downloads"] = tuple(Download(**download) for download in fields.get("downloads", ()))
    fields["sources"] = tuple(
        Source(**{**source, "date": date.fromisoformat(source["date"])}) for source in fields["sources"]
    )
    for name in ("valid_from", "valid_until", "checked_on"):
        fields[name] = fields[name] and date.fromisoformat(fields[name])
    return Article(**fields)
