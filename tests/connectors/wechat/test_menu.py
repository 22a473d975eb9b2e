"""The custom menu: WeChat takes it, and every tap says something that the bot understands."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.wechat.menu import MENU, Column, Menu, MenuWrong, Tap, as_json, problems_of, text_of
from knowledge.article import Article
from knowledge.search.confidence import read_calibration
from knowledge.search.decide import Answer, decide
from knowledge.search.index import Index

ACTS = Path(__file__).resolve().parents[3] / "bot" / "data" / "nlu" / "acts"


def test_our_menu_is_one_that_wechat_takes() -> None:
    assert problems_of(MENU) == []
    assert as_json()["button"][2] == {"type": "click", "name": "转人工", "key": "human"}


@pytest.mark.parametrize(
    ("menu", "problem"),
    [
        ([], "一级菜单应有 1 到 3 个，现有 0 个"),
        ([Tap("一", f"k{number}", "一") for number in range(4)], "一级菜单应有 1 到 3 个，现有 4 个"),
        ([Tap("一二三四五六", "k", "一")], "“一二三四五六”有 18 字节，最多 16 字节"),
        ([Column("一", (Tap("二" * 21, "k", "一"),))], f"“{'二' * 21}”有 63 字节，最多 60 字节"),
        ([Column("一", ())], "“一”应有 1 到 5 个子菜单，现有 0 个"),
        (
            [Column("一", tuple(Tap("二", f"k{n}", "三") for n in range(6)))],
            "“一”应有 1 到 5 个子菜单，现有 6 个",
        ),
        ([Tap(" ", "k", "一")], "菜单名称不能为空"),
        ([Tap("一", "", "一")], "“一”的键值应有 1 到 128 字节"),
        ([Tap("一", "k" * 129, "一")], "“一”的键值应有 1 到 128 字节"),
        ([Tap("一", "k", "一"), Column("二", (Tap("三", "k", "三"),))], "键值“k”重复"),
        ([Tap("一", "k", " ")], "“一”没有对应的话"),
    ],
)
def test_a_wrong_menu_is_told_what_is_wrong(menu: Menu, problem: str) -> None:
    with pytest.raises(MenuWrong) as wrong:
        as_json(menu)
    assert wrong.value.problems == (problem,)


def test_a_tap_says_what_the_person_would_have_typed() -> None:
    assert text_of("ticket.progress") == "查进度"
    assert text_of("human") == "转人工"
    assert text_of("gone") is None


def taps(prefix: str) -> list[Tap]:
    columns = [item.taps if isinstance(item, Column) else (item,) for item in MENU]
    return [tap for column in columns for tap in column if tap.key.startswith(prefix)]


@pytest.mark.parametrize(
    "tap", [*taps("ticket."), *taps("human"), *taps("ask.more")], ids=lambda tap: tap.key
)
def test_a_tap_for_an_act_says_what_the_model_has_learnt(tap: Tap) -> None:
    learnt = {
        line.strip().removeprefix("- ")
        for file in ACTS.glob("*.yml")
        for line in file.read_text().splitlines()
    }
    assert tap.says in learnt


@pytest.fixture(scope="module")
def index(articles: dict[str, Article]) -> Index:
    index = Index(calibration=read_calibration())
    index.put(articles.values())
    return index


@pytest.mark.parametrize(
    ("key", "article"),
    [
        ("ask.water", "water-connection"),
        ("ask.gas", "gas-connection"),
        ("ask.electricity", "electricity-connection"),
        ("ask.setup", "company-setup"),
    ],
)
def test_a_tap_for_a_matter_is_answered_with_it(key: str, article: str, index: Index) -> None:
    calibration = read_calibration()
    found = decide(
        index.search(text_of(key) or ""), answer_at=calibration.answer_at, clarify_at=calibration.clarify_at
    )
    assert isinstance(found, Answer)
    assert found.key == article
