"""What happens to tickets, told to those whom it concerns and who did not do it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import String, cast, literal, select

from desk.recipients import Recipients
from desk.reminder_words import of_step
from desk.rounds import Round
from staff.models import NoticeKind
from staff.notices import Telling, told
from tickets.models import Ticket, TicketEvent
from tickets.states import OPEN, UNCONFIRMED, State, Step

_K = NoticeKind
_KINDS: Mapping[Step, tuple[NoticeKind, ...]] = {
    Step.SUBMITTED: (_K.OFFICER, _K.SUBMITTED),
    Step.DEEMED: (_K.DECIDED,),
    Step.REFUSAL_DENIED: (_K.DECIDED,),
    Step.REGRADED: (_K.STOPPED,),
    Step.DISPATCHED: (_K.DISPATCHED,),
    Step.ARBITRATED: (_K.DISPATCHED,),
    Step.REASSIGNED: (_K.DISPATCHED,),
    Step.RETURNED: (_K.DECLINED,),
    Step.EXTENDED: (_K.DECIDED,),
    Step.EXTENSION_DENIED: (_K.DECIDED,),
    Step.SUSPENDED: (_K.STOPPED,),
    Step.RESUMED: (_K.STOPPED,),
    Step.SENT_BACK: (_K.BACK,),
    Step.REWORKED: (_K.BACK,),
    Step.URGED: (_K.URGED,),
    Step.SUPPLEMENTED: (_K.SUPPLEMENTED,),
    Step.CONTESTED: (_K.SUPPLEMENTED,),
    Step.SUPERVISED: (_K.SUPERVISED,),
    Step.REEXAMINATION_ASKED: (_K.REEXAMINE,),
    Step.WITHDRAWN: (_K.STOPPED,),
    Step.TERMINATED: (_K.STOPPED,),
}
# What is told only while the ticket stands there, and is settled when it goes on.
STANDS: Mapping[NoticeKind, State] = {
    _K.SUBMITTED: State.SUBMITTED,
    _K.DISPATCHED: State.DISPATCHED,
    _K.DECLINED: State.RETURNED,
    _K.REEXAMINE: State.REEXAMINED,
}
_STOPPED = frozenset({State.WITHDRAWN, State.TERMINATED})


async def steps_of(look: Round) -> list[tuple[TicketEvent, Ticket]]:
    """What has happened to tickets that somebody is told of."""
    span = look.spans["events"]
    rows = await look.session.execute(
        select(TicketEvent, Ticket)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .where(
            TicketEvent.id > span.begins,
            TicketEvent.id <= span.until,
            ~told(literal("event-") + cast(TicketEvent.id, String)),
            TicketEvent.step.in_(_KINDS),
            *look.limited(),
        )
        .order_by(TicketEvent.id)
    )
    return [(row[0], row[1]) for row in rows]


def step_told(event: TicketEvent, ticket: Ticket, who: Recipients, most_returns: int) -> list[Telling]:
    """Who is told of one step: everybody once, nobody of what they did themselves.

    `most_returns`: after so many returns somebody has to say whose the ticket is.
    """
    return [
        Telling(account, kind, f"event-{event.id}", of_step(event.step, ticket, kind), ticket=ticket.number)
        for kind in _KINDS[event.step]
        for account in _to(kind, event, ticket, who, most_returns)
        if account != event.by
    ]


def _to(
    kind: NoticeKind, event: TicketEvent, ticket: Ticket, who: Recipients, most_returns: int
) -> list[str]:
    if kind in STANDS and ticket.state is not STANDS[kind]:
        return []  # signed for, returned or sent elsewhere since
    match kind:
        case _K.OFFICER:
            officer = who.officer_of(ticket)
            return [officer] if officer else []
        case _K.SUBMITTED:
            return who.dispatching()
        case _K.DECLINED:
            return who.arbitrating() if ticket.returns >= most_returns else who.dispatching()
        case _K.REEXAMINE:
            return who.supervising()
        case _K.DECIDED if event.step is Step.DEEMED:
            return [*who.dispatching(), *(one for one in who.supervising() if one not in who.dispatching())]
        case _K.DECIDED if event.step is Step.REFUSAL_DENIED:
            return who.dispatching() if ticket.state is State.SUBMITTED else []
        case _K.SUPPLEMENTED if ticket.state in UNCONFIRMED:
            return who.calling_back()
        case _K.STOPPED if ticket.department is None:
            return []  # nobody had it in hand
        case _K.STOPPED if event.after in _STOPPED:
            return who.working(ticket)
    return who.working(ticket) if ticket.state in OPEN else []
