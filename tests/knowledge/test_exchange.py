"""Articles out into files and back: nothing is lost, nothing is computed, and what is wrong is told where it is."""

from __future__ import annotations

import asyncio
import csv
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from knowledge.article import Article
from knowledge.catalogue import catalogue
from knowledge.drafts import problems
from knowledge.exchange import aside
from knowledge.exchange.archive import from_zip, to_zip
from knowledge.exchange.aside import Bounds, read_aside
from knowledge.exchange.columns import COLUMNS, MORE_NAMES, cells_of
from knowledge.exchange.csv_file import from_csv, to_csv
from knowledge.exchange.excel import from_excel, to_excel
from knowledge.exchange.plan import hints
from knowledge.exchange.problems import FileRefused
from knowledge.exchange.reader import read
from knowledge.exchange.reading import articles_of
from knowledge.rows import from_content, to_content
from tests.knowledge.made_articles import made_articles

CATEGORIES = catalogue().categories
WAYS: dict[str, tuple[Callable[[Any], bytes], Callable[[bytes], Any]]] = {
    "a.csv": (lambda articles: to_csv(articles, CATEGORIES), from_csv),
    "a.xlsx": (lambda articles: to_excel(articles, CATEGORIES), from_excel),
    "a.zip": (to_zip, from_zip),
}
HEAD = ",".join(COLUMNS.values())


def there_and_back(name: str, articles: list[Article]) -> list[Article]:
    write, take = WAYS[name]
    found, problems = articles_of(take(write(articles))[0])
    assert problems == []
    return [article for _, article in found]


@pytest.mark.parametrize("name", WAYS)
def test_all_shipped_articles_come_back_as_they_were(name: str, articles: dict[str, Article]) -> None:
    assert len(articles) >= 70
    assert there_and_back(name, list(articles.values())) == list(articles.values())


@pytest.mark.parametrize("name", WAYS)
@settings(max_examples=60, deadline=None)
@given(made=st.lists(made_articles(), min_size=1, max_size=2, unique_by=lambda article: article.key))
def test_any_article_comes_back_as_it_was(name: str, made: list[Article]) -> None:
    assert there_and_back(name, made) == made


def test_what_an_excel_file_would_not_give_back_is_refused_with_a_sentence(
    articles: dict[str, Article],
) -> None:
    odd = replace(articles["water-price"], audience="_x005F_")
    with pytest.raises(FileRefused, match="请改用 CSV 或 Markdown 导出"):
        to_excel([odd], CATEGORIES)
    assert there_and_back("a.csv", [odd]) == [odd]


@settings(max_examples=100, deadline=None)
@given(made_articles())
def test_no_cell_of_an_export_is_computed(article: Article) -> None:
    text = to_csv([article], CATEGORIES).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row)
    sheet = load_workbook(io.BytesIO(to_excel([article], CATEGORIES)))["文章"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}


def book(*rows: list[Any]) -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def row_of(article: Article, **changed: Any) -> list[Any]:
    cells = dict(zip(COLUMNS, cells_of(article, CATEGORIES), strict=True))
    return list({**cells, **changed}.values())


def told(data: bytes, name: str) -> str:
    """What is said of the file; nothing of it may have been taken."""
    found = read(data, name)
    if "refused" in found:
        return str(found["refused"])
    assert found["problems"], found
    return "\n".join("".join(problem) for problem in found["problems"])


