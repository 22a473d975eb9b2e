"""Articles as files: what is written is read back, and what is no article is refused with its reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.article import Article
from knowledge.errors import ArticleInvalid
from knowledge.markdown import dump, parse, read, read_folder
from knowledge.rows import from_content, to_content

ARTICLES = Path(__file__).resolve().parents[2] / "knowledge" / "articles"
FILES = sorted(ARTICLES.glob("*.md"))
GOOD = (ARTICLES / "water-change.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_article_survives_the_way_through_markdown_and_json(file: Path) -> None:
    article = read(file)
    assert parse(dump(article), where="again") == article
    assert from_content(to_content(article)) == article
    assert article.sections and article.key == file.stem


def test_a_folder_is_read_by_name() -> None:
    assert [article.key for article in read_folder(ARTICLES)] == [file.stem for file in FILES]


def test_line_ends_of_windows_make_no_difference() -> None:
    assert parse(GOOD.replace("\n", "\r\n"), where="file") == parse(GOOD, where="file")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("---\nkey", "key", "no front matter"),
        ("key: water-change", "key: [water", "not YAML"),
        ("category: water\n", "", "without category"),
        ("category: water\n", "category: water\ncolour: blue\n", "unknown colour"),
        ("title: 用水过户与变更", "title: 12", "title is not text"),
        ("aliases: [", "aliases: x #[", "aliases is not a list"),
        ("aliases: [", "aliases: [1, ", "aliases holds something"),
        ("  - 用水过户怎么办", "  - ''", "questions holds something"),
        ("valid_from: 2026-06-01", "valid_from: June", "valid_from is not a date"),
        ("valid_until: null", "valid_until: someday", "valid_until is not a date"),
        ("checked_on: 2026-11-23", "checked_on: 2026-11-23 10:00:00", "checked_on is not a date"),
        ("    date: 2026-02-11\n", "", "source without date"),
        ("    date: 2026-02-11\n", "    date: '2026-02-11'\n", "date is not a date"),
        ("    title: 供水条例\n", "    title: 供水条例\n    page: 3\n", "unknown page"),
        ("  - id: water\n", "  - water\n  - id: water\n", "a source is not a mapping"),
        ("## materials", "## wishes", "unknown aspect 'wishes'"),
        ("## materials", "## overview", "'overview' twice"),
        ("## overview", "Words.\n## overview", "before the first section"),
    ],
)
def test_what_is_no_article_is_refused_with_its_reason(old: str, new: str, reason: str) -> None:
    assert old in GOOD
    with pytest.raises(ArticleInvalid, match=reason) as caught:
        parse(GOOD.replace(old, new, 1), where="bad.md")
    assert caught.value.where.startswith("bad.md")


def test_a_front_matter_that_is_a_list_is_refused() -> None:
    with pytest.raises(ArticleInvalid, match="not a mapping"):
        parse("---\n- key\n---\n## overview\nWords.\n", where="bad.md")


def test_a_file_that_is_not_utf_8_is_refused_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "gbk.md").write_bytes("平顶山".encode("gbk"))
    with pytest.raises(ArticleInvalid, match=r"gbk\.md"):
        read(tmp_path / "gbk.md")


def test_people_read_a_section_without_its_marks(articles: dict[str, Article]) -> None:
    article = articles["water-change"]
    assert "[^" in article.sections["overview"]
    assert "[^" not in article.text("overview")
    assert article.citations("overview")[0].places == ("第五百四十三条、第六百五十六条",)
