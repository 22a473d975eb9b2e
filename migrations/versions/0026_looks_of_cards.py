"""What lists look for of cards: of what is answered from, apart from what is being written; long texts in tables of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
_MOVED = ("names", "text", "content")


def upgrade() -> None:
    """Apply."""
    _contents()
    _texts()
    _live()
    _fill()
    op.add_column("unanswered_groups", sa.Column("added", _JSON, nullable=False, server_default="[]"))
    op.drop_index("ix_cards_valid_until", "cards")
    for name in _MOVED:
        op.execute(f"ALTER TABLE cards DROP COLUMN {name}")


def _contents() -> None:
    op.create_table(
        "card_contents",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content", _JSON, nullable=False),
        sa.ForeignKeyConstraint(["key"], ["cards.key"], name=op.f("fk_card_contents_key")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_card_contents")),
    )


def _texts() -> None:
    op.create_table(
        "card_texts",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["cards.key"], name=op.f("fk_card_texts_key")),
        sa.PrimaryKeyConstraint("key", "live", name=op.f("pk_card_texts")),
    )
    # Who looks for what nowhere stands reads every text: with lz4 that takes half the time. Not every server has it.
    known = "SELECT 1 FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)"
    if op.get_bind().dialect.name == "postgresql" and op.get_bind().scalar(sa.text(known)):
        op.execute("ALTER TABLE card_texts ALTER COLUMN text SET COMPRESSION lz4")


def _live() -> None:
    op.create_table(
        "live_cards",
        sa.Column("key", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("title", "category", "keepers")),
        sa.Column("valid_until", sa.Date()),
        sa.Column("checked_on", sa.Date(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("ask_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["key"], ["cards.key"], name=op.f("fk_live_cards_key")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_live_cards")),
    )
    op.create_index("ix_live_cards_changed_at", "live_cards", ["changed_at", "key"])
    op.create_index("ix_live_cards_category", "live_cards", ["category", "changed_at", "key"])
    op.create_index("ix_live_cards_valid_until", "live_cards", ["valid_until"])
    op.create_index("ix_live_cards_checked_on", "live_cards", ["checked_on"])
    op.create_index("ix_live_cards_ask_on", "live_cards", ["ask_on"])


def _fill() -> None:
    """Of every card what is written, and of every article that is answered from what is published."""
    bind = op.get_bind()
    tables = sa.MetaData()
    tables.reflect(bind, only=["articles", "cards", "card_contents", "card_texts", "live_cards"])
    cards, texts = tables.tables["cards"], tables.tables["card_texts"]
    for row in bind.execute(sa.select(cards.c.key, cards.c.content)).mappings().all():
        content = _read(row["content"])
        bind.execute(tables.tables["card_contents"].insert().values(key=row["key"], content=content))
        bind.execute(texts.insert().values(key=row["key"], live=False, text=_text(content)))
    articles = tables.tables["articles"]
    published = sa.select(articles).join(cards, cards.c.key == articles.c.key)
    for row in bind.execute(published.where(articles.c.state == "published")).mappings().all():
        content = _read(row["content"])
        by = {"changed_by": row["changed_by"], "changed_at": row["changed_at"]}
        bind.execute(tables.tables["live_cards"].insert().values(key=row["key"], **by, **_look(content)))
        bind.execute(texts.insert().values(key=row["key"], live=True, text=_text(content)))


def _read(content: Any) -> dict[str, Any]:
    return content if isinstance(content, dict) else json.loads(content)


def _look(content: Mapping[str, Any]) -> dict[str, Any]:
    keepers = (*content.get("departments", ()), content["department"])
    until, checked = content["valid_until"], date.fromisoformat(content["checked_on"])
    return {
        "title": content["title"],
        "category": content["category"],
        "keepers": f"|{'|'.join(filter(None, keepers))}|",
        "valid_until": date.fromisoformat(until) if until else None,
        "checked_on": checked,
        "ask_on": checked + timedelta(days=366),
    }


def _text(content: Mapping[str, Any]) -> str:
    named = (content["title"], *content["aliases"])
    return "\n".join((*named, *content["questions"], *content["sections"].values())).lower()


def downgrade() -> None:
    """Undo."""
    op.execute("ALTER TABLE unanswered_groups DROP COLUMN added")
    for name in ("names", "text"):
        op.add_column("cards", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("cards", sa.Column("content", _JSON, nullable=False, server_default="{}"))
    contents = "SELECT content FROM card_contents WHERE card_contents.key = cards.key"
    words = "SELECT text FROM card_texts WHERE card_texts.key = cards.key AND NOT card_texts.live"
    op.execute(f"UPDATE cards SET content = ({contents}), text = ({words})")
    for name in _MOVED:
        with op.batch_alter_table("cards") as table:
            table.alter_column(name, server_default=None)
    op.create_index("ix_cards_valid_until", "cards", ["valid_until"])
    for name in ("live_cards", "card_texts", "card_contents"):
        op.drop_table(name)
