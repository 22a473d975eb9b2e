"""Staff are told what waits for them: again and again the same question, each thing told once, nothing at night.

Outside office hours nothing is asked, so that what happens then is told when the office opens again. The marks of how far
steps and notes have been told move only then; on PostgreSQL a smaller id may be committed after a greater one, so that
some are looked at twice: a notice that is there already is not written again (its key is unique).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from sqlalchemy import ColumnElement, String, cast, exists, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Holder, Note, NoteKind, Thread
from desk.case_reminders import of_cases, settled_cases
from desk.desk import Desk
from desk.recipients import Recipients, recipients
from desk.reminder_words import (
    of_handed_over,
    of_late,
    of_late_above,
    of_mention,
    of_near,
    of_step,
    of_waiting,
)
from desk.rounds import MOST, Round, spans_of
from desk.step_reminders import STANDS, step_told, steps_of
from staff import notices
from staff.accounts import names
from staff.models import Notice, NoticeKind
from staff.notices import Telling, told
from store.clock import city_date
from tickets.limits import Timed
from tickets.models import Approval, Ticket, TicketClock
from tickets.states import State, Step
from tickets.timing import is_late_by, load_calendar

_K = NoticeKind


async def remind(desk: Desk) -> int:
    """Tell staff what they have not been told; how many notices were written."""
    now = desk.clock()
    async with desk.database.read() as session:
        calendar = await load_calendar(session)
        is_open = desk.office_hours.open_at(now, calendar)
        if not (is_open or desk.reminding.urgent_at_night):
            return 0
        look = Round(desk, session, now, calendar, await spans_of(session), urgent_only=not is_open)
        tellings = await notices.untold(session, await _gather(look))
        done = await _settled(session) + await settled_cases(session)
    further = [(source, span.until) for source, span in look.spans.items() if span.until > span.since]
    if not (tellings or done or (further and is_open)):
        return 0
    async with desk.database.write() as session:
        written = await notices.tell(session, tellings, now)
        await notices.settle(session, done, now)
        for source, until in further if is_open else ():
            await notices.set_mark(session, source, until)
    return written


async def clear_notices(desk: Desk) -> None:
    """Delete old notices."""
    async with desk.database.write() as session:
        await notices.clear(session, desk.clock())


async def _gather(look: Round) -> list[Telling]:
    steps = await steps_of(look)
    clocks = [*await _near(look), *await _late(look, _K.OVERDUE), *await _late(look, _K.ESCALATED)]
    codes = {ticket.credit_code for _, ticket in steps if ticket.credit_code}
    who = await recipients(look.session, look.now, codes)
    most = look.desk.bounds.most_returns
    found = [telling for event, ticket in steps for telling in step_told(event, ticket, who, most)]
    for kind, clock, ticket in clocks:
        found += _of_clock(kind, clock, ticket, who, look)
    found += await _approvals(look, who) + await _reviews(look, who)
    if not look.urgent_only:
        found += await _waiting(look, who) + await _mentions(look) + await of_cases(look, who)
    return found


async def _near(look: Round) -> list[tuple[NoticeKind, TicketClock, Ticket]]:
    """Limits that are soon over; of a short one only half of it is soon."""
    hours, within = look.desk.office_hours, look.desk.reminding.within
    end = hours.reach(look.now, within, look.calendar)
    found = await _clocks(look, _K.DUE, TicketClock.due_at >= look.now, TicketClock.due_at <= end)

    def is_near(clock: TicketClock) -> bool:
        assert clock.due_at is not None
        left = hours.worked(look.now, clock.due_at, look.calendar)
        return 2 * left <= hours.worked(clock.started_at, clock.due_at, look.calendar)

    return [(_K.DUE, clock, ticket) for clock, ticket in found if is_near(clock)]


async def _late(look: Round, kind: NoticeKind) -> list[tuple[NoticeKind, TicketClock, Ticket]]:
    """Limits that are over; those above are told on the second working day, at once of one counted in hours."""
    late: ColumnElement[bool] = TicketClock.due_at < look.now
    if kind is _K.ESCALATED:
        late = is_late_by(1, look.now, look.calendar)
    return [(kind, clock, ticket) for clock, ticket in await _clocks(look, kind, late)]


async def _clocks(
    look: Round, kind: NoticeKind, *which: ColumnElement[bool]
) -> Sequence[tuple[TicketClock, Ticket]]:
    rows = await look.session.execute(
        select(TicketClock, Ticket)
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(
            TicketClock.ended_at.is_(None),
            TicketClock.timed != Timed.ARCHIVE,
            *which,
            *look.limited(),
            ~told(_occasion_in_sql(), kind),
        )
        .order_by(TicketClock.due_at)
        .limit(MOST)
    )
    return [(row[0], row[1]) for row in rows]


def _occasion(clock: TicketClock) -> str:
    # What an extension or another level makes of it is a new limit, of which is told anew.
    return f"clock-{clock.id}-{clock.limit}-{clock.extra}"


def _occasion_in_sql() -> ColumnElement[str]:
    extra = cast(TicketClock.extra, String)
    return literal("clock-") + cast(TicketClock.id, String) + "-" + TicketClock.limit + "-" + extra


def _of_clock(
    kind: NoticeKind, clock: TicketClock, ticket: Ticket, who: Recipients, look: Round
) -> list[Telling]:
    to = who.heading(ticket) if kind is _K.ESCALATED else who.responsible(clock.timed, ticket)
    days = look.calendar.count(city_date(clock.due_at or look.now), city_date(look.now))
    words: Mapping[NoticeKind, Callable[[TicketClock, Ticket], str]] = {
        _K.DUE: of_near,
        _K.OVERDUE: partial(of_late, days=days),
        _K.ESCALATED: partial(of_late_above, days=days),
    }
    text = words[kind](clock, ticket)
    return [Telling(account, kind, _occasion(clock), text, ticket=ticket.number) for account in to]


async def _approvals(look: Round, who: Recipients) -> list[Telling]:
    rows = await look.session.execute(
        select(Approval, Ticket)
        .join(Ticket, Ticket.id == Approval.ticket_id)
        .where(Approval.decided_at.is_(None), *look.limited())
        .limit(MOST)
    )
    return [
        Telling(one.id, _K.APPROVAL, f"approval-{asked.id}", of_step(asked.asked, ticket), ticket.number)
        for asked, ticket in rows
        for one in who.supervisors
        if one.id != asked.asked_by
    ]


async def _reviews(look: Round, who: Recipients) -> list[Telling]:
    rows = await look.session.execute(
        select(TicketClock, Ticket)
        .join(Ticket, Ticket.id == TicketClock.ticket_id)
        .where(
            Ticket.state == State.REVIEW,
            TicketClock.timed == Timed.REVIEW,
            TicketClock.ended_at.is_(None),
            *look.limited(),
        )
        .limit(MOST)
    )
    return [
        Telling(to, _K.REVIEW, f"review-{clock.id}", of_step(Step.DRAFTED, ticket), ticket.number)
        for clock, ticket in rows
        for to in who.heading(ticket)
        if to != ticket.handler
    ]


async def _waiting(look: Round, who: Recipients) -> list[Telling]:
    since = look.now - look.desk.reminding.waiting
    rows = await look.session.scalars(
        select(Thread).where(Thread.holder == Holder.WAITING, Thread.waiting_since <= since).limit(MOST)
    )
    text = of_waiting(look.desk.reminding.waiting)
    return [
        Telling(to, _K.WAITING, _call(thread), text, thread_id=thread.id)
        for thread in rows
        for to in who.on_duty()
    ]


def _call(thread: Thread) -> str:
    assert thread.waiting_since is not None
    return f"thread-{thread.id}-{thread.waiting_since.isoformat()}"


async def _mentions(look: Round) -> list[Telling]:
    span = look.spans["notes"]
    found = await look.session.scalars(
        select(Note).where(
            Note.id > span.begins,
            Note.id <= span.until,
            ~told(literal("note-") + cast(Note.id, String)),
        )
    )
    rows = found.all()
    called = await names(look.session, {note.by for note in rows if note.mentions})
    return [
        _of_note(note, account, called.get(note.by, "同事"))
        for note in rows
        for account in dict.fromkeys(map(str, note.mentions))
        if account != note.by
    ]


def _of_note(note: Note, account: str, by: str) -> Telling:
    given = note.kind is NoteKind.HANDED_OVER
    kind, text = (_K.HANDED_OVER, of_handed_over(by)) if given else (_K.MENTION, of_mention(by))
    return Telling(account, kind, f"note-{note.id}", text, thread_id=note.thread_id)


async def _settled(session: AsyncSession) -> list[int]:
    """Unread notices about which nothing is left to be done: somebody else did it, or it is over."""
    of_ticket = Notice.ticket == Ticket.number
    asked = exists().where(Approval.ticket_id == Ticket.id, Approval.decided_at.is_(None))
    # Of its own limit: others of the ticket go on, as the one for filing it away does for a month.
    running = exists().where(
        TicketClock.ticket_id == Ticket.id,
        TicketClock.ended_at.is_(None),
        _occasion_in_sql() == Notice.occasion,
    )
    done = or_(
        *((Notice.kind == kind) & (Ticket.state != state) for kind, state in STANDS.items()),
        (Notice.kind == _K.REVIEW) & (Ticket.state != State.REVIEW),
        (Notice.kind == _K.APPROVAL) & ~asked,
        Notice.kind.in_((_K.DUE, _K.OVERDUE, _K.ESCALATED)) & ~running,
    )
    tickets = select(Notice.id).join(Ticket, of_ticket).where(Notice.read_at.is_(None), done).limit(MOST)
    threads = (
        select(Notice.id)
        .join(Thread, Notice.thread_id == Thread.id)
        .where(Notice.read_at.is_(None), Notice.kind == _K.WAITING, Thread.holder != Holder.WAITING)
        .limit(MOST)
    )
    return [*(await session.scalars(tickets)), *(await session.scalars(threads))]
