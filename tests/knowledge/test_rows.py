"""Articles in the database: imports, people's changes, and a library that knows of them at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy import func, select

from knowledge.article import Article
from knowledge.library import Library
from knowledge.models import ArticleRevision
from knowledge.rows import Imported, archive, changed_since, import_articles, published, save, version
from knowledge.search.index import Index
from store.database import Database

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TODAY = date(2026, 11, 23)
KEYS = ("company-setup", "gas-connection", "water-connection")


async def bring(database: Database, articles: list[Article], *, force: bool = False) -> Imported:
    async with database.write() as session:
        return await import_articles(session, articles, at=NOON, force=force)


async def write(database: Database, article: Article) -> None:
    async with database.write() as session:
        await save(session, article, by="editor", at=NOON)


async def put_away(database: Database, key: str) -> None:
    async with database.write() as session:
        await archive(session, key, by="editor", at=NOON)


async def counter(database: Database) -> int:
    async with database.read() as session:
        return await version(session)


async def titles(database: Database) -> dict[str, str]:
    async with database.read() as session:
        return {article.key: article.title for article in await published(session)}


def some(articles: dict[str, Article]) -> list[Article]:
    return [articles[key] for key in KEYS]


async def test_an_import_brings_every_article(database: Database, articles: dict[str, Article]) -> None:
    assert await bring(database, some(articles)) == Imported(added=KEYS, changed=(), same=(), kept=())
    async with database.read() as session:
        assert await published(session) == some(articles)


async def test_the_same_import_again_changes_nothing(
    database: Database, articles: dict[str, Article]
) -> None:
    await bring(database, some(articles))
    before = await counter(database)
    assert await bring(database, some(articles)) == Imported(added=(), changed=(), same=KEYS, kept=())
    assert await counter(database) == before
    async with database.read() as session:
        assert await session.scalar(select(func.count()).select_from(ArticleRevision)) == len(KEYS)


async def test_a_changed_file_changes_its_article(database: Database, articles: dict[str, Article]) -> None:
    await bring(database, some(articles))
    newer = replace(articles["gas-connection"], title="新的名称")
    done = await bring(database, [articles["water-connection"], newer])
    assert (done.changed, done.same) == (("gas-connection",), ("water-connection",))
    assert (await titles(database))["gas-connection"] == "新的名称"


async def test_what_people_changed_stays_unless_forced(
    database: Database, articles: dict[str, Article]
) -> None:
    await bring(database, some(articles))
    await write(database, replace(articles["gas-connection"], title="编辑改过"))
    assert (await bring(database, some(articles))).kept == ("gas-connection",)
    assert (await titles(database))["gas-connection"] == "编辑改过"
    assert (await bring(database, some(articles), force=True)).changed == ("gas-connection",)
    assert (await titles(database))["gas-connection"] == articles["gas-connection"].title


async def test_what_people_archived_stays_archived(database: Database, articles: dict[str, Article]) -> None:
    await bring(database, some(articles))
    await put_away(database, "gas-connection")
    assert (await bring(database, some(articles))).kept == ("gas-connection",)
    assert "gas-connection" not in await titles(database)


async def test_every_change_raises_the_counter_and_adds_a_revision(
    database: Database, articles: dict[str, Article]
) -> None:
    assert await counter(database) == 0
    await write(database, articles["gas-connection"])
    await write(database, replace(articles["gas-connection"], title="二"))
    await put_away(database, "gas-connection")
    assert await counter(database) == 3
    async with database.read() as session:
        numbers = await session.scalars(select(ArticleRevision.number).order_by(ArticleRevision.id))
        assert numbers.all() == [1, 2, 3]


async def test_only_what_changed_since_is_told(database: Database, articles: dict[str, Article]) -> None:
    await bring(database, some(articles))
    seen = await counter(database)
    await write(database, replace(articles["gas-connection"], title="二"))
    await put_away(database, "water-connection")
    async with database.read() as session:
        changed = await changed_since(session, seen)
    assert [article.title for article in changed.articles] == ["二"]
    assert (changed.gone, changed.version) == (("water-connection",), seen + 2)


async def test_a_library_sees_what_another_process_changed(
    database: Database, database_url: str, articles: dict[str, Article]
) -> None:
    elsewhere, library = Database(database_url), Library(database, Index())
    await bring(elsewhere, some(articles))
    await library.refresh()
    assert library.article("gas-connection", TODAY) == articles["gas-connection"]
    await write(elsewhere, replace(articles["gas-connection"], title="二"))
    await put_away(elsewhere, "water-connection")
    await library.refresh()
    assert library.titles(KEYS, TODAY) == {
        "company-setup": articles["company-setup"].title,
        "gas-connection": "二",
    }
    assert "water-connection" not in [
        hit.key for hit in library.search("用水报装要什么材料", today=TODAY).hits
    ]
    await elsewhere.close()


async def test_an_article_comes_back_when_it_is_published_again(
    database: Database, articles: dict[str, Article]
) -> None:
    library = Library(database, Index())
    await write(database, articles["water-connection"])
    await put_away(database, "water-connection")
    await library.refresh()
    assert library.article("water-connection", TODAY) is None
    await write(database, articles["water-connection"])
    await library.refresh()
    assert library.search("用水报装", today=TODAY).hits[0].key == "water-connection"


async def test_an_expired_article_is_not_found(database: Database, articles: dict[str, Article]) -> None:
    await write(database, replace(articles["water-connection"], valid_until=TODAY))
    library = Library(database, Index())
    await library.refresh()
    tomorrow = date(2026, 11, 24)
    assert library.search("用水报装", today=TODAY).hits[0].key == "water-connection"
    assert library.search("用水报装", today=tomorrow).hits == ()
    assert library.article("water-connection", tomorrow) is None


async def test_an_article_is_not_found_before_it_is_in_force(
    database: Database, articles: dict[str, Article]
) -> None:
    await write(database, replace(articles["water-connection"], valid_from=date(2026, 12, 1)))
    library = Library(database, Index())
    await library.refresh()
    assert library.article("water-connection", TODAY) is None
    assert library.article("water-connection", date(2026, 12, 1)) is not None
