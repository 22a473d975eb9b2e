"""Files to download with an article: what is taken, who gets it when, and what is said of it everywhere."""

from __future__ import annotations

import os
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select

from connectors.web.articles import article_router
from console.knowledge_files import UPLOAD_PATH
from console.router import console_router
from desk.articles import article_reply
from desk.delivery import Jitter
from desk.desk import AttachmentLimits, Desk
from desk.fetching import Fetcher
from desk.knowledge import clear_traces, give_up, save_draft
from desk.ports import Fetching, FetchResult, Gone, Scan, Verdict
from knowledge.article import Article, Download
from knowledge.autosaves import autosave
from knowledge.check import MAX_REPLY_BYTES
from knowledge.markdown import dump, parse
from knowledge.models import ArticleFile
from knowledge.rows import archive, import_articles, save, to_content
from staff.actors import COMMAND_LINE
from staff.roles import Role
from store.files import Files
from tests.console.visit import House, Visit
from tests.fakes import HandClock
from tests.files_sent import EXE, PDF, RAR, compound, docx, zipped

KEY = "water-connection"
HTML = b"<!doctype html><script>alert(1)</script>"


def odt(*more: str) -> bytes:
    """A text of OpenDocument, with more members."""
    written = BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive_:
        for name in ("mimetype", "content.xml", *more):
            content = b"application/vnd.oasis.opendocument.text" if name == "mimetype" else b"x"
            archive_.writestr(name, content)
    return written.getvalue()


class NoChannel:
    """A channel that gives nothing."""

    name = "none"

    async def fetch(self, source: str, most_bytes: int) -> FetchResult:
        return Gone("")


@pytest.fixture
async def editor(house: House, stocked_desk: Desk) -> Visit:
    """An editor of a desk with articles."""
    return await house.member("bian", Role.KNOWLEDGE_EDITOR)


@pytest.fixture
async def public(stocked_desk: Desk, files: Files) -> AsyncIterator[httpx.AsyncClient]:
    """Anybody on the internet."""
    app = FastAPI()
    app.include_router(article_router(stocked_desk, "https://qifu.example.cn", files))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page") as client:
        yield client


async def sent(visit: Visit, name: str, data: bytes, key: str = KEY) -> httpx.Response:
    return await visit.client.post(
        f"{UPLOAD_PATH}{key}", data={"csrf": visit.csrf}, files={"file": (name, data)}
    )


async def carried(desk: Desk, article: Article, *downloads: Download) -> Article:
    """The article, published with these."""
    found = replace(article, downloads=downloads)
    async with desk.database.write() as session:
        await save(session, found, by="editor", at=desk.clock())
    return found


@pytest.mark.parametrize(
    ("name", "data", "title", "ending"),
    [
        ("用水申请表.pdf", PDF, "用水申请表", ".pdf"),
        ("用水申请表.exe", PDF, "用水申请表.exe", ".pdf"),
        ("../../form 1.docx", docx(), "form 1", "/form-1.docx"),
        ("表.doc", compound(["WordDocument"]), "表", "/file.doc"),
        ("表.wps", compound(["WordDocument"]), "表", "/file.wps"),
        ("表.xls", compound(["Workbook"]), "表", "/file.xls"),
        ("表.xlsx", zipped("[Content_Types].xml", "xl/workbook.xml"), "表", "/file.xlsx"),
        ("表.odt", odt(), "表", "/file.odt"),
        ("", PDF, "", ""),
    ],
)
async def test_a_form_is_taken_by_its_content_and_named_by_it(
    editor: Visit, files: Files, name: str, data: bytes, title: str, ending: str
) -> None:
    answer = await sent(editor, name, data)
    if not name:
        assert answer.status_code == 422 and "请先选择" in answer.text
        return
    told = answer.json()
    assert answer.status_code == 200, told
    assert told["title"] == title and told["link"].endswith(ending) and told["link"].isascii()
    assert len(list(files)) == 1


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("空.pdf", b"", "文件是空的"),
        ("表.doc", HTML, "不在其中"),
        ("表.pdf", HTML, "不在其中"),
        ("表.txt", b"plain text", "只收 PDF"),
        ("表.docx", EXE, "不在其中"),
        ("表.zip", zipped("a.txt"), "压缩包"),
        ("表.pdf", RAR, "压缩包"),
        ("表.docx", docx("word/vbaProject.bin"), "宏"),
        ("表.odt", odt("Basic/Standard/Module1.xml"), "宏"),
        ("表.odt", odt()[:-30], "损坏"),
        ("表.pdf", PDF + bytes(3000), "超过了"),
    ],
)
async def test_everything_else_is_refused_with_a_reason_and_leaves_nothing(
    house: House, stocked_desk: Desk, files: Files, name: str, data: bytes, why: str
) -> None:
    small = replace(stocked_desk, attachments=AttachmentLimits(most_bytes=2_000))
    app = FastAPI()
    app.include_router(console_router(small, house.door, secure=False, files=files))
    editor = await House(app, house.door).member("bian", Role.KNOWLEDGE_EDITOR)
    answer = await sent(editor, name, data)
    assert answer.status_code == 422 and why in answer.json()["problem"]
    assert list(files) == []


