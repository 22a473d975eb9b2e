"""The tables of tickets."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base
from tickets.call_back import Called
from tickets.limits import Level, Timed
from tickets.rectification_states import CaseState, CaseStep, Way
from tickets.states import State, Step


class Kind(StrEnum):
    """What an enterprise asks of us."""

    COMPLAINT = "complaint"
    REQUEST = "request"


KIND_NAMES = {Kind.COMPLAINT: "投诉", Kind.REQUEST: "诉求"}


def _as_submitted(context: Any) -> datetime:
    submitted: datetime = context.get_current_parameters()["submitted_at"]
    return submitted


def names_in(enterprise: str, contact: str, phone: str) -> tuple[str, str, str]:
    """How a text may name an enterprise and its contact; the telephone number as people write it."""
    return enterprise, contact, phone.removeprefix("+86")


class Ticket(Base):
    """One matter of one enterprise."""

    __tablename__ = "tickets"
    __table_args__ = (
        Index("ix_tickets_state", "state", "submitted_at"),
        Index("ix_tickets_submitted", "submitted_at", "id"),
        Index(
            "ix_tickets_supervised",
            "supervised_at",
            sqlite_where=text("supervised_at IS NOT NULL"),
            postgresql_where=text("supervised_at IS NOT NULL"),
        ),
        Index("ix_tickets_department", "department", "state", "submitted_at"),
        # As other systems read them: by what has changed since.
        Index("ix_tickets_changed", "changed_at", "id"),
        Index("ix_tickets_changed_state", "state", "changed_at", "id"),
        Index("ix_tickets_changed_department", "department", "changed_at", "id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind]
    state: Mapped[State]
    # None once the person's data are erased: the enterprise is reached by telephone then.
    person_id: Mapped[str | None] = mapped_column(index=True)
    thread_id: Mapped[str | None] = mapped_column(index=True)
    # The message that confirmed the summary: a repeated call finds the ticket by it.
    confirmed_by: Mapped[int] = mapped_column(unique=True)
    enterprise: Mapped[str]
    credit_code: Mapped[str | None] = mapped_column(index=True)
    contact: Mapped[str]
    phone: Mapped[str]  # E.164
    district: Mapped[str]
    subject: Mapped[str]
    description: Mapped[str]
    wanted: Mapped[str]
    confidential: Mapped[bool]
    submitted_at: Mapped[datetime]
    changed_at: Mapped[datetime] = mapped_column(
        default=_as_submitted
    )  # its last event, or when it was cleared
    enter_by: Mapped[date]
    decide_by: Mapped[date]  # as promised in the receipt; what is due now stands in the clocks
    level: Mapped[Level] = mapped_column(default=Level.GENERAL)
    department: Mapped[str | None]  # that has it in hand, by its key
    handler: Mapped[str | None]  # the account that signed for it
    returns: Mapped[int] = mapped_column(default=0)
    arbitrated: Mapped[bool] = mapped_column(default=False)  # assigned by the arbiter: not to be returned
    round: Mapped[int] = mapped_column(default=1)  # 2 when it is handled again, …
    supervised_at: Mapped[datetime | None]
    cleared_at: Mapped[datetime | None]  # its time is over: who it was and what they wrote is gone

    @property
    def names(self) -> tuple[str, str, str]:
        """What a text has to be rid of so that it names nobody of the ticket."""
        return names_in(self.enterprise, self.contact, self.phone)


class TicketEvent(Base):
    """A step in a ticket's life. Rows are only ever added."""

    __tablename__ = "ticket_events"
    __table_args__ = (
        Index("ix_ticket_events_ticket", "ticket_id", "id"),
        Index("ix_ticket_events_step", "step", "at"),
        Index(
            "ix_ticket_events_urged",
            "ticket_id",
            "id",
            sqlite_where=text("step = 'urged'"),
            postgresql_where=text("step = 'urged'"),
        ),
        Index(
            "ix_ticket_events_called",
            "at",
            "ticket_id",
            sqlite_where=text("solved IS NOT NULL"),
            postgresql_where=text("solved IS NOT NULL"),
        ),
        UniqueConstraint("ticket_id", "step", "message_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    step: Mapped[Step]
    note: Mapped[str] = mapped_column(default="")
    by: Mapped[str]  # "enterprise", "clock", or the id of an account
    message_id: Mapped[int | None]  # what the enterprise wrote to bring it about
    before: Mapped[State | None]
    after: Mapped[State]
    at: Mapped[datetime]
    # What the enterprise answered when it was called back; None of every other step, and where nobody asked.
    solved: Mapped[bool | None]
    satisfied: Mapped[bool | None]

    @property
    def called(self) -> Called | None:
        """Both answers of a call-back."""
        if self.solved is None or self.satisfied is None:
            return None
        return Called(self.solved, self.satisfied)


class TicketClock(Base):
    """A limit that runs or ran. `due_at` is None while it is suspended."""

    __tablename__ = "ticket_clocks"
    __table_args__ = (
        Index("ix_ticket_clocks_ticket", "ticket_id", "id"),
        Index("ix_ticket_clocks_due", "ended_at", "due_at"),
        Index("ix_ticket_clocks_timed", "timed", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    timed: Mapped[Timed]
    limit: Mapped[str]  # as `Limit` is written: 3wd
    source: Mapped[str]
    extra: Mapped[int] = mapped_column(default=0)  # working days granted on top
    pauses: Mapped[list[Any]] = mapped_column(default=list)  # [since, until or null], ISO 8601
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Approval(Base):
    """Something that one person asks for and another decides: a refusal, an extension."""

    __tablename__ = "ticket_approvals"
    __table_args__ = (
        Index("ix_ticket_approvals_ticket", "ticket_id", "id"),
        Index("ix_ticket_approvals_decided", "decided_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    asked: Mapped[Step]
    reason: Mapped[str]
    days: Mapped[int] = mapped_column(default=0)  # working days, of an extension
    asked_by: Mapped[str]
    asked_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    granted: Mapped[bool | None]


class Answer(Base):
    """What a department answers; the enterprise sees it when a second person has released it."""

    __tablename__ = "ticket_answers"
    __table_args__ = (Index("ix_ticket_answers_ticket", "ticket_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    text: Mapped[str]
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    released: Mapped[bool | None]


class DispatchRule(Base):
    """What is sent where. Empty `subject`, `district` and `words` leave that open; one of the words is enough."""

    __tablename__ = "dispatch_rules"
    __table_args__ = (UniqueConstraint("subject", "district", "words"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    subject: Mapped[str]
    district: Mapped[str]
    words: Mapped[str]  # separated by blanks
    department: Mapped[str]  # its key


class Officer(Base):
    """Who on the staff looks after an enterprise (首席服务官), and who does while that account is disabled."""

    __tablename__ = "officers"
    __table_args__ = (Index("ix_officers_enterprise", "enterprise", "credit_code"),)

    credit_code: Mapped[str] = mapped_column(primary_key=True)  # GB 32100-2015, 18 characters
    enterprise: Mapped[str]
    officer: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    deputy: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    changed_at: Mapped[datetime]


class CalendarDay(Base):
    """A day that a local rule or a later announcement decides otherwise than the known calendar."""

    __tablename__ = "calendar_days"

    day: Mapped[date] = mapped_column(primary_key=True)
    works: Mapped[bool]
    note: Mapped[str]


class WrongGuess(Base):
    """A message that named a ticket's number, real or not, with digits that are not its telephone's."""

    __tablename__ = "ticket_wrong_guesses"

    number: Mapped[str] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Serial(Base):
    """The last serial number given out on a day."""

    __tablename__ = "ticket_serials"

    day: Mapped[date] = mapped_column(primary_key=True)
    last: Mapped[int]


class Rectification(Base):
    """差评整改: what is done about one bad rating. Of a ticket, or of a talk; a talk's goes with its person."""

    __tablename__ = "rectifications"
    __table_args__ = (
        Index("ix_rectifications_state", "state", "due_at", "id"),
        Index("ix_rectifications_department", "department", "state", "due_at", "id"),
        Index("ix_rectifications_opened", "opened_at", "id"),
        Index(
            "ix_rectifications_open",
            "due_at",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    rating_id: Mapped[str] = mapped_column(unique=True)
    ticket_id: Mapped[str | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    thread_id: Mapped[str | None] = mapped_column(index=True)  # of a talk
    department: Mapped[str | None]  # that the ticket was with, or whose agent had the talk
    handler: Mapped[str | None]  # the account that got in touch
    state: Mapped[CaseState]
    way: Mapped[Way | None]
    level: Mapped[int]  # as it was rated
    tags: Mapped[list[Any]] = mapped_column(default=list)
    comment: Mapped[str] = mapped_column(default="")
    rated_at: Mapped[datetime]
    opened_at: Mapped[datetime]
    contact_limit: Mapped[str]  # as `Limit` is written: 1wd
    contact_by: Mapped[datetime]
    contacted_at: Mapped[datetime | None]
    rectify_limit: Mapped[str]
    rectify_by: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    due_at: Mapped[datetime]  # of the two limits the one that runs; the last one where it is closed
    tries: Mapped[int] = mapped_column(default=0)  # in vain to get in touch
    proposal: Mapped[str] = mapped_column(
        default=""
    )  # what a second person decides about, then what was decided
    proposed_by: Mapped[str | None]
    again_level: Mapped[int | None]  # 追评
    again_at: Mapped[datetime | None]

    @property
    def unreached(self) -> bool:
        """Whether it went on without anybody having got in touch."""
        return self.contacted_at is None and self.state is not CaseState.TO_CONTACT


class RectificationEvent(Base):
    """A step in the life of a case. Rows are only ever added."""

    __tablename__ = "rectification_events"
    __table_args__ = (
        Index("ix_rectification_events_case", "rectification_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    rectification_id: Mapped[int] = mapped_column(ForeignKey("rectifications.id"))
    thread_id: Mapped[str | None] = mapped_column(index=True)  # so that it goes with its person
    step: Mapped[CaseStep]
    note: Mapped[str] = mapped_column(default="")
    by: Mapped[str]  # "enterprise", or the id of an account
    before: Mapped[CaseState | None]
    after: Mapped[CaseState]
    at: Mapped[datetime]
