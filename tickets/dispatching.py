"""Which department a matter belongs to, by the rules that staff keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from store.inserts import insert_into
from tickets.models import DispatchRule

# What each agreement weighs: a subject outweighs one stray word, two words outweigh a subject.
_DISTRICT, _SUBJECT, _WORD = 4, 3, 2


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fits a matter, and those of its words that were found."""

    rule: DispatchRule
    words: tuple[str, ...]


def best_match(rules: Iterable[DispatchRule], subject: str, district: str, text: str) -> Match | None:
    """The rule that agrees with the matter in most; of equals the older one."""
    best: Match | None = None
    most = 0
    for rule in rules:
        if (rule.subject and rule.subject != subject) or (rule.district and rule.district != district):
            continue
        found = tuple(word for word in rule.words.split() if word in text)
        if rule.words and not found:
            continue
        weight = _DISTRICT * bool(rule.district) + _SUBJECT * bool(rule.subject) + _WORD * len(found)
        if weight > most:
            best, most = Match(rule, found), weight
    return best


async def all_rules(session: AsyncSession) -> Sequence[DispatchRule]:
    """Every rule, the oldest first."""
    return (await session.scalars(select(DispatchRule).order_by(DispatchRule.id))).all()


async def add_rule(session: AsyncSession, rule: DispatchRule) -> bool:
    """Add a rule; False where there is one for the same matters."""
    same = select(DispatchRule.id).where(
        DispatchRule.subject == rule.subject,
        DispatchRule.district == rule.district,
        DispatchRule.words == rule.words,
    )
    if await session.scalar(same) is not None:
        return False
    added = await session.scalar(
        insert_into(session, DispatchRule)
        .values(subject=rule.subject, district=rule.district, words=rule.words, department=rule.department)
        .on_conflict_do_nothing()
        .returning(DispatchRule.id)
    )
    return added is not None


async def remove_rule(session: AsyncSession, rule_id: int) -> DispatchRule | None:
    """Remove a rule; what it was, or None where it is gone already."""
    rule = await session.get(DispatchRule, rule_id)
    if rule is not None:
        await session.execute(delete(DispatchRule).where(DispatchRule.id == rule_id))
    return rule
