"""The tables of knowledge."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.base import Base


class ArticleState(StrEnum):
    """Whether the bot may answer from an article."""

    PUBLISHED = "published"
    ARCHIVED = "archived"


class ArticleRow(Base):
    """An article as it stands. `version` is the counter of the whole base at its last change."""

    __tablename__ = "articles"

    key: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[ArticleState]
    content: Mapped[dict[str, Any]]
    revision: Mapped[int]
    version: Mapped[int] = mapped_column(index=True)
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class ArticleRevision(Base):
    """An article as it stood after one change. Rows are only ever added."""

    __tablename__ = "article_revisions"
    __table_args__ = (UniqueConstraint("key", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(ForeignKey("articles.key"))
    number: Mapped[int]
    state: Mapped[ArticleState]
    content: Mapped[dict[str, Any]]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class ArticleImport(Base):
    """A file that somebody wants to import: its id is the key of the preview, used once, by who uploaded it.

    `content` is dropped when it is taken, given up or over; what stays tells where the articles came from.
    """

    __tablename__ = "article_imports"
    __table_args__ = (Index("ix_article_imports_account", "account_id", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    account_id: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    file_name: Mapped[str]
    sha256: Mapped[str]
    document: Mapped[bool]  # one document that is to become one article
    title: Mapped[str]  # the document's own
    content: Mapped[dict[str, Any]]
    taken_at: Mapped[datetime | None]
    keys: Mapped[list[Any]] = mapped_column(default=list)  # of the articles that came of it


class KnowledgeVersion(Base):
    """One row: a counter that every change of the knowledge base raises."""

    __tablename__ = "knowledge_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]


class CardState(StrEnum):
    """Where the working copy of an article is in its life. What the bot reads is `ArticleRow` alone."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class Step(StrEnum):
    """What made a revision of a card."""

    SAVED = "saved"
    RESTORED = "restored"
    IMPORTED = "imported"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    GIVEN_UP = "given_up"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    ARCHIVED = "archived"


class CardContent(Base):
    """What a card holds, apart from it: lists walk the cards, and a row that is long is slow to pass by."""

    __tablename__ = "card_contents"

    key: Mapped[str] = mapped_column(ForeignKey("cards.key"), primary_key=True)
    content: Mapped[dict[str, Any]]


class Card(Base):
    """The working copy of an article, which staff edit; it may be incomplete.

    `live`: the bot answers from what revision `live_number` holds. `revision`: the number of the newest revision, which
    every step raises. `title`, `category`, `keepers`, `valid_until`, `checked_on`: taken from `content`, to be looked for.
    """

    __tablename__ = "cards"
    __table_args__ = (
        Index("ix_cards_changed_at", "changed_at", "key"),
        Index("ix_cards_state", "state", "changed_at", "key"),
        Index("ix_cards_category", "category", "changed_at", "key"),
        Index("ix_cards_publish_at", "publish_at"),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[CardState]
    live: Mapped[bool]
    live_number: Mapped[int | None]
    title: Mapped[str]
    category: Mapped[str]
    keepers: Mapped[str]
    valid_until: Mapped[date | None]
    checked_on: Mapped[date | None]
    revision: Mapped[int]
    publish_at: Mapped[datetime | None]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    _kept: Mapped[CardContent] = relationship(lazy="joined", innerjoin=True)

    @property
    def content(self) -> dict[str, Any]:
        """The article as JSON, as far as it has been written."""
        return self._kept.content

    @content.setter
    def content(self, content: dict[str, Any]) -> None:
        if self.revision:
            self._kept.content = content
        else:
            self._kept = CardContent(content=content)


class LiveCard(Base):
    """How an article that is answered from looks in a list, whatever is being written beside it.

    `changed_by`, `changed_at`: who published it, and when. `ask_on`: when its keepers are next asked to check it.
    """

    __tablename__ = "live_cards"
    __table_args__ = (
        Index("ix_live_cards_changed_at", "changed_at", "key"),
        Index("ix_live_cards_category", "category", "changed_at", "key"),
        Index("ix_live_cards_valid_until", "valid_until"),
        Index("ix_live_cards_checked_on", "checked_on"),
        Index("ix_live_cards_ask_on", "ask_on"),
    )

    key: Mapped[str] = mapped_column(ForeignKey("cards.key"), primary_key=True)
    title: Mapped[str]
    category: Mapped[str]
    keepers: Mapped[str]
    valid_until: Mapped[date | None]
    checked_on: Mapped[date]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]
    ask_on: Mapped[date]


class CardText(Base):
    """What of an article is looked for, in small letters: of its working copy, and of what is `live`."""

    __tablename__ = "card_texts"

    key: Mapped[str] = mapped_column(ForeignKey("cards.key"), primary_key=True)
    live: Mapped[bool] = mapped_column(primary_key=True)
    text: Mapped[str]


class CardRevision(Base):
    """A card as it stood after one step. Rows are only ever added. `by`: a user name, or `import`."""

    __tablename__ = "card_revisions"
    __table_args__ = (UniqueConstraint("key", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(ForeignKey("cards.key"))
    number: Mapped[int]
    step: Mapped[Step]
    content: Mapped[dict[str, Any]]
    why: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]


class ArticleFile(Base):
    """A file that an editor uploaded, to be downloaded by a link of articles. It stays as long as anything names it.

    `article`: the card in whose editor it was uploaded; who may fetch it is decided by the articles that carry its link.
    """

    __tablename__ = "article_files"

    id: Mapped[str] = mapped_column(primary_key=True)
    article: Mapped[str]
    name: Mapped[str]  # under which it is saved: its ending says its true type
    media_type: Mapped[str]
    size: Mapped[int]  # bytes
    sha256: Mapped[str]
    key: Mapped[str] = mapped_column(unique=True)  # the name under which its content is kept
    scanned: Mapped[bool]
    by: Mapped[str]
    at: Mapped[datetime]


class CardAutosave(Base):
    """What somebody has in the editor and has not saved. `base`: the revision that the editor began with."""

    __tablename__ = "card_autosaves"

    key: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str] = mapped_column(primary_key=True)
    base: Mapped[int]
    content: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class ExpiryNotice(Base):
    """That the keepers of an article have been told how many days before its end it expires: once each."""

    __tablename__ = "expiry_notices"

    key: Mapped[str] = mapped_column(primary_key=True)
    valid_until: Mapped[date] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class StoredQuestion(Base):
    """A question of the gate. `article`: the key that it is to be answered from, "" where it must not be answered."""

    __tablename__ = "stored_questions"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    text: Mapped[str]
    folded: Mapped[str] = mapped_column(unique=True)
    article: Mapped[str] = mapped_column(index=True)
    by: Mapped[str]
    at: Mapped[datetime]


class GateRun(Base):
    """One replay of the questions against a draft. `outcome` is there when it is done; `seen_at`: its last sign of life."""

    __tablename__ = "gate_runs"
    __table_args__ = (Index("ix_gate_runs_key", "key", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str]
    revision: Mapped[int]
    version: Mapped[int]
    done: Mapped[int]
    total: Mapped[int]
    outcome: Mapped[dict[str, Any] | None]
    failure: Mapped[str]
    by: Mapped[str]
    at: Mapped[datetime]
    seen_at: Mapped[datetime]


class HitTest(Base):
    """One question somebody tried, and what it found then."""

    __tablename__ = "hit_tests"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    text: Mapped[str]
    outcome: Mapped[dict[str, Any]]
    by: Mapped[str]
    at: Mapped[datetime]
