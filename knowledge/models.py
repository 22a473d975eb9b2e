"""The tables of knowledge."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class ArticleState(StrEnum):
    """Whether the bot may answer from an article."""

    # Of a row: nothing of it was ever published. Of a revision: it waits for the usual way to be published.
    DRAFT = "draft"
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
