"""Tickets that were called back before the answers had columns of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, create_engine, text

from store.migrate import _config, upgrade
from tests.conftest import at_server, postgresql_database

_TICKET = (
    "INSERT INTO tickets (id, number, kind, state, confirmed_by, enterprise, contact, phone, district, subject, description, "
    "wanted, confidential, submitted_at, changed_at, enter_by, decide_by, level, returns, arbitrated, round, cleared_at) "
    "VALUES (:id, :id, 'request', 'closed', :by, '', '', '', '', '', '', '', false, :at, :at, '2026-11-24', '2026-11-26', "
    "'general', 0, false, 1, :cleared)"
)
_EVENT = (
    "INSERT INTO ticket_events (ticket_id, step, note, by, before, after, at) "
    "VALUES (:ticket, :step, :note, 'a', :before, 'closed', '2026-11-25 02:00:00+00:00')"
)
_AT = "2026-11-23 02:00:00+00:00"
# step, before, note -> solved, satisfied, note
_CALLS = [
    ("called_back", "call_back", "已解决，满意。", True, True, ""),
    ("called_back", "call_back", "已解决，不满意。嫌慢", True, False, "嫌慢"),
    ("called_back", "call_back", "未解决，满意。企业已搬走", False, True, "企业已搬走"),
    ("reworked", "call_back", "未解决，不满意。水还是没来", False, False, "水还是没来"),
    # What is no answer of a call, or none that can be read.
    ("reworked", "closed", "未解决，不满意。再办", None, None, "未解决，不满意。再办"),
    ("called_back", "call_back", "他说已解决，满意。", None, None, "他说已解决，满意。"),
    ("called_back", "call_back", "", None, None, ""),
    ("urged", "working", "已解决，满意。", None, None, "已解决，满意。"),
]


def _rows(engine: Engine, columns: str) -> list[tuple[object, ...]]:
    with engine.begin() as connection:
        found = connection.execute(text(f"SELECT {columns} FROM ticket_events ORDER BY id"))
        return [tuple(row) for row in found]


def _moved(url: str) -> None:
    upgrade(url, "0028")
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        for number, (id, cleared) in enumerate({"a": None, "b": _AT}.items()):
            connection.execute(text(_TICKET), {"id": id, "by": number, "at": _AT, "cleared": cleared})
        for step, before, note, *_ in _CALLS:
            connection.execute(text(_EVENT), {"ticket": "a", "step": step, "before": before, "note": note})
    upgrade(url, "0029")
    found = [
        (None if solved is None else bool(solved), None if satisfied is None else bool(satisfied), note)
        for solved, satisfied, note in _rows(engine, "solved, satisfied, note")
    ]
    assert found == [call[3:] for call in _CALLS]
    with engine.begin() as connection:  # the time of one of them is over
        connection.execute(text("UPDATE ticket_events SET ticket_id = 'b', note = '' WHERE id = 2"))
    command.downgrade(_config(url), "0028")
    assert [row[0] for row in _rows(engine, "note")] == [
        "" if number == 1 else call[2] for number, call in enumerate(_CALLS)
    ]
    with engine.begin() as connection:
        columns = list(connection.execute(text("SELECT * FROM ticket_events")).keys())
        assert not {"solved", "satisfied"} & set(columns)
    engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_answers_that_can_be_read_are_filled_in_and_all_others_stay_unknown(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if kind == "sqlite":
        _moved(f"sqlite:///{tmp_path / 'old.db'}")
        return
    server = request.getfixturevalue("postgresql_server")
    with postgresql_database(server) as name:
        _moved(at_server(server, name))
