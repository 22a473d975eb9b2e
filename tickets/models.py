"""The tables of tickets."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.base import Base


class Kind(StrEnum):
    """What an enterprise asks of us."""

    COMPLAINT = "complaint"
    REQUEST = "request"


class State(StrEnum):
    """Where a ticket stands."""

    SUBMITTED = "submitted"
    WITHDRAWN = "withdrawn"


KIND_NAMES = {Kind.COMPLAINT: "投诉", Kind.REQUEST: "诉求"}
STATE_NAMES = {State.SUBMITTED: "待受理", State.WITHDRAWN: "已撤回"}


class Step(StrEnum):
    """What happened to a ticket."""

    SUBMITTED = "submitted"
    URGED = "urged"
    SUPPLEMENTED = "supplemented"
    WITHDRAWN = "withdrawn"


STEP_NAMES = {
    Step.SUBMITTED: "已提交",
    Step.URGED: "催办",
    Step.SUPPLEMENTED: "补充说明",
    Step.WITHDRAWN: "撤回",
}


class Ticket(Base):
    """One matter of one enterprise."""

    __tablename__ = "tickets"
    __table_args__ = (Index("ix_tickets_state", "state", "submitted_at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[Kind]
    state: Mapped[State]
    person_id: Mapped[str] = mapped_column(index=True)
    thread_id: Mapped[str] = mapped_column(index=True)
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
    enter_by: Mapped[date]
    decide_by: Mapped[date]


class TicketEvent(Base):
    """A step in a ticket's life. Rows are only ever added."""

    __tablename__ = "ticket_events"
    __table_args__ = (
        Index("ix_ticket_events_ticket", "ticket_id", "id"),
        UniqueConstraint("ticket_id", "step", "message_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    ticket_id: Mapped[str] = mapped_column(ForeignKey("tickets.id"))
    step: Mapped[Step]
    note: Mapped[str] = mapped_column(default="")
    by: Mapped[str]  # "enterprise", or a member of staff
    message_id: Mapped[int | None]  # what the enterprise wrote to bring it about
    before: Mapped[State | None]
    after: Mapped[State]
    at: Mapped[datetime]


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
