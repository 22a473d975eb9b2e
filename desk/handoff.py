"""Calling a person: the thread waits for staff, and the enterprise is told what happens next and when."""

from __future__ import annotations

from datetime import datetime

from conversations.models import Holder, Thread
from conversations.threads import call_staff
from desk.articles import REQUEST
from desk.desk import Desk
from desk.rules import rules
from desk.values import Reply
from store.clock import CITY_ZONE
from store.workdays import Calendar

_WEEKDAYS = "一二三四五六日"


async def hand_off(desk: Desk, thread_id: str) -> Reply:
    """Put the thread into the waiting queue. Asked twice, it stays where it is in the queue."""
    now = desk.clock()
    async with desk.database.write() as session:
        await call_staff(session, thread_id, at=now)
        thread = await session.get_one(Thread, thread_id)
        calendar = (await rules(desk, session)).calendar
    return Reply(_what_next(desk, thread.holder, now, calendar), outcome="handoff", buttons=(REQUEST,))


def when_answered(desk: Desk, now: datetime, calendar: Calendar) -> str:
    """When somebody will answer, as a sentence."""
    opening = desk.office_hours.next_opening(now, calendar)
    if opening == now:
        return "工作人员会尽快在这里回复您；着急的话可以拨打 12345。"
    return f"工作人员将在{_moment(opening)}上班后回复您；着急的话可以拨打 12345（24 小时）。"


def _what_next(desk: Desk, holder: Holder, now: datetime, calendar: Calendar) -> str:
    if holder == Holder.STAFF:
        return "工作人员已经接入，请直接说。"
    hours = desk.office_hours.text()
    opening = desk.office_hours.next_opening(now, calendar)
    if opening == now:
        return (
            f"已为您转人工，正在排队等待工作人员接入（{hours}）。"
            "请先把问题写在这里，工作人员接入后会直接在这里回复您；等待期间我也可以继续回答。"
        )
    return (
        f"现在不是人工服务时间（{hours}）。已为您登记，工作人员将在{_moment(opening)}上班后按先后顺序回复，"
        "请先把问题写在这里。着急的话可以拨打 12345（24 小时），或者现在登记一张诉求工单。"
    )


def _moment(moment: datetime) -> str:
    local = moment.astimezone(CITY_ZONE)
    return f"{local.month}月{local.day}日（星期{_WEEKDAYS[local.weekday()]}）{local.hour}:{local.minute:02}"