def archive(**files: str | bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            made.writestr(
                zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED
            )  # of no time: it is part of a test's name
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "空的"),
        ("a.xlsx", b"", "空的"),
        ("a.csv", b"\r\n\r\n", "空的"),
        ("a.csv", HEAD.encode(), "只有表头"),
        ("a.csv", "编号,名称\na,b\n".encode(), "缺少这些列"),
        ("a.csv", f"{HEAD},心情\n".encode(), "不认识的列：心情"),
        ("a.csv", f"{HEAD},名称\n".encode(), "重复的列：名称"),
        ("a.csv", f'{HEAD}\n"a'.encode(), "引号没有成对"),
        ("a.csv", b"\x00\x01\x02\x00", "不能识别的字符"),
        ("a.csv", b"\xff\xfea", "损坏"),
        ("a.csv", b"\x81\xff\xff\x81", "编码"),
        ("a.xlsx", b"not a workbook", "不是Excel 工作簿"),
        ("a.xlsx", archive(**{"hello.txt": "x"}), "不是Excel 工作簿"),
        ("a.xlsx", archive(**{"xl/workbook.xml": "<broken"}), "损坏"),
        ("a.xlsx", archive(**{"xl/workbook.xml": "x", "xl/vbaProject.bin": "x"}), "宏"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "旧版"),
        ("a.xlsx", book(["名称"], ["甲"]), "缺少这些列"),
        ("a.xls", b"x", "另存为 .xlsx"),
        ("a.xlsm", b"x", "宏"),
        ("a.exe", b"MZ", "不认识这种文件"),
        ("noname", b"x", "不认识这种文件"),
        ("a.zip", archive(), "空的"),
        ("a.zip", archive(**{"../../etc/passwd.md": "x"}), "不安全的路径"),
        ("a.zip", archive(**{"/etc/a.md": "x"}), "不安全的路径"),
        ("a.zip", archive(**{"C:\\a.md": "x"}), "不安全的路径"),
        ("a.zip", archive(**{"a.exe": "x"}), "不是 .md"),
        ("a.zip", archive(**{"a.md": "no front matter"}), "两行 ---"),
        ("a.zip", archive(**{"a.md": b"\xff\xfe\x00"}), "UTF-8"),
        ("a.zip", archive(**{"a.md": "---\nkey: [1\n---\n"}), "不合格式"),
        ("a.zip", archive(**{"a.md": "---\na: &a [x]\nb: [*a, *a]\n---\n"}), "引用"),
        ("a.zip", archive(**{"a.md": "---\nkey: !!python/object/apply:os.system [ls]\n---\n"}), "不合格式"),
        ("a.zip", archive(**{"a.md": f"---\n{'[' * 5000}\n---\n"}), "不合格式"),
        ("a.zip", archive(**{"a.md": "---\nkey: a\n---\n## 心情\nx"}), "没有这个方面"),
        ("a.zip", archive(**{"a.md": "x" * 1_100_000}), "太大"),
        ("a.zip", archive(**{"a.md": "x"})[:-30], "打不开"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_good_is_told_why(name: str, data: bytes, said: str) -> None:
    assert said in told(data, name)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"key": "水"}, "第 2 行编号“水”不能作编号。用小写字母"),
        ({"key": ""}, "第 2 行编号没有填写"),
        ({"category": "天文"}, "没有“天文”这个类别。可以写：供水、"),
        ({"valid_from": "下个月"}, "“下个月”不是日期。写成 2026-01-31 这样"),
        ({"valid_from": "2026-02-30"}, "不是日期"),
        ({"valid_from": "0001-01-01"}, "1900 到 2999"),
        ({"valid_until": "1999-01-01"}, "早于有效期起"),
        ({"sources": "water｜供水条例"}, "分成了 2 段。每份文件一行，五段：编号｜名称｜发文机关｜文号｜日期"),
        ({"sources": "water｜供水条例｜国务院｜｜昨天"}, "“昨天”不是日期"),
        ({"sources": "a｜甲｜乙｜｜2026-01-01\na｜丙｜丁｜｜2026-01-01"}, "用了两次"),
        ({"downloads": "申请表"}, "“申请表”的写法不对。一条一行：名称｜网址"),
        ({"downloads": "｜https://example.org"}, "要有名称和网址"),
        ({"variants": "短信｜办理概述｜甲"}, "看不懂“短信｜办理概述”这一条。渠道可以写：微信、"),
        ({"variants": "微信｜办理概述｜甲\n微信｜办理概述｜乙"}, "写了两次"),
        ({"variants": f"微信｜办理概述｜{'长' * 8_001}"}, "有 8001 字，太长了"),
        ({"questions": "长" * 301}, "一条最多 300 字"),
        ({"key": "9-to-5"}, "不能作编号"),
        ({"title": "长" * 201}, "有 201 字，太长了。最多 200 字"),
        ({"title": "=1+1"}, "第 2 行名称是一个公式，没有计算"),
        ({"title": True}, "逻辑值"),
        ({"overview": "x" * 20_001}, "太长"),
    ],
)
def test_each_wrong_cell_is_told_with_its_row_column_and_what_would_be_right(
    changed: dict[str, Any], said: str, articles: dict[str, Article]
) -> None:
    row = row_of(articles["water-connection"], **changed)
    assert said in told(book(list(COLUMNS.values()), row), "a.xlsx")


def test_two_rows_of_one_key_and_what_stands_beyond_the_columns_are_told(
    articles: dict[str, Article],
) -> None:
    row = row_of(articles["water-connection"])
    assert "“water-connection”与第 2 行重复" in told(book(list(COLUMNS.values()), row, row), "a.xlsx")
    assert "最后一列以后" in told(book(list(COLUMNS.values()), [*row, "x"]), "a.xlsx")


