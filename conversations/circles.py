"""Circles: people of several channels who are one enterprise, by their own word."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Person, Thread
from store.ids import NewId


async def people_of(session: AsyncSession, person_id: str) -> list[str]:
    """The ids of a person and of all who are linked to them."""
    own = select(Person.circle).where(Person.id == person_id).scalar_subquery()
    found = await session.scalars(select(Person.id).where(or_(Person.id == person_id, Person.circle == own)))
    return list(found.all())


async def linked_to(session: AsyncSession, person: Person) -> Sequence[Person]:
    """Who is linked to a person, without the person."""
    if person.circle is None:
        return ()
    found = await session.scalars(
        select(Person)
        .where(Person.circle == person.circle, Person.id != person.id)
        .order_by(Person.created_at, Person.id)
    )
    return found.all()


async def other_threads(session: AsyncSession, thread_id: str, limit: int) -> Sequence[Thread]:
    """The threads of those who are linked to a thread's person, the newest first."""
    thread = await session.get_one(Thread, thread_id)
    linked = await linked_to(session, await session.get_one(Person, thread.person_id))
    if not linked:
        return ()
    found = await session.scalars(
        select(Thread)
        .where(Thread.person_id.in_([person.id for person in linked]))
        .order_by(Thread.last_message_at.desc(), Thread.id)
        .limit(limit)
    )
    return found.all()


async def join(session: AsyncSession, one: Person, other: Person, new_id: NewId) -> None:
    """Make one circle of the circles of two people."""
    await _lock(session, one, other)
    circle = one.circle or other.circle or new_id()
    if one.circle and other.circle and one.circle != other.circle:
        await session.execute(update(Person).where(Person.circle == other.circle).values(circle=circle))
    one.circle = other.circle = circle
    await session.flush()


async def leave(session: AsyncSession, person: Person) -> Sequence[Person]:
    """Take a person out of their circle, which ends where only one would stay. Returns who was linked to them."""
    await _lock(session, person)
    others = await linked_to(session, person)
    person.circle = None
    if len(others) == 1:
        others[0].circle = None
    await session.flush()
    return others


async def _lock(session: AsyncSession, *people: Person) -> None:
    """Both, always in the same order, and as they are now."""
    ids = [person.id for person in people]
    found = await session.scalars(
        select(Person)
        .where(Person.id.in_(ids))
        .order_by(Person.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found.all()
