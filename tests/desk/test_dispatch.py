"""Where a ticket is suggested to go: the rules in order of how much they agree, and how often the shipped ones are right."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from desk.dispatch import add_dispatch_rules, default_rules, suggestion
from desk.intake.fields import subjects
from staff.departments import DEPARTMENTS
from store.database import Database
from tickets.dispatching import add_rule, all_rules, best_match, remove_rule
from tickets.models import DispatchRule, Ticket

SAMPLE = Path(__file__).with_name("complaints.tsv")
LEAST_RIGHT = 0.9


def rule(subject: str = "", words: str = "", department: str = "water", district: str = "") -> DispatchRule:
    return DispatchRule(subject=subject, district=district, words=words, department=department)


def about(text: str, subject: str = "供水", district: str = "新华区") -> Ticket:
    return Ticket(subject=subject, district=district, description=text, wanted="尽快解决")


@pytest.mark.parametrize(
    ("rules", "department"),
    [
        ([rule("供水")], "water"),
        ([rule("供水"), rule("供水", "水价", "market")], "market"),
        ([rule("供水"), rule("", "水价", "market")], "water"),
        ([rule("供水"), rule("", "水价 太高", "market")], "market"),
        ([rule("供水"), rule("供水", "", "housing", "新华区")], "housing"),
        ([rule("供水"), rule("供水", "", "housing", "叶县")], "water"),
        ([rule("供水", "停水"), rule("供水", "水价", "market")], "market"),
        ([rule("供电", "", "power")], None),
    ],
)
def test_the_rule_that_agrees_in_most_decides(rules: list[DispatchRule], department: str | None) -> None:
    found = best_match(rules, "供水", "新华区", "水价太高了")
    assert (found.rule.department if found else None) == department


def test_a_suggestion_says_why() -> None:
    found = suggestion(default_rules(), about("派出所说是经济纠纷，报案不立案", "司法保障"))
    assert found is not None
    assert found.department == "police"
    assert found.reason == "事项类别是“司法保障”，文中提到“报案”、“派出所”"


def test_the_shipped_rules_name_subjects_and_departments_that_exist() -> None:
    rules = default_rules()
    assert {rule.subject for rule in rules} - {""} == set(subjects())
    assert {rule.department for rule in rules} <= set(DEPARTMENTS)
    assert len({(rule.subject, rule.district, rule.words) for rule in rules}) == len(rules)


def test_the_shipped_rules_are_right_for_nine_complaints_in_ten() -> None:
    wrong = []
    with SAMPLE.open(encoding="utf-8") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    for subject, district, text, department in rows:
        assert department in DEPARTMENTS
        found = suggestion(default_rules(), about(text, subject, district))
        if found is None or found.department != department:
            wrong.append((text, department, found))
    right = 1 - len(wrong) / len(rows)
    print(f"{right:.1%} of {len(rows)}")
    assert len(rows) >= 60
    assert right >= LEAST_RIGHT, wrong


async def test_rules_are_added_once_and_removed(database: Database) -> None:
    async with database.write() as session:
        await add_dispatch_rules(session)
        await add_dispatch_rules(session)
        assert len(await all_rules(session)) == len(default_rules())
        assert await add_rule(session, rule("供水", "水质", "environment"))
        assert not await add_rule(session, rule("供水", "水质", "market"))
        newest = (await all_rules(session))[-1]
        assert await remove_rule(session, newest.id) is newest
        assert await remove_rule(session, newest.id) is None
        assert len(await all_rules(session)) == len(default_rules())
