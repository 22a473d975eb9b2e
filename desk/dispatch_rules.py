"""Staff keep the rules by which a department is suggested."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.intake.fields import subjects
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from staff.models import Department
from tickets.dispatching import add_rule, remove_rule
from tickets.models import DispatchRule

MOST_LETTERS = 100


class RuleRefused(ValueError):
    """The rule cannot be kept; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class NewRule:
    """What was filled in; what is empty is left open. `words`: separated by blanks or commas."""

    subject: str
    district: str
    words: str
    department: str

    def row(self, desk: Desk) -> DispatchRule:
        """Raises `RuleRefused`."""
        words = " ".join(
            dict.fromkeys(self.words.replace("，", " ").replace(",", " ").replace("、", " ").split())
        )
        if not (self.subject or self.district or words):
            raise RuleRefused("事项类别、所在区县、关键词至少填一项。")
        if self.subject not in ("", *subjects()) or self.district not in ("", *desk.city.districts):
            raise RuleRefused("请在列表里选择事项类别和区县。")
        if len(words) > MOST_LETTERS:
            raise RuleRefused(f"关键词请控制在 {MOST_LETTERS} 字以内。")
        return DispatchRule(
            subject=self.subject, district=self.district, words=words, department=self.department
        )


async def keep_rule(desk: Desk, member: Actor, new: NewRule) -> None:
    """Add a rule. Raises `RuleRefused`."""
    row = new.row(desk)
    async with desk.database.write() as session:
        department = await session.get(Department, new.department) if new.department else None
        if department is None:
            raise RuleRefused("请选择承办部门。")
        if not await add_rule(session, row):
            raise RuleRefused("已有一条条件相同的规则，请先删除原来的。")
        _record(desk, session, member, Action.DISPATCH_RULE_ADDED, row, department.name)


async def drop_rule(desk: Desk, member: Actor, rule_id: int) -> None:
    """Remove a rule; nothing happens where it is gone."""
    async with desk.database.write() as session:
        if row := await remove_rule(session, rule_id):
            department = await session.get(Department, row.department)
            name = department.name if department else row.department
            _record(desk, session, member, Action.DISPATCH_RULE_REMOVED, row, name)


def _record(
    desk: Desk, session: AsyncSession, member: Actor, action: Action, rule: DispatchRule, department: str
) -> None:
    detail = {"事项类别": rule.subject, "区县": rule.district, "关键词": rule.words, "派给": department}
    audit.record(
        session,
        member,
        action,
        at=desk.clock(),
        detail={name: value for name, value in detail.items() if value},
    )