def test_the_columns_that_few_articles_need_may_be_left_out(articles: dict[str, Article]) -> None:
    article = articles["water-connection"]
    kept = [number for number, field in enumerate(COLUMNS) if field not in MORE_NAMES]
    head, row = list(COLUMNS.values()), row_of(article)
    found = read(book([head[n] for n in kept], [row[n] for n in kept]), "a.xlsx")
    assert [from_content(content) for _, content in found["articles"]] == [article]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-16", "utf-8"])
def test_a_table_is_read_in_whatever_encoding_it_is_saved(
    encoding: str, articles: dict[str, Article]
) -> None:
    text = to_csv([articles["water-connection"]], CATEGORIES).decode("utf-8-sig")
    found = read(text.encode(encoding, errors="ignore"), "表.CSV")
    assert len(found["articles"]) == 1
    assert any("GBK" in note for note in found["notes"]) == encoding.startswith("gb")


def test_a_table_with_tabs_and_real_dates_is_read(articles: dict[str, Article]) -> None:
    article = articles["water-connection"]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter="\t").writerows([COLUMNS.values(), cells_of(article, CATEGORIES)])
    assert len(read(out.getvalue().encode("utf-16"), "a.csv")["articles"]) == 1
    row = row_of(article, valid_from=article.valid_from, checked_on="2026年1月5日", key="water-connection")
    found = read(book(list(COLUMNS.values()), row, [None] * 30), "a.xlsx")["articles"]
    assert found[0][1]["checked_on"] == "2026-01-05"
    assert found[0][1]["valid_from"] == article.valid_from.isoformat()


def test_a_password_is_told(articles: dict[str, Article]) -> None:
    data = bytearray(archive(**{"a.md": "x"}))
    data[6] |= 1
    place = bytes(data).index(b"PK\x01\x02")
    data[place + 8] |= 1
    assert "密码" in told(bytes(data), "a.zip")
    assert "密码" in told(bytes(data), "a.xlsx")


async def test_a_zip_bomb_is_stopped_before_it_is_unpacked() -> None:
    bomb = archive(**{f"{number}.md": bytes(30_000_000) for number in range(8)})
    assert len(bomb) < 300_000
    with pytest.raises(FileRefused, match="太大"):
        await read_aside(bomb, "a.zip")
    # One that lies about its size: the middle of the header says one byte.
    liar = bytearray(archive(**{"a.md": bytes(50_000_000)}))
    place = bytes(liar).index(b"PK\x01\x02")
    liar[place + 24 : place + 28] = (1).to_bytes(4, "little")
    with pytest.raises(FileRefused):
        await read_aside(bytes(liar), "a.zip")


async def test_a_file_that_takes_too_much_memory_or_time_is_stopped(articles: dict[str, Article]) -> None:
    data = to_csv(articles.values(), CATEGORIES)
    with pytest.raises(FileRefused, match="太多时间或内存"):
        await read_aside(data, "a.csv", Bounds(memory=30 * 1024 * 1024))
    with pytest.raises(FileRefused, match="21 MB，最多 20 MB"):
        await read_aside(bytes(20 * 1024 * 1024 + 1), "a.csv")
    found = await read_aside(data, "../../a\0b.csv")
    assert len(found["articles"]) == len(articles)


def test_what_fits_in_no_cell_is_told_when_exporting(articles: dict[str, Article]) -> None:
    from dataclasses import replace

    big = replace(articles["water-connection"], questions=tuple(f"{'长' * 200}{n}" for n in range(200)))
    with pytest.raises(FileRefused, match="CSV"):
        to_excel([big], CATEGORIES)
    assert there_and_back("a.csv", [big]) == [big]


async def test_no_more_than_two_files_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    under, most = 0, 0

    async def slowly(data: bytes, name: str, bounds: Bounds) -> dict[str, Any]:
        nonlocal under, most
        under += 1
        most = max(most, under)
        await asyncio.sleep(0.01)
        under -= 1
        return {}

    monkeypatch.setattr(aside, "_read", slowly)
    await asyncio.gather(*(aside.read_aside(b"", "a.csv") for _ in range(7)))
    assert most == 2


def test_what_an_import_warns_of_is_what_would_keep_it_from_being_published(
    articles: dict[str, Article],
) -> None:
    today = date(2026, 11, 23)
    water = articles["water-connection"]
    few = replace(water, questions=water.questions[:1])
    ended = replace(water, valid_until=date(2026, 11, 1), title="名" * 21)
    for article in (water, few, ended):
        stops = [one.text for one in problems(to_content(article), today) if one.stops]
        assert list(hints(article, today)) == list(dict.fromkeys(stops))
    assert hints(water, today) == () == hints(few, today)
    assert "失效日期已经过去" in "".join(hints(ended, today))
