"""The 催办通知书: a letter to a department that did nothing after an enterprise had urged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.models import Department
from store.clock import CITY_ZONE, city_date
from tickets.limits import Timed
from tickets.models import KIND_NAMES, Ticket, TicketEvent
from tickets.states import Step
from tickets.timing import running
from tickets.urging import urgings

_SENT = (Step.DISPATCHED, Step.ARBITRATED, Step.REASSIGNED)


@dataclass(frozen=True, slots=True)
class Letter:
    """What stands in a letter. `to`: who gets it; `foot`: under the place for the seal."""

    title: str
    to: str
    paragraphs: tuple[str, ...]
    foot: str


async def urging_letter(session: AsyncSession, ticket: Ticket, now: datetime) -> Letter:
    """The letter for a ticket that was urged in vain; who the enterprise is, the department sees in the ticket."""
    events = (
        await session.scalars(
            select(TicketEvent).where(TicketEvent.ticket_id == ticket.id).order_by(TicketEvent.id)
        )
    ).all()
    clock = await running(session, ticket.id, Timed.HANDLE)
    found = await session.get(Department, ticket.department) if ticket.department else None
    urged = [_moment(one.at) for one in urgings(events)]
    sent = next((one.at for one in reversed(events) if one.step in _SENT), None)
    what = f"企业反映{ticket.subject}问题的{KIND_NAMES[ticket.kind]}（工单 {ticket.number}）"
    dispatched = f"于{_day(city_date(sent))}派你单位办理" if sent else "还没有派单"
    due = f"，应于{_day(city_date(clock.due_at))}以前办结答复" if clock and clock.due_at else ""
    return Letter(
        title="催办通知书",
        to=f"{found.name if found else '派单部门'}：",
        paragraphs=(
            f"{what}{dispatched}{due}。企业于{'、'.join(urged)}催办，共 {len(urged)} 次。到{_day(city_date(now))}为止，"
            "系统里没有你单位在催办以后签收、退单、开始办理、申请延期或者提交答复的记录。",
            "请立即办理，并把办理情况写进工单；已经超期的，请一并说明原因。",
            "参照12345热线承办规则：催办后到下一个工作日仍没有办理动作的，发催办通知书；催办过又长时间超期的，书面批评。",
        ),
        foot=_day(city_date(now)),
    )


def _moment(at: datetime) -> str:
    local = at.astimezone(CITY_ZONE)
    return f"{_day(local.date())}{local:%H:%M}"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
