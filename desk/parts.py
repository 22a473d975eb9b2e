"""In what parts a member of staff takes steps with tickets, and which tickets they see."""

from __future__ import annotations

from collections.abc import Mapping

from desk.belonging import Reader
from staff.actors import Actor as Member
from staff.roles import Permission
from tickets.lists import Queue, Sight
from tickets.models import Ticket
from tickets.states import Actor

_P = Permission
_PARTS = (
    (_P.CONVERSATIONS_ANSWER, Actor.AGENT),
    (_P.TICKETS_ACCEPT, Actor.DISPATCHER),
    (_P.TICKETS_DISPATCH, Actor.DISPATCHER),
    (_P.TICKETS_HANDLE, Actor.HANDLER),
    (_P.TICKETS_REVIEW, Actor.REVIEWER),
    (_P.TICKETS_SUPERVISE, Actor.SUPERVISOR),
    (_P.TICKETS_ARBITRATE, Actor.ARBITER),
)
# Whose work is every matter's, also where the enterprise asked for confidence.
_TRUSTED = frozenset({Actor.DISPATCHER, Actor.SUPERVISOR, Actor.ARBITER})
_QUEUES: Mapping[Actor, tuple[Queue, ...]] = {
    Actor.DISPATCHER: (Queue.ACCEPT, Queue.DISPATCH, Queue.STUCK),
    Actor.HANDLER: (Queue.SIGN, Queue.HANDLE),
    Actor.REVIEWER: (Queue.REVIEW,),
    Actor.AGENT: (Queue.CALL_BACK,),
    Actor.ARBITER: (Queue.ARBITRATE,),
    Actor.SUPERVISOR: (
        Queue.APPROVE, Queue.REVIEW, Queue.DISPATCH, Queue.ARBITRATE, Queue.REEXAMINE, Queue.OVERDUE, Queue.SUPERVISED, Queue.STUCK,
    ),
}  # fmt: skip


def parts_of(member: Member) -> frozenset[Actor]:
    """The parts that somebody's permissions give."""
    return frozenset(part for permission, part in _PARTS if member.may(permission))


def parts_for(member: Member, ticket: Ticket) -> frozenset[Actor]:
    """The same for one ticket: it is handled by its own department only, and reviewed by it or by who belongs to none."""
    return parts_in(member, ticket.department)


def parts_in(member: Member, department: str | None) -> frozenset[Actor]:
    """The same for what that department has in hand."""
    parts = parts_of(member)
    if department is not None and department == member.department:
        return parts
    return parts - ({Actor.HANDLER, Actor.REVIEWER} if member.department else {Actor.HANDLER})


def sight_of(member: Member) -> Sight:
    """Which tickets somebody sees. Who belongs to no department and sees not every one's sees none."""
    parts, own = parts_of(member), member.department or ""
    reviews_all = Actor.REVIEWER in parts and not own
    everywhere = member.may(_P.TICKETS_ALL_DEPARTMENTS) or reviews_all
    return Sight(
        account=member.account_id or "",
        department=None if everywhere else own,
        # Apart from the scope: who is also an agent sees every department and still signs for the own one.
        handles=own if Actor.HANDLER in parts else "",
        reviews=own if Actor.REVIEWER in parts else "",
        confidential=bool(parts & _TRUSTED) or reviews_all,
        calls_back=Actor.AGENT in parts,
    )


def reader_of(member: Member) -> Reader:
    """The same member as a reader of talks."""
    return Reader(member.account_id or "", sight_of(member))


def queues_of(member: Member) -> tuple[Queue, ...]:
    """What somebody has to work, in the order of a ticket's life, and everything."""
    parts = parts_of(member)
    worked = {queue for part in parts for queue in _QUEUES.get(part, ())}
    if Actor.HANDLER in parts:
        worked |= {Queue.OVERDUE, Queue.SUPERVISED}
    return (*(queue for queue in Queue if queue in worked), Queue.ALL)
