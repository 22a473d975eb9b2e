"""Tickets that are moved on, and what staff were told of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select, update
from stdnum.cn import uscc

from conversations.threads import open_thread
from desk.complaints import submit
from desk.desk import Desk
from desk.reminders import remind
from staff.models import Account, Notice, NoticeKind
from staff.roles import Role
from store.clock import CITY_ZONE
from tests.desk.casework import move_ticket
from tickets.life import Doing
from tickets.limits import Level
from tickets.models import Kind, Ticket
from tickets.states import MOVE_OF, Step

VALUES: Mapping[str, str] = {
    "enterprise": "平顶山某某商贸有限公司", "credit_code": "-", "contact": "李经理", "phone": "+8613800000000",
    "district": "新华区", "subject": "供水", "description": "停水三天没有人管", "wanted": "尽快恢复", "confidential": "否",
}  # fmt: skip


STAFF = {
    "pai": (Role.DISPATCHER, None), "shui": (Role.HANDLER, "water"), "guan": (Role.HANDLER, "water"), "shen": (Role.REVIEWER, None),
    "du": (Role.SUPERVISOR, None), "xi": (Role.AGENT, None), "xin": (Role.AGENT, None), "shuiwu": (Role.HANDLER, "tax"),
}  # fmt: skip


K = NoticeKind


CODE = "91410400MA0000001" + str(uscc.calc_check_digit("91410400MA0000001"))


LIMITS = {K.DUE, K.OVERDUE, K.ESCALATED}


Staff = dict[str, Account]


Told = list[tuple[str, str]]


def at(month: int, day: int, hour: int = 9, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=CITY_ZONE)


async def filed(desk: Desk, number: int = 1, **values: str) -> Ticket:
    async with desk.database.write() as session:
        thread = await open_thread(
            session, channel="web", address=f"somebody{number}", at=desk.clock(), new_id=desk.new_id
        )
    await submit(
        desk, thread_id=thread.id, message_id=number, kind=Kind.COMPLAINT, values={**VALUES, **values}
    )
    async with desk.database.read() as session:
        return (await session.scalars(select(Ticket).where(Ticket.thread_id == thread.id))).one()


async def move(desk: Desk, ticket: Ticket, *steps: Step, by: str = "", level: Level = Level.GENERAL) -> None:
    for step in steps:
        actor = sorted(MOVE_OF[step].actors)[0]
        doing = Doing(
            by or actor.value, actor, desk.clock(), "情况复杂", level=level, department="water", days=3,
            text="供水已于今天恢复。",
        )  # fmt: skip
        await move_ticket(desk, ticket.id, step, doing)


async def told(desk: Desk) -> Told:
    """Who was told of what, in order of the names; forgotten at once, so that the next question begins anew."""
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Account.username, Notice.kind).join(Account, Account.id == Notice.account_id)
        )
        found = sorted((row[0], str(row[1])) for row in rows)
    async with desk.database.write() as session:
        await session.execute(update(Notice).values(account_id=select(Account.id).limit(1).scalar_subquery()))
        await session.execute(delete(Notice))
    return found


async def kept(desk: Desk) -> list[Notice]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Notice).order_by(Notice.id)))


async def round_of(desk: Desk) -> Told:
    before = {one.id for one in await kept(desk)}
    await remind(desk)
    async with desk.database.read() as session:
        rows = await session.execute(
            select(Account.username, Notice.kind)
            .join(Account, Account.id == Notice.account_id)
            .where(Notice.id.not_in(before))
        )
        return sorted((row[0], str(row[1])) for row in rows)
