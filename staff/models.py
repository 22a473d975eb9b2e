"""The tables of staff."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from staff.roles import Role
from store.base import Base


class Department(Base):
    """Where somebody works, and to whom tickets go."""

    __tablename__ = "departments"

    key: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Account(Base):
    """A member of staff. The password is kept as an argon2 hash.

    `totp_secret`: base32, None without a second factor. `totp_step`: the last 30-second step that a code was taken for.
    """

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    department: Mapped[str | None] = mapped_column(ForeignKey("departments.key"), index=True)
    password_hash: Mapped[str]
    password_is_one_time: Mapped[bool]
    totp_secret: Mapped[str | None]
    totp_step: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    last_sign_in_at: Mapped[datetime | None]


class AccountRole(Base):
    """One role of an account."""

    __tablename__ = "account_roles"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(primary_key=True)


class RecoveryCode(Base):
    """Stands in once for a lost second factor; only its hash is kept."""

    __tablename__ = "recovery_codes"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    hash: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime | None]


class StaffSession(Base):
    """A browser that is signed in; only the hash of its token is kept.

    `second_factor`: whether a code was given, where the account has a second factor. `vouched`: an identity service said
    who it is, no password of ours was asked for. `totp_offer`: the secret that the
    account's page shows for enrolment.
    """

    __tablename__ = "staff_sessions"
    __table_args__ = (Index("ix_staff_sessions_expires_at", "expires_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    second_factor: Mapped[bool]
    vouched: Mapped[bool] = mapped_column(default=False)
    totp_offer: Mapped[str | None]
    address: Mapped[str]
    agent: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class Tries(Base):
    """How often somebody failed to sign in. `key` is a hash: what was typed may be a password in the wrong field."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_last_at", "last_at"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class CannedReply(Base):
    """A text that is written again and again. `owner`: whose it is, an account's id; None: everybody's."""

    __tablename__ = "canned_replies"
    __table_args__ = (Index("ix_canned_replies_owner", "owner", "uses"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str | None]
    title: Mapped[str]
    category: Mapped[str] = mapped_column(default="")
    text: Mapped[str]
    uses: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]


class AuditEntry(Base):
    """Who did what to what, when and from where. The database itself refuses to change or delete a row."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("ix_audit_log_who", "who", "id"),
        Index("ix_audit_log_action", "action", "id"),
        Index("ix_audit_log_target", "target", "id"),
        Index("ix_audit_log_at", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    account_id: Mapped[str | None]
    who: Mapped[str]
    address: Mapped[str]
    action: Mapped[str]
    target_kind: Mapped[str]
    target: Mapped[str]
    detail: Mapped[dict[str, Any]]


class NoticeKind(StrEnum):
    """What a member of staff is told of."""

    OFFICER = "officer"  # an enterprise that they look after has filed a ticket
    DISPATCHED = "dispatched"
    BACK = "back"  # sent back by the reviewer, or to be handled again
    URGED = "urged"
    DUE = "due"
    OVERDUE = "overdue"
    ESCALATED = "escalated"  # overdue, told to who answers for the department
    SUPERVISED = "supervised"
    APPROVAL = "approval"
    REVIEW = "review"
    WAITING = "waiting"  # an enterprise waits for a person
    MENTION = "mention"
    HANDED_OVER = "handed_over"  # a colleague gives them a talk
    EXPIRING = "expiring"  # an article of the department ends soon
    RETURNED = "returned"  # an article that was to be published is not fit to be any more
    UNCHECKED = "unchecked"  # nobody has checked it for a year
    QUESTIONS = "questions"  # unanswered ones were given to the department, or it wrote the answer
    ARTICLE = "article"  # one waits to be approved
    ARTICLE_BACK = "article_back"  # one that they wrote was sent back
    ARTICLE_PASSED = "article_passed"
    SUBMITTED = "submitted"  # a new ticket waits to be accepted
    DECLINED = "declined"  # a department says that a ticket is not theirs
    SUPPLEMENTED = "supplemented"
    STOPPED = "stopped"  # a ticket in hand is regraded, withdrawn, suspended, goes on, or is terminated
    DECIDED = "decided"  # what they asked to be approved
    CASE = "case"  # a bad rating is to be dealt with
    AGAIN = "again"  # bad once more after that
    REEXAMINE = "reexamine"  # a ticket's result, or the appeal against a bad rating


class Notice(Base):
    """Something that one account is told, once for each occasion. The text names no person."""

    __tablename__ = "notices"
    __table_args__ = (
        UniqueConstraint("occasion", "kind", "account_id"),
        Index("ix_notices_account", "account_id", "id"),
        Index("ix_notices_created", "created_at"),
        Index(
            "ix_notices_unread",
            "account_id",
            "kind",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[NoticeKind]
    occasion: Mapped[str]  # what it is told for: by it a repetition is known
    ticket: Mapped[str | None]  # its number
    thread_id: Mapped[str | None] = mapped_column(index=True)  # erased with the thread
    article: Mapped[str | None]  # its key
    question_group: Mapped[int | None]  # of unanswered questions
    rectification: Mapped[int | None]  # the case of a bad rating
    text: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class NoticeMark(Base):
    """Up to which row of a table staff have been told."""

    __tablename__ = "notice_marks"

    source: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]
