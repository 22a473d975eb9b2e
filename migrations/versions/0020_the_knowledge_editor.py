"""The knowledge editor: cards, their revisions, questions of the gate, its runs, hit tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

_WORD = sa.String(32)
_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(sa.dialects.postgresql.JSONB(), "postgresql")
_NUMBERED = {"sqlite_autoincrement": True}


def upgrade() -> None:
    """Apply."""
    _cards()
    _gate()
    _fill()


def _cards() -> None:
    op.create_table(
        "cards",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", _WORD, nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("live_number", sa.Integer()),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("title", "category", "keepers", "names", "text")),
        sa.Column("valid_until", sa.Date()),
        sa.Column("checked_on", sa.Date()),
        sa.Column("content", _JSON, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("publish_at", _MOMENT),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_cards")),
    )
    op.create_index("ix_cards_changed_at", "cards", ["changed_at", "key"])
    op.create_index("ix_cards_state", "cards", ["state", "changed_at", "key"])
    op.create_index("ix_cards_category", "cards", ["category", "changed_at", "key"])
    op.create_index("ix_cards_publish_at", "cards", ["publish_at"])
    op.create_index("ix_cards_valid_until", "cards", ["valid_until"])
    op.create_table(
        "card_revisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", _WORD, nullable=False),
        sa.Column("content", _JSON, nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["key"], ["cards.key"], name=op.f("fk_card_revisions_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card_revisions")),
        sa.UniqueConstraint("key", "number", name=op.f("uq_card_revisions_key")),
        **_NUMBERED,
    )
    op.create_table(
        "card_autosaves",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("base", sa.Integer(), nullable=False),
        sa.Column("content", _JSON, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", "by", name=op.f("pk_card_autosaves")),
    )
    op.create_table(
        "expiry_notices",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", "valid_until", "days", name=op.f("pk_expiry_notices")),
    )


def _gate() -> None:
    op.create_table(
        "stored_questions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("article", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_questions")),
        sa.UniqueConstraint("folded", name=op.f("uq_stored_questions_folded")),
        **_NUMBERED,
    )
    op.create_index(op.f("ix_stored_questions_article"), "stored_questions", ["article"])
    op.create_table(
        "gate_runs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("revision", "version", "done", "total")),
        sa.Column("outcome", _JSON),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("seen_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_runs")),
        **_NUMBERED,
    )
    op.create_index("ix_gate_runs_key", "gate_runs", ["key", "id"])
    op.create_table(
        "hit_tests",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("outcome", _JSON, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hit_tests")),
        **_NUMBERED,
    )


def _fill() -> None:
    """A card, with its first revision, for each article that there is."""
    bind = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(bind, only=["articles", "cards", "card_revisions"])
    articles, cards, revisions = (tables.tables[name] for name in ("articles", "cards", "card_revisions"))
    for row in bind.execute(sa.select(articles)).mappings().all():
        content = row["content"] if isinstance(row["content"], dict) else json.loads(row["content"])
        live = row["state"] == "published"
        by_and_at = {"by": row["changed_by"], "at": row["changed_at"]}
        bind.execute(
            cards.insert().values(
                key=row["key"], state="published" if live else "archived", live=live, live_number=1 if live else None,
                content=content, revision=1, publish_at=None, changed_by=row["changed_by"],
                changed_at=row["changed_at"], **_looked_for(content),
            )
        )  # fmt: skip
        step = "imported" if row["changed_by"] == "import" else "published"
        bind.execute(
            revisions.insert().values(
                key=row["key"], number=1, step=step if live else "archived", content=content, why="", **by_and_at
            )
        )


def _looked_for(content: Mapping[str, Any]) -> dict[str, Any]:
    until, checked = content["valid_until"], content["checked_on"]
    return {
        "title": content["title"],
        "category": content["category"],
        "keepers": f"|{content['department']}|",
        "names": "\n".join((content["title"], *content["aliases"])).lower(),
        "text": "\n".join((*content["questions"], *content["sections"].values())).lower(),
        "valid_until": date.fromisoformat(until) if until else None,
        "checked_on": date.fromisoformat(checked) if checked else None,
    }


def downgrade() -> None:
    """Undo."""
    for name in (
        "hit_tests", "gate_runs", "stored_questions", "expiry_notices", "card_autosaves", "card_revisions", "cards",
    ):  # fmt: skip
        op.drop_table(name)
