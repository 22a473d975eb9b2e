"""Articles that were there before: what is answered and what is being written are found apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text

from store.migrate import _config, upgrade
from tests.conftest import at_server, postgresql_database

_ARTICLE = (
    "INSERT INTO articles (key, state, content, revision, version, changed_by, changed_at) "
    "VALUES ('water', 'published', :content, 1, 1, 'editor', '2026-11-23 02:00:00+00:00')"
)
_CARD = (
    "INSERT INTO cards (key, state, live, live_number, title, category, keepers, names, text, valid_until, checked_on, "
    "content, revision, changed_by, changed_at) VALUES (:key, 'draft', :live, 1, 'x', 'x', 'x', 'x', 'x', NULL, NULL, "
    ":content, 2, 'editor', '2026-11-24 02:00:00+00:00')"
)


def _content(title: str, checked: str) -> str:
    content = {
        "title": title, "category": "water", "department": "水务", "departments": ["water"], "aliases": ["接水Tap"],
        "questions": ["怎么接水"], "sections": {"overview": f"{title}的办法"}, "valid_until": None, "checked_on": checked,
    }  # fmt: skip
    return json.dumps(content, ensure_ascii=False)


def _upgraded(url: str) -> None:
    upgrade(url, "0025")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(text(_ARTICLE), {"content": _content("线上", "2026-01-31")})
        for key, live in (("water", True), ("new", False)):
            values = {"key": key, "live": live, "content": _content("在写", "")}
            connection.execute(text(_CARD), values)
    upgrade(url, "0026")
    with engine.begin() as connection:
        look = connection.execute(text("SELECT key, title, keepers, checked_on, ask_on FROM live_cards"))
        (found,) = [tuple(map(str, row)) for row in look]
        assert found == ("water", "线上", "|water|水务|", "2026-01-31", "2027-02-01")
        texts = connection.execute(text("SELECT key, live, text FROM card_texts ORDER BY key, live"))
        drafts = "在写\n接水tap\n怎么接水\n在写的办法"
        assert [(row[0], bool(row[1]), row[2]) for row in texts] == [
            ("new", False, drafts), ("water", False, drafts), ("water", True, drafts.replace("在写", "线上")),
        ]  # fmt: skip
        assert connection.scalar(text("SELECT count(*) FROM card_contents")) == 2
    command.downgrade(_config(url), "0025")
    with engine.begin() as connection:
        kept = connection.scalar(text("SELECT content FROM cards WHERE key = 'new'"))
        assert (kept if isinstance(kept, dict) else json.loads(kept)) == json.loads(_content("在写", ""))
    upgrade(url)
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_articles_that_were_there_are_found_as_they_are_answered_and_as_they_are_written(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        _upgraded(f"sqlite:///{tmp_path / 'old.db'}")
        return
    server: str = request.getfixturevalue("postgresql_server")
    with postgresql_database(server) as name:
        _upgraded(at_server(server, name))
