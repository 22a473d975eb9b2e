"""The tables of knowledge."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

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


class KnowledgeVersion(Base):
    """One row: a counter that every change of the knowledge base raises."""

    __tablename__ = "knowledge_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int]
