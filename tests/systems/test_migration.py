"""Tickets that were there before: they changed when something last happened to them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from store.migrate import _config, upgrade
from tests.conftest import at_server, postgresql_database

_TICKET = (
    "INSERT INTO tickets (id, number, kind, state, confirmed_by, enterprise, contact, phone, district, subject, description, "
    "wanted, confidential, submitted_at, enter_by, decide_by) VALUES (:id, :id, 'request', 'submitted', :by, '', '', '', '', "
    "'', '', '', false, '2026-11-23 02:00:00+00:00', '2026-11-24', '2026-11-26')"
)
_EVENT = (
    "INSERT INTO ticket_events (ticket_id, step, note, by, after, at) "
    "VALUES ('a', 'urged', '', 'enterprise', 'submitted', '2026-11-2{day} 02:00:00+00:00')"
)


def _upgraded(url: str) -> tuple[dict[str, str], set[str]]:
    upgrade(url, "0012")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for number, id in enumerate("ab"):
            connection.execute(text(_TICKET), {"id": id, "by": number})
        for day in (5, 4):
            connection.execute(text(_EVENT.format(day=day)))
    upgrade(url, "0016")
    with engine.begin() as connection:
        if make_url(url).get_backend_name() == "postgresql":
            connection.execute(text("SET TIME ZONE 'UTC'"))
            found = "SELECT indexname FROM pg_indexes WHERE tablename = 'tickets'"
        else:
            found = "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'tickets'"
        changed = connection.execute(text("SELECT id, changed_at FROM tickets"))
        result = (
            {row[0]: str(row[1])[:10] for row in changed},
            {str(row[0]) for row in connection.execute(text(found))},
        )
    command.downgrade(_config(url), "0012")
    with engine.begin() as connection:
        columns = list(connection.execute(text("SELECT * FROM tickets")).keys())
        assert "changed_at" not in columns
    engine.dispose()
    return result


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_tickets_that_were_there_changed_with_their_last_event(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        changed, indexes = _upgraded(f"sqlite:///{tmp_path / 'old.db'}")
    else:
        server = request.getfixturevalue("postgresql_server")
        with postgresql_database(server) as name:
            changed, indexes = _upgraded(at_server(server, name))
    assert changed == {"a": "2026-11-25", "b": "2026-11-23"}
    assert {"ix_tickets_changed", "ix_tickets_supervised", "ix_tickets_state"} <= indexes
