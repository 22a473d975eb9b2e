"""Articles out of the console into files and back in: shown first, all or nothing, once."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from urllib.parse import urlencode

import httpx
import pytest
from docx import Document
from sqlalchemy import func, select

from desk import article_drafts
from desk.desk import Desk
from desk.knowledge import archive
from knowledge.article import ASPECTS, Article
from knowledge.catalogue import catalogue
from knowledge.drafts import MOST_SECTION
from knowledge.errors import CardMoved
from knowledge.exchange.archive import to_zip
from knowledge.exchange.csv_file import to_csv
from knowledge.exchange.excel import to_excel
from knowledge.models import ArticleImport, Card, CardRevision, CardState
from knowledge.rows import import_articles, published, save
from staff.actors import COMMAND_LINE
from staff.models import AuditEntry
from staff.roles import Role
from tests.conftest import HANDFUL
from tests.console.visit import House, Visit, said
from tests.fakes import HandClock

CATEGORIES = catalogue().categories
WATER = "water-connection"


@pytest.fixture
async def editor(house: House, stocked_desk: Desk) -> Visit:
    """A knowledge editor, and a handful of articles."""
    return await house.member("editor", Role.KNOWLEDGE_EDITOR)


async def send(visit: Visit, name: str, data: bytes) -> httpx.Response:
    return await visit.client.post(
        "/console/exchange/import", data={"csrf": visit.csrf}, files={"file": (name, data)}
    )


async def uploaded(visit: Visit, name: str, data: bytes) -> str:
    """The address of the preview."""
    answer = await send(visit, name, data)
    assert answer.status_code == 303, said(answer) or answer.text
    return answer.headers["location"]


async def state(desk: Desk) -> tuple[int, int, list[Article]]:
    async with desk.database.read() as session:
        return (
            await session.scalar(select(func.count()).select_from(CardRevision)) or 0,
            await session.scalar(select(func.count()).select_from(ArticleImport)) or 0,
            await published(session),
        )


@pytest.mark.parametrize("format", ["xlsx", "csv", "zip"])
async def test_what_is_exported_and_brought_back_changes_nothing(format: str, editor: Visit) -> None:
    exported = await editor.get(f"/console/exchange/export?format={format}")
    assert exported.status_code == 200
    assert f'.{format}"' in exported.headers["content-disposition"]
    page = await editor.get(await uploaded(editor, f"a.{format}", exported.content))
    assert "完全一样" in page.text
    assert f"<dd>{len(HANDFUL)} 篇</dd>" in page.text


async def test_a_selection_is_exported(editor: Visit, articles: dict[str, Article]) -> None:
    of_water = (await editor.get("/console/exchange/export?format=csv&category=water")).text
    assert articles[WATER].title in of_water and articles["gas-connection"].title not in of_water
    one = (await editor.get(f"/console/exchange/export?format=csv&key={WATER}&key=never-there")).text
    assert articles[WATER].title in one and articles["water-price"].title not in one
    for query in ("format=csv&key=never-there", "category=%27", "format=exe"):
        answer = await editor.get(f"/console/exchange/export?{query}")
        assert answer.status_code == 422 and said(answer)


async def test_an_import_is_shown_first_and_kept_as_drafts(
    editor: Visit, stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    before = await state(stocked_desk)
    changed = replace(
        articles[WATER], title="用水报装（新）", questions=(*articles[WATER].questions, "新问法一条")
    )
    new = replace(articles["seal"], key="seal-new")
    where = await uploaded(editor, "改.xlsx", to_excel([changed, new, articles["water-price"]], CATEGORIES))
    page = (await editor.get(where)).text
    assert "<dd>1 篇</dd>" in page and "确认，存为 2 篇草稿" in page
    assert "<ins>新问法一条</ins>" in page and "<ins>（新）</ins>" in page
    assert f"{len(HANDFUL) - 2} 篇（保持原样，不会删除）" in page
    assert (await state(stocked_desk))[0] == before[0]

    done = await editor.follow(await editor.post(f"{where}/apply"))
    assert "2 篇文章已存为草稿" in done.text
    after = await state(stocked_desk)
    assert (after[0], after[2]) == (before[0] + 2, before[2])  # nothing of it is answered from
    await stocked_desk.library.refresh()
    assert stocked_desk.library.article("seal-new", stocked_desk.today()) is None
    async with stocked_desk.database.read() as session:
        entry = (
            await session.scalars(select(AuditEntry).where(AuditEntry.action == "articles_imported"))
        ).one()
        row = await session.get_one(Card, "seal-new")
    assert (
        entry.detail["文件"] == "改.xlsx"
        and entry.detail["篇数"] == "2"
        and len(entry.detail["SHA-256"]) == 64
    )
    assert (row.state, row.live, row.content["title"]) == (CardState.DRAFT, False, new.title)
    article = (await editor.get("/console/knowledge/articles/seal-new")).text
    assert "草稿" in article and "从文件导入" in article
    again = await editor.get(await uploaded(editor, "改.csv", to_csv([changed, new], CATEGORIES)))
    assert "完全一样" in again.text  # the drafts are what it is compared with


async def test_what_was_archived_comes_back_as_a_draft_whatever_it_says(
    editor: Visit, stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    await archive(stocked_desk, COMMAND_LINE, WATER, 1, "误下线")
    data = to_zip([articles[WATER], articles["water-price"]])
    where = await uploaded(editor, "a.zip", data)
    page = (await editor.get(where)).text
    assert "<dt>恢复为草稿</dt><dd>1 篇（已下线）</dd>" in page and "确认，存为 1 篇草稿" in page
    assert '<span class="badge soft">恢复为草稿</span>' in page
    await editor.post(f"{where}/apply")
    async with stocked_desk.database.read() as session:
        row = await session.get_one(Card, WATER)
    assert (row.state, row.live, row.revision) == (CardState.DRAFT, False, 3)
    assert "完全一样" in (await editor.get(await uploaded(editor, "a.zip", data))).text


async def test_a_second_press_changes_nothing(
    editor: Visit, stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    where = await uploaded(editor, "a.zip", to_zip([replace(articles[WATER], title="另一个名称")]))
    for _ in range(2):
        assert (await editor.post(f"{where}/apply")).headers["location"] == where
    async with stocked_desk.database.read() as session:
        numbers = await session.scalars(select(CardRevision.number).where(CardRevision.key == WATER))
        assert sorted(numbers) == [1, 2]
        entries = await session.scalars(select(AuditEntry).where(AuditEntry.action == "articles_imported"))
        assert len(entries.all()) == 1


async def test_who_comes_second_is_told_and_nothing_of_the_file_is_taken(
    editor: Visit, stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    other = replace(articles["water-price"], title="水价（改）")
    where = await uploaded(editor, "a.zip", to_zip([replace(articles[WATER], title="另一个名称"), other]))
    async with stocked_desk.database.write() as session:
        await save(
            session, replace(articles[WATER], title="别人改的"), by="somebody", at=stocked_desk.clock()
        )
    before = await state(stocked_desk)
    answer = await editor.post(f"{where}/apply")
    assert answer.status_code == 409
    assert f"有人改过这些文章：{WATER}" in said(answer)
    assert await state(stocked_desk) == before


async def test_a_preview_is_nobody_elses_and_does_not_stay(
    editor: Visit, house: House, stocked_desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    data = to_zip([replace(articles[WATER], title="另一个名称")])
    where = await uploaded(editor, "a.zip", data)
    other = await house.member("other", Role.KNOWLEDGE_EDITOR)
    for answer in (await other.get(where), await other.post(f"{where}/apply")):
        assert answer.status_code == 422 and "没有这份预览" in said(answer)
    await other.post(f"{where}/give-up")
    assert (await editor.get(where)).status_code == 200
    assert "已放弃" in (await editor.follow(await editor.post(f"{where}/give-up"))).text
    assert "没有这份预览" in said(await editor.post(f"{where}/apply"))

    late = await uploaded(editor, "a.zip", data)
    clock.now += timedelta(minutes=59)
    assert (await editor.get(late)).status_code == 200
    before = await state(stocked_desk)
    clock.now += timedelta(minutes=62)
    editor = await house.member("back", Role.KNOWLEDGE_EDITOR)
    assert "没有这份预览" in said(await editor.post(f"{late}/apply"))
    assert (await state(stocked_desk))[::2] == before[::2]
    await uploaded(editor, "a.zip", data)
    assert (await state(stocked_desk))[1] == 1  # the one that was over is gone


async def test_whatever_is_wrong_is_told_and_changes_nothing(
    editor: Visit, stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    before = await state(stocked_desk)
    bad = replace(articles[WATER], category="天文")
    answer = await send(editor, "a.csv", to_csv([articles["water-price"], bad], {}))
    assert answer.status_code == 422
    assert "第 3 行" in answer.text and "类别" in answer.text and "没有“天文”这个类别" in answer.text
    assert "另有 1 篇没有问题" in answer.text and "什么也没有改" in answer.text
    for name, data in (
        ("a.csv", b""),
        ("a.xlsx", b"PK\x03\x04 damaged"),
        ("a.exe", b"MZ"),
        ("<script>.csv", b"\xff\xff\xff"),
        ("a.csv", bytes(21 * 1024 * 1024)),
    ):
        answer = await send(editor, name, data)
        assert answer.status_code == 422
        assert "什么也没有改" in said(answer) and "<script>" not in answer.text
    empty = await editor.post("/console/exchange/import", {"file": "no file"})
    assert "请先选择一个文件" in said(empty)
    assert await state(stocked_desk) == before


@pytest.mark.parametrize("path", ["x", "0" * 32, "%00", "9" * 40, "<script>"])
async def test_a_preview_that_never_was_is_told(path: str, editor: Visit) -> None:
    for answer in (
        await editor.get(f"/console/exchange/imports/{path}"),
        await editor.post(f"/console/exchange/imports/{path}/apply"),
        await editor.post(f"/console/exchange/imports/{path}/document", {"key": "a"}),
    ):
        assert answer.status_code in (404, 422)
        assert "<script>" not in answer.text


def paper() -> bytes:
    document = Document()
    document.add_heading("城镇污水排入排水管网许可", 0)
    document.add_paragraph("向城镇排水设施排放污水的，应当申请许可。")
    for heading, text in (
        ("一、申请条件", "排放口的设置符合要求。"),
        ("二、申请材料", "排水许可申请表。"),
        ("三、办理流程和时限", "受理后二十日内作出决定。"),
        ("四、其他", "本指南自发布之日起施行。"),
    ):
        document.add_heading(heading, 1)
        document.add_paragraph(text)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


async def test_a_document_becomes_a_draft_that_a_person_completes(editor: Visit, stocked_desk: Desk) -> None:
    before = await state(stocked_desk)
    where = await uploaded(editor, "C:\\文件\\指南.docx", paper())
    page = (await editor.get(where)).text
    assert "指南.docx《城镇污水排入排水管网许可》" in page and "C:" not in page
    assert re.search(r'name="conditions"[^>]*>\n排放口的设置符合要求。<', page)
    assert re.search(r'name="materials"[^>]*>\n排水许可申请表。<', page)
    assert "请核对：标题“办理流程和时限”也像别的方面" in page
    assert "没有放进去的部分" in page and "本指南自发布之日起施行。" in page
    fields = {"overview": "向城镇排水设施排放污水，要申请许可。", "title": "排水许可", "category": "water"}
    wrong = await editor.post(f"{where}/document", fields)
    assert wrong.status_code == 422 and "没有填写" in wrong.text and "要申请许可。" in wrong.text
    taken = await editor.post(
        f"{where}/document", {**fields, "key": WATER, "valid_from": "2026-01-01", "checked_on": "2026-01-01"}
    )
    assert taken.status_code == 422 and "已经有一篇" in taken.text
    assert (await state(stocked_desk))[0] == before[0]
    whole = {**fields, "key": "drainage", "valid_from": "2026-01-01", "checked_on": "2026-11-23"}
    for _ in range(2):
        assert (await editor.post(f"{where}/document", whole)).headers["location"] == where
    after = await state(stocked_desk)
    assert (after[0], after[2]) == (before[0] + 1, before[2])
    listed = (await editor.get("/console/exchange")).text
    assert "指南.docx" in listed and "drainage" in listed


async def test_what_was_made_of_a_document_is_not_lost_with_its_file(
    editor: Visit, house: House, stocked_desk: Desk, clock: HandClock
) -> None:
    where = await uploaded(editor, "指南.docx", paper())
    clock.now += timedelta(hours=2, minutes=1)
    editor = await house.member("back", Role.KNOWLEDGE_EDITOR)
    right = "drainage｜城镇排水与污水处理条例｜国务院｜国务院令第641号｜2013-10-02"
    fields = {
        "overview": "向城镇排水设施排放污水，要申请许可。", "materials": "水" * (MOST_SECTION + 1),
        "key": "drainage", "title": "排水许可", "category": "water", "department": "城管局",
        "aliases": "排水证", "questions": "排水许可怎么办\n污水排放要不要许可", "checked_on": "2026-11-23",
        "sources": f"{right}\n只有一个名称\nx｜名称｜机关｜文号｜2013年10月2日",
    }  # fmt: skip
    page = await editor.post(f"{where}/document", fields)
    assert page.status_code == 422 and 'action="/console/knowledge/new"' in page.text
    told = said(page)
    assert "只保留两小时" in told and "点“保存草稿”" in told and f"有 {MOST_SECTION + 1} 字" in told
    for typed in (*fields.values(), "只有一个名称", "x｜名称｜机关｜文号｜2013年10月2日"):
        assert typed in page.text or typed in (fields["sources"], "water"), typed
    assert '<option value="water" selected' in page.text
    for part in right.split("｜"):
        assert f'value="{part}"' in page.text
    again = form_of(page.text) | {"csrf": editor.csrf, "action": "save"}
    answer = await editor.post("/console/knowledge/new", again)
    assert answer.headers["location"] == "/console/knowledge/articles/drainage?said=saved"
    async with stocked_desk.database.read() as session:
        content = (await session.get_one(Card, "drainage")).content
    assert content["sections"]["overview"] == fields["overview"] and content["aliases"] == ["排水证"]
    assert content["sources"][0]["number"] == "国务院令第641号"
    gone = await uploaded(editor, "指南.docx", paper())
    await editor.post(f"{gone}/give-up")
    page = await editor.post(f"{gone}/document", {"overview": "<b>写了一半"})
    assert page.status_code == 422 and "&lt;b&gt;写了一半" in page.text


async def test_what_somebody_else_was_faster_with_stays_in_the_form(
    editor: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def taken(*given: object, **named: object) -> None:
        raise CardMoved("other")

    monkeypatch.setattr(article_drafts, "keep", taken)
    where = await uploaded(editor, "指南.docx", paper())
    fields = {"overview": "要申请许可。", "key": "drainage", "title": "排水许可", "category": "water"}
    fields |= {"valid_from": "2026-01-01", "checked_on": "2026-11-23"}
    page = await editor.post(f"{where}/document", fields)
    assert page.status_code == 422 and f'action="{where}/document"' in page.text
    assert "没有存成" in said(page) and "要申请许可。" in page.text


def form_of(page: str) -> dict[str, list[str]]:
    """What a browser would send of the editor's form."""
    found: dict[str, list[str]] = {}
    form = page[page.index('<form id="editor"') :]
    form = form[: form.index("</form>")]
    for tag in re.findall(r"<input [^>]*>", form):
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        if name and "checkbox" not in tag:
            found.setdefault(name[1], []).append(unescape(value[1] if value else ""))
    for name_, text in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form, re.DOTALL):
        found[name_] = [unescape(text)]
    return found | {"category": re.findall(r'<option value="(\w+)" selected', form)}


