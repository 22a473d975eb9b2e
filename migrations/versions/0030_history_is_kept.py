"""What happened to a ticket is only ever added to: its words may be cleared when their time is over, nothing else changes."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_COLUMNS = '"id", "ticket_id", "step", "by", "message_id", "before", "after", "at", "solved", "satisfied"'


def upgrade() -> None:
    """Apply."""
    for statement in _SQLITE if op.get_bind().dialect.name == "sqlite" else _POSTGRESQL:
        op.execute(statement)


_REFUSED = "BEGIN SELECT RAISE(ABORT, 'the history of tickets is append-only'); END"
_SQLITE = (
    f"CREATE TRIGGER ticket_events_no_delete BEFORE DELETE ON ticket_events {_REFUSED}",
    f"CREATE TRIGGER ticket_events_no_change BEFORE UPDATE OF {_COLUMNS} "
    f"ON ticket_events {_REFUSED}",
    f"CREATE TRIGGER ticket_events_no_words BEFORE UPDATE OF note ON ticket_events WHEN NEW.note <> '' {_REFUSED}",
)
_POSTGRESQL = (
    "CREATE FUNCTION refuse_other_history() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "IF TG_OP = 'UPDATE' THEN "
    "IF NEW.note = '' AND to_jsonb(NEW) - 'note' = to_jsonb(OLD) - 'note' THEN RETURN NEW; END IF; END IF; "
    "RAISE EXCEPTION 'the history of tickets is append-only'; END $$",
    "CREATE TRIGGER ticket_events_append_only BEFORE UPDATE OR DELETE ON ticket_events "
    "FOR EACH ROW EXECUTE FUNCTION refuse_other_history()",
    "CREATE TRIGGER ticket_events_no_truncate BEFORE TRUNCATE ON ticket_events "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse_other_history()",
)


def downgrade() -> None:
    """Undo."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    names = ("no_delete", "no_change", "no_words") if sqlite else ("append_only", "no_truncate")
    for name in names:
        op.execute(f"DROP TRIGGER ticket_events_{name}" + ("" if sqlite else " ON ticket_events"))
    if not sqlite:
        op.execute("DROP FUNCTION refuse_other_history()")