async def test_only_editors_upload_and_only_to_an_article_that_there_is(
    house: House, editor: Visit, files: Files
) -> None:
    assert (await sent(editor, "表.pdf", PDF, "never-there")).status_code == 422
    agent = await house.member("zuo", Role.AGENT)
    assert (await sent(agent, "表.pdf", PDF)).status_code == 403
    editor.csrf = "0" * 32
    assert (await sent(editor, "表.pdf", PDF)).status_code == 403
    assert len(list(files)) == 1  # written before its row: swept later


@pytest.mark.parametrize("verdict", list(Verdict))
async def test_what_the_scanner_does_not_find_clean_is_not_kept(
    house: House, stocked_desk: Desk, files: Files, verdict: Verdict
) -> None:
    async def scan(file: Path) -> Verdict:
        assert file.read_bytes() == PDF
        return verdict

    scanner: Scan = scan
    app = FastAPI()
    app.include_router(console_router(stocked_desk, house.door, secure=False, files=files, scan=scanner))
    editor = await House(app, house.door).member("bian", Role.KNOWLEDGE_EDITOR)
    answer = await sent(editor, "表.pdf", PDF)
    assert (answer.status_code == 200) is (verdict is Verdict.CLEAN) is bool(list(files))


async def test_the_public_gets_a_file_only_while_an_article_in_force_carries_it(
    editor: Visit, house: House, public: httpx.AsyncClient, stocked_desk: Desk, articles: dict[str, Article],
    clock: HandClock,
) -> None:  # fmt: skip
    told = (await sent(editor, "用水申请表.pdf", PDF)).json()
    link, one = told["link"], Download(told["title"], told["link"])
    assert (await public.get(link)).status_code == 404  # of a draft at best
    own = await editor.get(f"{UPLOAD_PATH}{link.split('/')[3]}")
    assert own.content == PDF and own.headers["x-content-type-options"] == "nosniff"
    agent = await house.member("zuo", Role.AGENT)
    assert (await agent.get(f"{UPLOAD_PATH}{link.split('/')[3]}")).status_code == 403

    live = await carried(stocked_desk, articles[KEY], one)
    got = await public.get(link)
    assert got.status_code == 200 and got.content == PDF
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%94%A8")
    assert (
        got.headers["x-content-type-options"] == "nosniff"
        and "sandbox" in got.headers["content-security-policy"]
    )
    assert (await public.get(link.replace("file.pdf", "file.exe"))).status_code == 404
    assert (await public.get(link.replace(link.split("/")[3], "0" * 32))).status_code == 404

    await carried(stocked_desk, replace(live, valid_until=clock().date()), one)
    assert (await public.get(link)).status_code == 200
    clock.advance(timedelta(days=1))
    assert (await public.get(link)).status_code == 404  # expired
    await carried(stocked_desk, articles[KEY], one)
    assert (await public.get(link)).status_code == 200
    async with stocked_desk.database.write() as session:
        await archive(session, KEY, by="reviewer", at=clock())
    assert (await public.get(link)).status_code == 404
    await carried(stocked_desk, articles[KEY])
    assert (await public.get(link)).status_code == 404  # the article is back without it


async def test_a_file_of_an_article_is_not_swept_and_one_of_nobody_is(
    editor: Visit, stocked_desk: Desk, files: Files
) -> None:
    assert (await sent(editor, "表.pdf", PDF)).status_code == 200
    (kept,) = list(files)
    files.put("0" * 32, b"of nobody")
    for key in files:
        os.utime(files.path(key), (0, 0))
    channel: Fetching = NoChannel()
    jitter: Jitter = lambda: 1.0  # noqa: E731
    fetcher = Fetcher(stocked_desk, channel, files, None, jitter)
    await fetcher.sweep(before=datetime.fromtimestamp(1, tz=stocked_desk.clock().tzinfo))
    assert list(files) == [kept]


