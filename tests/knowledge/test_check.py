"""`check` finds each thing that may be wrong with an article, and nothing wrong with the shipped ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from knowledge.article import Article, Aspect
from knowledge.catalogue import Catalogue, catalogue
from knowledge.check import check, check_folder
from knowledge.markdown import dump

ARTICLES = Path(__file__).resolve().parents[2] / "knowledge" / "articles"
TODAY = date(2026, 11, 23)
KEY = "water-connection"


def only(*keys: str) -> Catalogue:
    """The catalogue cut down to some keys."""
    whole = catalogue()
    return Catalogue(whole.categories, {key: whole.matters[key] for key in keys})


def problems(article: Article, today: date = TODAY) -> list[str]:
    return [finding.problem for finding in check([article], today, only(KEY))]


def section(aspect: Aspect, text: str) -> Callable[[Article], Article]:
    return lambda article: replace(article, sections={**article.sections, aspect: text})


def more(aspect: Aspect, text: str) -> Callable[[Article], Article]:
    return lambda article: section(aspect, article.sections[aspect] + text)(article)


def source(**changes: object) -> Callable[[Article], Article]:
    return lambda a: replace(a, sources=(replace(a.sources[0], **changes), *a.sources[1:]))  # type: ignore[arg-type]


CHANGES: list[tuple[Callable[[Article], Article], str]] = [
    (lambda a: replace(a, category="weather"), "unknown category"),
    (lambda a: replace(a, title="水" * 21), "longer than"),
    (lambda a: replace(a, questions=a.questions[:7]), "only 7 similar questions"),
    (lambda a: replace(a, valid_until=TODAY - timedelta(days=1)), "not in force"),
    (lambda a: replace(a, valid_from=TODAY + timedelta(days=1)), "not in force"),
    (lambda a: replace(a, checked_on=TODAY + timedelta(days=1)), "still to come"),
    (lambda a: replace(a, sources=()), "no source"),
    (source(title=""), "without full name"),
    (source(issuer=""), "without full name"),
    (source(date=TODAY + timedelta(days=1)), "still to come"),
    (source(id="never-cited"), "is never cited"),
    (more("overview", "[^nowhere 第一条]"), "cites 'nowhere'"),
    (section("overview", "申请受理、勘验开通一站式服务。"), "overview cites no source"),
    (section("overview", ""), "overview is empty"),
    (lambda a: replace(a, sections={k: v for k, v in a.sections.items() if k != "overview"}), "no overview"),
    (more("overview", "水" * 500), "bytes, at most"),
    (more("overview", "请拨打 0375-1234567。"), "telephone number 0375-1234567"),
    (more("overview", "请拨打13800000000。"), "telephone number 13800000000"),
    (more("overview", "见 https://example.com/water 。"), "address https://example.com/water"),
    (more("overview", "见 www.example.cn 。"), "which is not on the allow-list"),
    (
        lambda a: replace(a, sections={k: v.replace("2个环节", "几个环节") for k, v in a.sections.items()}),
        "2个环节",
    ),
    (lambda a: replace(a, questions=(*a.questions, a.questions[0] + "？")), "shares the question"),
]


def test_the_shipped_articles_have_no_findings() -> None:
    assert [str(finding) for finding in check_folder(ARTICLES, TODAY)] == []


@pytest.mark.parametrize(("change", "problem"), CHANGES, ids=[problem for _, problem in CHANGES])
def test_each_thing_wrong_is_found(
    change: Callable[[Article], Article], problem: str, articles: dict[str, Article]
) -> None:
    good = articles[KEY]
    assert problems(good) == []
    assert any(problem in found for found in problems(change(good)))


def test_a_number_on_the_allow_list_is_no_finding(articles: dict[str, Article]) -> None:
    assert problems(more("overview", "可拨打12345。")(articles[KEY])) == []


def test_a_key_without_an_article_is_found(articles: dict[str, Article]) -> None:
    found = check([articles[KEY]], TODAY, only(KEY, "gas-price"))
    assert [(finding.key, finding.problem) for finding in found] == [
        ("gas-price", "no article for this key of the catalogue")
    ]


def test_a_question_of_two_articles_is_found(articles: dict[str, Article]) -> None:
    one, other = articles[KEY], articles["gas-connection"]
    other = replace(other, questions=(*other.questions, f" {one.questions[0]}！"))
    found = check([one, other], TODAY, only(KEY, "gas-connection"))
    assert [finding.key for finding in found] == ["gas-connection"]
    assert KEY in found[0].problem


def test_a_file_that_cannot_be_read_is_found_and_the_others_are_still_looked_at(
    tmp_path: Path, articles: dict[str, Article]
) -> None:
    text = dump(articles[KEY])
    (tmp_path / "broken.md").write_text("no article", encoding="utf-8")
    (tmp_path / "wishes.md").write_text(text.replace("## overview", "## wishes"), encoding="utf-8")
    (tmp_path / "undated.md").write_text(text.replace("  date:", "  day:", 1), encoding="utf-8")
    (tmp_path / "other-name.md").write_text(text, encoding="utf-8")
    found = {finding.key: finding.problem for finding in check_folder(tmp_path, TODAY)}
    assert "no front matter" in found["broken"]
    assert "unknown aspect" in found["wishes"]
    assert "without date" in found["undated"]
    assert KEY in found["other-name"]
    assert KEY not in found