async def test_a_document_is_not_taken_as_a_table_nor_a_table_as_a_document(
    editor: Visit, stocked_desk: Desk, articles: dict[str, Article]
) -> None:
    where = await uploaded(editor, "指南.docx", paper())
    answer = await editor.post(f"{where}/apply")
    assert answer.status_code == 422 and "填写完整" in said(answer)
    assert "排放口的设置符合要求。" in answer.text
    table = await uploaded(editor, "a.csv", to_csv([replace(articles[WATER], title="改名")], CATEGORIES))
    before = await state(stocked_desk)
    fields = {"overview": "要许可。", "key": "drainage", "title": "排水", "category": "water"}
    fields |= {"valid_from": "2026-01-01", "checked_on": "2026-01-01"}
    answer = await editor.post(f"{table}/document", fields)
    assert answer.status_code == 409 and "确认，存为草稿" in said(answer)
    assert await state(stocked_desk) == before
    assert (await editor.post(f"{table}/apply")).status_code == 303


async def test_a_long_document_is_taken_as_it_is(editor: Visit, stocked_desk: Desk) -> None:
    where = await uploaded(editor, "指南.docx", paper())
    sections: dict[str, str] = dict.fromkeys(map(str, ASPECTS), "水" * MOST_SECTION)
    fields = {**sections, "key": "drainage", "title": "排水许可", "category": "water"}
    fields |= {"valid_from": "2026-01-01", "checked_on": "2026-11-23"}
    assert len(sections) == 8 and len(urlencode(fields)) > 64_000
    assert (await editor.post(f"{where}/document", fields)).status_code == 303
    async with stocked_desk.database.read() as session:
        row = await session.get_one(Card, "drainage")
    assert row.content["sections"] == sections


async def test_many_articles_are_shown_page_by_page(editor: Visit, articles: dict[str, Article]) -> None:
    many = [replace(articles[WATER], key=f"a-{number:03}") for number in range(120)]
    where = await uploaded(editor, "a.csv", to_csv(many, CATEGORIES))
    seen: list[str] = []
    path = where
    while path:
        page = (await editor.get(path)).text
        seen += re.findall(r'<h2 id="(a-\d+)"', page)
        more = re.search(r'href="([^"]+)">后面的', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen == [article.key for article in many]


async def test_what_only_waits_is_not_overwritten_by_the_files_of_the_product(
    stocked_desk: Desk, editor: Visit, articles: dict[str, Article]
) -> None:
    where = await uploaded(editor, "a.zip", to_zip([replace(articles[WATER], title="另一个名称")]))
    await editor.post(f"{where}/apply")
    async with stocked_desk.database.write() as session:
        done = await import_articles(session, [articles[WATER]], at=stocked_desk.clock())
    assert done.same == (WATER,)
