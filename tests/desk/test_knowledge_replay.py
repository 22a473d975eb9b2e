"""What the publish gate asks, and what it finds: pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from desk import replay
from desk.replay import Case, Verdict, cases, compared
from knowledge.article import Article

TODAY = date(2026, 11, 23)
WATER, GAS = "water-connection", "gas-connection"


@pytest.fixture
def live(articles: dict[str, Article]) -> dict[str, Article]:
    """Three articles in force."""
    return {key: articles[key] for key in (WATER, GAS, "company-setup")}


def expected(asked: list[Case], text: str) -> str | None:
    (case,) = [case for case in asked if case.text == text]
    return case.expects


def test_a_question_that_the_draft_takes_from_another_article_is_still_expected_from_that_one(
    live: dict[str, Article],
) -> None:
    taken, written = live[GAS].questions[:2]
    draft = replace(live[WATER], questions=(*live[WATER].questions, taken, f"{written}！"))
    asked, among = cases([], live, draft, TODAY)
    assert expected(asked, taken) == GAS == expected(asked, written)
    assert f"{written}！" not in [case.text for case in asked]
    answered = {case.text: Verdict("answer", (case.expects or "",), None) for case in asked}
    stolen = Verdict("answer", (WATER,), None)
    found = compared([(case, answered[case.text], stolen) for case in asked], live[WATER], draft, among)
    assert taken in found["losses"]


def test_what_somebody_stored_goes_before_and_what_is_not_in_force_claims_nothing(
    live: dict[str, Article],
) -> None:
    taken, other = live[GAS].questions[:2]
    draft = replace(live[WATER], questions=(taken, other))
    asked, _ = cases([Case(taken, "")], live, draft, TODAY)
    assert expected(asked, taken) == ""
    live[GAS] = replace(live[GAS], valid_until=TODAY - timedelta(days=1))
    asked, _ = cases([], live, draft, TODAY)
    assert expected(asked, taken) == WATER
    assert not any(case.expects == GAS for case in asked)


def test_an_article_keeps_its_own_questions_and_those_it_gives_up(live: dict[str, Article]) -> None:
    draft = replace(live[WATER], questions=("新的问法",))
    asked, among = cases([], live, draft, TODAY)
    assert {expected(asked, text) for text in ("新的问法", *live[WATER].questions)} == {WATER}
    assert among == len(asked) > 100


def test_above_the_most_all_stored_ones_and_the_nearest_others_are_asked(
    live: dict[str, Article], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = len(set(live[WATER].questions))
    monkeypatch.setattr(replay, "MOST", own + 40)
    stored = [Case(f"存下的问题{number}", GAS) for number in range(30)]
    far = replace(live["company-setup"], questions=tuple(f"某证照甲乙{number}" for number in range(500)))
    near = replace(live[GAS], questions=tuple(f"用水报装和用气有什么不同{number}" for number in range(10)))
    draft = live[WATER]
    asked, among = cases(stored, {WATER: draft, far.key: far, near.key: near}, draft, TODAY)
    texts = {case.text for case in asked}
    assert {case.text for case in stored} | set(draft.questions) | set(near.questions) <= texts
    assert not texts & set(far.questions)
    assert (len(asked), among) == (own + 40, own + 30 + 510)
    more = [Case(f"又存下的{number}", GAS) for number in range(own + 100)]
    asked, _ = cases([*stored, *more], {WATER: draft, far.key: far}, draft, TODAY)
    assert {case.text for case in (*stored, *more)} | set(draft.questions) == {case.text for case in asked}
    # What the draft takes away is asked however many there are.
    thief = replace(draft, questions=(*draft.questions, far.questions[77]))
    asked, _ = cases([*stored, *more], {WATER: draft, far.key: far}, thief, TODAY)
    assert expected(asked, far.questions[77]) == far.key


def changed(old: Article, new: Article) -> list[dict[str, Any]]:
    said = Verdict("answer", (WATER,), "overview")
    found: list[dict[str, Any]] = compared([(Case("问", WATER), said, said)], old, new)["changed"]
    return found


def test_an_answer_that_changes_in_one_channel_is_shown_with_it(live: dict[str, Article]) -> None:
    old = live[WATER]
    wechat = replace(old, variants={"wechat": {"overview": "微信里短一些。"}})
    assert changed(old, old) == []
    (one,) = changed(old, wechat)
    assert one["channels"] == ["wechat"]
    sections = {**old.sections, "overview": f"{old.sections['overview']}改了。"}
    (one,) = changed(wechat, replace(wechat, sections=sections))
    assert one["channels"] == ["telegram", "web"]
    (one,) = changed(old, replace(old, sections=sections))
    assert "channels" not in one


def test_runs_that_found_the_same_have_the_same_digest(live: dict[str, Article]) -> None:
    right, wrong = Verdict("answer", (WATER,), None), Verdict("unknown", (), None)
    one, other = Case("甲", WATER), Case("乙", WATER)
    lost = [(one, right, wrong), (other, right, wrong)]

    def found(replayed: list[tuple[Case, Verdict, Verdict]]) -> dict[str, Any]:
        return compared(replayed, live[WATER], live[WATER])

    assert found(lost)["digest"] == found(lost[::-1])["digest"]
    assert found(lost)["losses"] == ["甲", "乙"]
    assert found([*lost, (Case("丙", WATER), right, right)])["digest"] == found(lost)["digest"]
    assert found(lost[:1])["digest"] != found(lost)["digest"]
    many = [(Case(str(number), WATER), right, wrong) for number in range(replay.MOST_SHOWN + 9)]
    assert (len(found(many)["losses"]), len(found(many)["lost"])) == (len(many), replay.MOST_SHOWN)
