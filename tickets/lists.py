"""The tickets as staff look for them: by what has to be done with them, by what they are about, by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from tickets.conditions import Bounds
from tickets.models import Approval, Ticket, TicketClock, TicketEvent, names_in
from tickets.officers import codes_of
from tickets.states import OPEN, State, Step


class Queue(StrEnum):
    """What is to be done."""

    ACCEPT = "accept"
    DISPATCH = "dispatch"
    ARBITRATE = "arbitrate"  # returned so often that the arbiter has to say whose it is
    SIGN = "sign"
    HANDLE = "handle"
    REVIEW = "review"
    APPROVE = "approve"  # a refusal or an extension waits for a second person
    CALL_BACK = "call_back"
    REEXAMINE = "reexamine"
    OVERDUE = "overdue"
    SUPERVISED = "supervised"
    STUCK = "stuck"  # who signed for it is gone and nobody else sees it
    ALL = "all"


QUEUE_NAMES: Mapping[Queue, str] = {
    Queue.ACCEPT: "待受理",
    Queue.DISPATCH: "待派单",
    Queue.ARBITRATE: "待指定",
    Queue.SIGN: "待签收",
    Queue.HANDLE: "办理中",
    Queue.REVIEW: "待审核",
    Queue.APPROVE: "待批准",
    Queue.CALL_BACK: "待回访",
    Queue.REEXAMINE: "待复核",
    Queue.OVERDUE: "已超期",
    Queue.SUPERVISED: "督办",
    Queue.STUCK: "无人能办",
    Queue.ALL: "全部",
}
_STATES: Mapping[Queue, tuple[State, ...]] = {
    Queue.ACCEPT: (State.SUBMITTED,),
    Queue.DISPATCH: (State.ACCEPTED, State.DEEMED, State.RETURNED),
    Queue.SIGN: (State.DISPATCHED,),
    Queue.HANDLE: (State.SIGNED, State.WORKING, State.SUSPENDED),
    Queue.REVIEW: (State.REVIEW,),
    Queue.CALL_BACK: (State.CALL_BACK,),
    Queue.REEXAMINE: (State.REEXAMINED,),
}

_MOST_RETURNS = Bounds().most_returns


@dataclass(frozen=True, slots=True)
class Sight:
    """Which tickets somebody may see.

    `department`: only this one's (None: every one's), and those of the enterprises that `account` looks after.
    `confidential`: also those whose enterprise asked for confidence; without it only those that `account` handles, those of
    the department whose answers it `reviews`, those that have to be signed by the department that it `handles` tickets for,
    and where `calls_back` those whose enterprise has to be called.
    """

    account: str
    department: str | None = None
    handles: str = ""
    reviews: str = ""
    confidential: bool = False
    calls_back: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to. `text`: in the number, the enterprise's name or the telephone number."""

    text: str = ""
    subject: str = ""
    district: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the ticket of that moment and id."""

    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """A ticket in a list. `due`: its running clock that is due first, if any."""

    ticket: Ticket
    due: TicketClock | None

    @property
    def place(self) -> Place:
        """Where the page after this row begins."""
        return Place(self.ticket.submitted_at, self.ticket.id)


async def page(
    session: AsyncSession,
    queue: Queue,
    sight: Sight,
    wanted: Wanted,
    *,
    now: datetime,
    stuck: Collection[str] = (),
    most_returns: int = _MOST_RETURNS,
    after: Place | None = None,
    limit: int = 50,
) -> list[Row]:
    """A page of a queue, the newest ticket first. `stuck`: the ids that `Queue.STUCK` holds; `most_returns`: for `Queue.ARBITRATE`."""
    statement = (
        select(Ticket)
        .where(_in_queue(queue, now, stuck, most_returns), sight_condition(sight), *_narrowed(wanted))
        .order_by(Ticket.submitted_at.desc(), Ticket.id.desc())
        .limit(limit)
    )
    if after:
        statement = statement.where(tuple_(Ticket.submitted_at, Ticket.id) < (after.at, after.id))
    tickets = (await session.scalars(statement)).all()
    due = await _first_due(session, [ticket.id for ticket in tickets])
    return [Row(ticket, due.get(ticket.id)) for ticket in tickets]


async def counts(
    session: AsyncSession,
    sight: Sight,
    *,
    now: datetime,
    queues: Collection[Queue],
    stuck: Collection[str] = (),
    most_returns: int = _MOST_RETURNS,
) -> dict[Queue, int]:
    """How many tickets there are in each of the queues."""
    return {
        queue: await session.scalar(
            select(func.count())
            .select_from(Ticket)
            .where(_in_queue(queue, now, stuck, most_returns), sight_condition(sight))
        )
        or 0
        for queue in queues
    }


@dataclass(frozen=True, slots=True)
class Load:
    """Open tickets in hand, and those of them with a limit that is over."""

    open: int = 0
    overdue: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.open + other.open, self.overdue + other.overdue)


async def workload(session: AsyncSession, now: datetime) -> dict[tuple[str, str | None], Load]:
    """(department, who signed, None for nobody yet) -> what is in hand there."""
    late = exists().where(
        TicketClock.ticket_id == Ticket.id, TicketClock.ended_at.is_(None), TicketClock.due_at < now
    )
    rows = await session.execute(
        select(Ticket.department, Ticket.handler, func.count(), func.sum(case((late, 1), else_=0)))
        .where(Ticket.department.is_not(None), Ticket.state.in_(OPEN))
        .group_by(Ticket.department, Ticket.handler)
    )
    return {(row[0], row[1]): Load(row[2], int(row[3])) for row in rows}


async def seen(session: AsyncSession, number: str, sight: Sight) -> Ticket | None:
    """The ticket with that number, if it may be seen."""
    return await session.scalar(select(Ticket).where(Ticket.number == number, sight_condition(sight)))


async def unseen(session: AsyncSession, numbers: Collection[str], sight: Sight) -> set[str]:
    """Those of the numbers whose ticket there is, and may not be seen."""
    if not numbers:
        return set()
    there = set(await session.scalars(select(Ticket.number).where(Ticket.number.in_(numbers))))
    # Subtracted here: in SQL, `NOT` would keep quiet about tickets that nobody handles yet.
    return there - set(
        await session.scalars(select(Ticket.number).where(Ticket.number.in_(numbers), sight_condition(sight)))
    )


async def visible(session: AsyncSession, ids: Collection[str], sight: Sight) -> dict[str, Ticket]:
    """Those of the tickets, by their ids, that may be seen."""
    if not ids:
        return {}
    rows = await session.scalars(select(Ticket).where(Ticket.id.in_(ids), sight_condition(sight)))
    return {ticket.id: ticket for ticket in rows}


async def of_thread(session: AsyncSession, thread_id: str, sight: Sight) -> Sequence[Ticket]:
    """The tickets of a thread that may be seen, the newest first."""
    return await of_threads(session, [thread_id], sight, 20)


async def of_threads(
    session: AsyncSession, threads: Collection[str], sight: Sight, limit: int
) -> Sequence[Ticket]:
    """The tickets of threads that may be seen, the newest first."""
    rows = await session.scalars(
        select(Ticket)
        .where(Ticket.thread_id.in_(threads), sight_condition(sight))
        .order_by(Ticket.submitted_at.desc())
        .limit(limit)
    )
    return rows.all()


async def newest_of(session: AsyncSession, threads: Collection[str], sight: Sight) -> dict[str, Ticket]:
    """Thread -> its newest ticket that may be seen."""
    rows = await session.scalars(
        select(Ticket)
        .where(Ticket.thread_id.in_(threads), sight_condition(sight))
        .order_by(Ticket.submitted_at)
    )
    return {ticket.thread_id: ticket for ticket in rows if ticket.thread_id is not None}


async def names_of(session: AsyncSession, threads: Collection[str | None]) -> dict[str, set[str]]:
    """Thread -> who its tickets are of: enterprises, contacts and telephone numbers, of every ticket whoever may see it."""
    rows = await session.execute(
        select(Ticket.thread_id, Ticket.enterprise, Ticket.contact, Ticket.phone).where(
            Ticket.thread_id.in_(threads)
        )
    )
    found: dict[str, set[str]] = {}
    for thread_id, enterprise, contact, phone in rows:
        found.setdefault(thread_id or "", set()).update(names_in(enterprise, contact, phone))
    return found


async def due_of(session: AsyncSession, tickets: Collection[Ticket]) -> list[Row]:
    """Tickets with what is due first of each."""
    due = await _first_due(session, [ticket.id for ticket in tickets])
    return [Row(ticket, due.get(ticket.id)) for ticket in tickets]


async def contested(session: AsyncSession, tickets: Collection[Ticket]) -> set[str]:
    """The ids of those that wait for a call-back and whose enterprise has said, since it was answered, that nothing is solved."""
    waiting = [ticket.id for ticket in tickets if ticket.state is State.CALL_BACK]
    rows = await session.execute(
        select(TicketEvent.ticket_id, TicketEvent.step)
        .where(TicketEvent.ticket_id.in_(waiting), TicketEvent.step.in_((Step.RELEASED, Step.CONTESTED)))
        .order_by(TicketEvent.id)
    )
    last = {row.ticket_id: row.step for row in rows}
    return {ticket_id for ticket_id, step in last.items() if step is Step.CONTESTED}


async def threads_of(session: AsyncSession, text: str, sight: Sight, limit: int = 50) -> Sequence[str]:
    """Threads of the tickets that a text names: number, enterprise or telephone number."""
    rows = await session.scalars(
        select(Ticket.thread_id)
        .where(sight_condition(sight), *_narrowed(Wanted(text=text)), Ticket.thread_id.is_not(None))
        .order_by(Ticket.submitted_at.desc())
        .limit(limit)
    )
    return [thread_id for thread_id in dict.fromkeys(rows) if thread_id is not None]


def _in_queue(queue: Queue, now: datetime, stuck: Collection[str], most_returns: int) -> ColumnElement[bool]:
    match queue:
        case Queue.OVERDUE:
            late = select(TicketClock.ticket_id).where(
                TicketClock.ended_at.is_(None), TicketClock.due_at < now
            )
            return and_(Ticket.id.in_(late), Ticket.state.in_(OPEN))
        case Queue.SUPERVISED:
            return and_(Ticket.supervised_at.is_not(None), Ticket.state.in_(OPEN))
        case Queue.APPROVE:
            return Ticket.id.in_(select(Approval.ticket_id).where(Approval.decided_at.is_(None)))
        case Queue.ARBITRATE:
            return and_(Ticket.state == State.RETURNED, Ticket.returns >= most_returns)
        case Queue.STUCK:
            return Ticket.id.in_(stuck)
        case Queue.ALL:
            return Ticket.id.is_not(None)
    return Ticket.state.in_(_STATES[queue])


def sight_condition(sight: Sight) -> ColumnElement[bool]:
    """Whether a ticket may be seen."""
    allowed: list[ColumnElement[bool]] = [Ticket.id.is_not(None)]
    if sight.department is not None:
        looked_after = Ticket.credit_code.in_(codes_of(sight.account))
        allowed.append(or_(Ticket.department == sight.department, looked_after))
    if not sight.confidential:
        unsigned = and_(Ticket.handler.is_(None), Ticket.department == sight.handles)
        own = [Ticket.handler == sight.account, unsigned]
        if sight.reviews:
            own.append(Ticket.department == sight.reviews)
        if sight.calls_back:
            own.append(Ticket.state == State.CALL_BACK)
        allowed.append(or_(~Ticket.confidential, *own))
    return and_(*allowed)


def _narrowed(wanted: Wanted) -> list[ColumnElement[bool]]:
    narrowed: list[ColumnElement[bool]] = []
    if text := wanted.text.strip():
        narrowed.append(
            or_(
                Ticket.number == text.upper(),
                Ticket.enterprise.icontains(text, autoescape=True),
                Ticket.phone.endswith(text, autoescape=True),
            )
        )
    for column, value in (
        (Ticket.subject, wanted.subject),
        (Ticket.district, wanted.district),
        (Ticket.department, wanted.department),
    ):
        if value:
            narrowed.append(column == value)
    return narrowed


async def _first_due(session: AsyncSession, ids: Sequence[str]) -> dict[str, TicketClock]:
    rows = await session.scalars(
        select(TicketClock)
        .where(TicketClock.ticket_id.in_(ids), TicketClock.ended_at.is_(None))
        .order_by(TicketClock.due_at.desc(), TicketClock.id.desc())
    )
    return {clock.ticket_id: clock for clock in rows}  # the last one that is put in is due first
