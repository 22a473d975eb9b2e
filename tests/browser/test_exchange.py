"""An editor takes articles out, changes a table and brings it back: on the real pages, with axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from knowledge.article import Article
from knowledge.catalogue import catalogue
from knowledge.exchange.excel import to_excel
from tests.browser.looking import DESK, pictures
from tests.browser.served_console import ServedConsole, served_console
from tests.browser.test_console import Examiner, choose_password, sign_in
from tests.conftest import ARTICLES
from tests.knowledge.test_documents import word

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedConsole]:
    """A running product with all of its articles."""
    with served_console(tmp_path_factory.mktemp("exchange"), ARTICLES) as running:
        yield running


def bring(page: Page, name: str, data: bytes) -> None:
    page.get_by_label("选择文件").set_input_files(FilePayload(name=name, mimeType=XLSX, buffer=data))
    page.get_by_role("button", name="上传并预览").click()


def test_an_editor_takes_articles_out_changes_them_and_brings_them_back(
    browser: Browser, axe: str, tmp_path: Path, served: ServedConsole, articles: dict[str, Article]
) -> None:
    # A window of its own: what the screenshots add to it would be a breach of the content policy.
    page = browser.new_page(viewport=DESK, locale="zh-CN", timezone_id="Asia/Shanghai")
    examiner = Examiner(page, axe, pictures(tmp_path))
    sign_in(page, served, "qian.shi", served.passwords["qian.shi"])
    choose_password(page)
    page.get_by_role("navigation").get_by_role("link", name="导入导出").click()
    examiner.examine("exchange")
    with page.expect_download() as taken:
        page.get_by_role("button", name="导出", exact=True).click()
    bring(page, "原样.xlsx", taken.value.path().read_bytes())
    expect(page.get_by_text("完全一样")).to_be_visible()

    page.goto(f"{served.url}/console/exchange")
    large = tmp_path / "large.csv"
    large.write_bytes(bytes(50 * 1024 * 1024))
    page.get_by_label("选择文件").set_input_files(large)
    page.get_by_role("button", name="上传并预览").click()
    expect(page.get_by_role("alert")).to_contain_text("文件有 50 MB，最多 20 MB")

    water = articles["water-connection"]
    changed = replace(
        water,
        title="企业用水报装（新）",
        questions=(*water.questions[:3], "园区里新厂房怎么接水", *water.questions[3:]),
        sections={**water.sections, "place": water.sections["place"].replace("营业网点", "营业厅")},
    )
    new = replace(articles["seal"], key="seal-loss", title="公章丢失怎么办", questions=("公章丢了怎么办",))
    page.goto(f"{served.url}/console/exchange")
    bad = to_excel([replace(changed, category="天文", key="用水")], catalogue().categories)
    bring(page, "改错了.xlsx", bad)
    expect(page.get_by_role("alert")).to_contain_text("有 2 处要改")
    examiner.examine("exchange-wrong")
    page.get_by_role("link", name="改好了，重新上传").click()
    bring(page, "报装修改.xlsx", to_excel([changed, new], catalogue().categories))
    expect(page.get_by_role("heading", level=1)).to_have_text("导入预览")
    examiner.examine("exchange-preview")
    page.get_by_role("button", name="确认，存为 2 篇草稿").click()
    expect(page.locator("main .notice")).to_contain_text("2 篇文章已存为草稿")
    examiner.examine("exchange-done")
    page.goto(f"{served.url}/articles/water-connection")
    expect(page.get_by_role("heading", level=1)).to_have_text("企业用水报装")  # a draft never shows

    page.goto(f"{served.url}/console/exchange")
    paper = word(
        ("Title", "取水许可办事指南"),
        ("Heading 1", "一、申请条件"),
        ("List Bullet", "符合用水规划和节约用水的要求。"),
        ("Heading 1", "二、流程和时限"),
        ("", "受理后作出决定。"),
        ("Heading 1", "附件"),
        ("", "表格样式。"),
    )
    bring(page, "取水许可.docx", paper)
    expect(page.get_by_label("办理条件")).to_have_value("- 符合用水规划和节约用水的要求。")
    examiner.examine("exchange-document")
    page.get_by_role("button", name="存为草稿").click()
    expect(page.get_by_role("alert")).to_contain_text("有几处要改")
    examiner.examine("exchange-document-wrong")
    page.get_by_label("编号", exact=True).fill("water-taking")
    page.get_by_label("类别").select_option("供水")
    page.get_by_role("button", name="存为草稿").click()
    expect(page.locator("main .notice")).to_contain_text("1 篇文章已存为草稿")
    page.get_by_role("navigation").get_by_role("link", name="文章统计").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("文章统计")
    examiner.examine("article-statistics")
    page.close()
