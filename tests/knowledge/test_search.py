"""Finding articles: what is forgiven, what is not found, and that a change counts at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.article import Article
from knowledge.search.decide import Answer, Clarify, Unknown, decide
from knowledge.search.index import Hit, Index, Result
from knowledge.search.text import grams, normalise, sounds


@pytest.fixture(scope="module")
def index(articles: dict[str, Article]) -> Index:
    """All shipped articles."""
    index = Index()
    index.put(articles.values())
    return index


@pytest.mark.parametrize(
    ("question", "key"),
    [
        ("用水报装", "water-connection"),
        ("用水報裝要什麼材料", "water-connection"),
        ("ＶＡＴ　增值税怎么申报", "vat"),
        ("注 销 公 司", "company-deregistration"),
        ("发瓢怎么领", "invoice"),
        ("营业执造丢了咋补", "business-licence"),
        ("商标住册去哪申请", "trademark"),
        ("你好，请问一下，麻烦帮我看看，我们厂想办用气报装，谢谢您", "gas-connection"),
    ],
)
def test_script_width_spacing_sound_and_politeness_do_not_matter(
    question: str, key: str, index: Index
) -> None:
    assert index.search(question).hits[0].key == key


@pytest.mark.parametrize("text", ["", " ", "？？？", "😀😀", "\0\x07", "。" * 5_000])
def test_a_text_without_letters_finds_nothing(text: str, index: Index) -> None:
    assert index.search(text).hits == ()


@pytest.mark.parametrize(
    "text",
    [
        "水" * 10_000,
        "用水报装" * 2_000,
        "\ud800用水报装",
        "a" * 3_000,
        "用水\0报装",
        "' OR 1=1 --",
        "AND NOT (key:*)",
    ],
)
def test_no_text_makes_it_fail(text: str, index: Index) -> None:
    assert len(index.search(text).hits) <= 5


@pytest.mark.parametrize("text", ["今天天气怎么样", "给我讲个笑话", "鲁迅是哪里人", "hello world"])
def test_what_is_nobodys_matter_is_unsure(text: str, index: Index) -> None:
    assert all(hit.confidence < 0.3 for hit in index.search(text).hits)


def test_a_confidence_has_reasons_between_nothing_and_all(index: Index) -> None:
    hit = index.search("公司注销要多久").hits[0]
    assert 0.0 <= hit.confidence <= 1.0
    assert all(0.0 <= value <= 1.0 for name, value in hit.reasons.items() if name != "prior")


def test_a_changed_article_is_found_by_its_new_words_and_not_by_its_old(
    articles: dict[str, Article],
) -> None:
    index = Index()
    index.put(articles.values())
    old = articles["trademark"]
    index.put([replace(old, title="量子通信报备", aliases=("量子报备",), questions=("量子通信怎么报备",))])
    assert index.search("量子通信报备").hits[0].key == "trademark"
    index.remove(["trademark"])
    assert "trademark" not in keys(index.search("量子通信报备"))
    index.remove(["trademark", "never-there"])


def test_an_index_in_a_folder_outlives_its_process(tmp_path: Path, articles: dict[str, Article]) -> None:
    Index(tmp_path).put([articles["water-connection"], articles["gas-connection"]])
    again = Index(tmp_path)
    assert again.search("用水报装").hits[0].key == "water-connection"
    assert again.search("发瓢怎么领").hits == () or again.search("用气报装").hits[0].key == "gas-connection"


def test_entries_that_cannot_be_written_change_nothing(articles: dict[str, Article]) -> None:
    index = Index()

    def broken() -> Iterable[Article]:
        yield articles["water-connection"]
        raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        index.put(broken())
    assert index.search("用水报装").hits == ()
    index.put([articles["water-connection"]])
    assert keys(index.search("用水报装")) == ["water-connection"]


def test_the_category_that_the_model_names_settles_a_draw(index: Index) -> None:
    water = index.search("报装要多少钱", category_prior={"water": 0.9, "gas": 0.05, "electricity": 0.05})
    power = index.search("报装要多少钱", category_prior={"water": 0.05, "gas": 0.05, "electricity": 0.9})
    assert (water.hits[0].key, power.hits[0].key) == ("water-connection", "electricity-connection")


@pytest.mark.parametrize(
    ("found", "decision"),
    [
        ([], Unknown(())),
        ([("a", 0.05, 0.9), ("b", 0.04, 0.1), ("c", 0.01, 0.0)], Unknown(("a", "b"))),
        ([("a", 0.3, 0.9)], Clarify(("a",))),
        ([("a", 0.3, 0.4), ("b", 0.2, 0.3), ("c", 0.2, 0.2), ("d", 0.1, 0.1)], Clarify(("a", "b", "c"))),
        ([("a", 0.9, 0.9), ("b", 0.2, 0.1)], Answer("a", "fee")),
        ([("a", 0.9, 0.5), ("b", 0.8, 0.45)], Clarify(("a", "b"))),
        ([("a", 0.9, 0.8), ("b", 0.8, 0.2)], Answer("a", "fee")),
    ],
)
def test_sure_is_answered_near_is_asked_far_is_not_known(
    found: list[tuple[str, float, float]], decision: Answer | Clarify | Unknown
) -> None:
    hits = tuple(Hit(key, 1.0, confidence, {"share": share}) for key, confidence, share in found)
    assert decide(Result(hits, "fee"), answer_at=0.6, clarify_at=0.1) == decision


def test_texts_are_compared_in_one_form() -> None:
    assert normalise("《用水報裝》，ＡＢＣ！ １２") == "用水报装 abc 12"
    assert normalise("") == normalise("。。。") == ""
    assert grams("用水 vat") == ["用", "水", "用水", "vat"]
    assert sounds("发票") == sounds("发飘") == sounds("發飄")


def keys(result: Result) -> list[str]:
    return [hit.key for hit in result.hits]
