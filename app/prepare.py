"""What has to be true before the product can start: tables, content, departments, a first admin."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

from app.settings import ROOT, Settings
from desk.announcing import announce_articles
from desk.dispatch import add_dispatch_rules
from desk.workdays import count_anew
from knowledge.markdown import read_folder
from knowledge.rows import Imported, import_articles
from staff.accounts import NewAccount, add_first_admin
from staff.departments import add_departments
from store.clock import Clock
from store.database import Database
from store.ids import new_id
from store.migrate import upgrade

ARTICLES = ROOT / "knowledge" / "articles"


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the preparation did. `admin` is there once, on the first start."""

    imported: Imported
    admin: NewAccount | None


async def prepare(settings: Settings, clock: Clock, articles: Path = ARTICLES) -> Prepared:
    """Bring the database up to date and the articles into it; safe to repeat."""
    settings.data.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(upgrade, settings.database_url())
    found = await asyncio.to_thread(read_folder, articles)
    database = Database(settings.database_url())
    try:
        async with database.write() as session:
            imported = await import_articles(session, found, at=clock())
            new = {*imported.added, *imported.changed}
            told = [article for article in found if article.key in new]
            await announce_articles(session, told, at=clock(), new_id=new_id)
            await add_departments(session)
            await add_dispatch_rules(session)
            # The days off that come with a release may be others than those that limits were counted by.
            await count_anew(session)
            admin = await add_first_admin(session, id=new_id(), at=clock())
    finally:
        await database.close()
    return Prepared(imported, admin)