async def test_only_a_file_that_nothing_has_named_for_long_is_cleared(
    editor: Visit, stocked_desk: Desk, files: Files, articles: dict[str, Article], clock: HandClock
) -> None:
    desk = stocked_desk
    links = {
        what: Download(what, (await sent(editor, f"{what}.pdf", PDF + what.encode())).json()["link"])
        for what in ("published", "before", "given-up", "draft", "unsaved", "nobody", "lately")
    }
    gas, water = articles["gas-connection"], articles[KEY]
    await carried(desk, water, links["before"])
    await carried(desk, water, links["published"])
    await save_draft(desk, COMMAND_LINE, gas.key, to_content(replace(gas, downloads=(links["given-up"],))))
    await give_up(desk, COMMAND_LINE, gas.key, 2)
    await save_draft(desk, COMMAND_LINE, gas.key, to_content(replace(gas, downloads=(links["draft"],))))

    async def kept() -> set[str]:
        await clear_traces(desk, files)
        async with desk.database.read() as session:
            rows = (await session.scalars(select(ArticleFile))).all()
        assert set(files) == {row.key for row in rows}
        return {row.name.removesuffix(".pdf") for row in rows}

    assert await kept() == set(links)
    clock.advance(timedelta(days=60))
    async with desk.database.write() as session:
        unsaved = to_content(replace(gas, downloads=(links["unsaved"],)))
        await autosave(session, gas.key, "bian", unsaved, base=1, at=clock())
        row = (await session.scalars(select(ArticleFile).where(ArticleFile.name == "lately.pdf"))).one()
        row.at = clock()
    clock.advance(timedelta(days=29, hours=23))
    assert await kept() == set(links)
    clock.advance(timedelta(hours=2))
    assert await kept() == set(links) - {"nobody"}
    clock.advance(timedelta(days=61))
    assert await kept() == {"published", "before", "given-up", "draft"}


async def test_downloads_and_sources_are_linked_on_the_pages(
    editor: Visit, public: httpx.AsyncClient, stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    told = (await sent(editor, "用水申请表.pdf", PDF)).json()
    official = Download("官网的表", "https://www.gov.cn/form")
    bad = Download("坏的", "javascript:alert(1)")
    source = replace(articles[KEY].sources[0], link="https://www.gov.cn/law")
    article = replace(articles[KEY], sources=(source, *articles[KEY].sources[1:]))
    await carried(stocked_desk, article, Download(told["title"], told["link"]), official, bad)
    shown = (await public.get(f"/articles/{KEY}")).text
    for link in (told["link"], official.link, source.link):
        assert f'href="{link}"' in shown
    assert "javascript:" not in shown
    console = (await editor.get(f"/console/knowledge/articles/{KEY}")).text
    assert f'href="{UPLOAD_PATH}{told["link"].split("/")[3]}"' in console and official.link in console
    assert "javascript:" not in console


def test_the_answer_names_the_downloads_once_and_within_what_a_channel_takes(
    articles: dict[str, Article],
) -> None:
    own = Download("用水申请表", f"/articles/files/{'a' * 32}/form.pdf")
    official = Download("委托书", "https://www.gov.cn/form")
    article = replace(articles[KEY], downloads=(own, official))
    root = "https://qifu.example.cn"
    materials = article_reply(article, "materials", root=root).text
    assert f"可下载：用水申请表 {root}{own.link}\n委托书 {official.link}\n\n依据：" in materials
    assert "可下载" not in article_reply(article, "overview", root=root).text
    assert own.link not in article_reply(article, "materials").text  # nobody could follow it
    assert official.link in article_reply(article, "materials").text
    bare = replace(article, sections={"overview": article.sections["overview"]})
    assert official.link in article_reply(bare, "overview", root=root).text

    long = replace(article, sections={**article.sections, "materials": "材料" * 250})
    many = replace(long, downloads=tuple(Download(f"第{n}张表", official.link) for n in range(9)))
    said = article_reply(many, "materials", root=root).text
    assert (
        f"\n有 9 份表格可下载：{root}/articles/{KEY}\n\n核对日期" in said
        and len(said.encode()) <= MAX_REPLY_BYTES
    )
    full = replace(many, sections={**article.sections, "materials": "材料" * 310})
    assert len(article_reply(full, "materials", root=root).text.encode()) <= MAX_REPLY_BYTES


async def test_a_link_of_ours_outlives_export_and_import(desk: Desk, articles: dict[str, Article]) -> None:
    own = replace(articles[KEY], downloads=(Download("表", f"/articles/files/{'a' * 32}/form.pdf"),))
    assert parse(dump(own), where="test") == own
    async with desk.database.write() as session:
        await import_articles(session, [own], at=desk.clock())
    await desk.library.refresh()
    assert desk.library.article(KEY, desk.today()) == own
