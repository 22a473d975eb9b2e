"""The pages of figures and what is taken out of them, over a database of each kind."""

from __future__ import annotations

import io
import random
import re
from datetime import timedelta

import pytest
from docx import Document
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.demo.seed import seed
from app.demo.surroundings import Size, Surroundings
from desk.city import PINGDINGSHAN
from desk.desk import Desk
from desk.reports import word
from desk.reports.cases import cases
from desk.reports.excel import workbook
from desk.reports.figures import share
from desk.reports.period import month_before
from desk.reports.tables import Table
from knowledge.article import Article
from staff.masks import masked_enterprise
from staff.roles import Role
from store.clock import city_date
from store.workdays import ANNOUNCED
from tests.console.visit import House, Visit, said
from tests.fakes import HandClock
from tests.tickets.test_rectification import case_of, step
from tickets.limits import TimeLimits
from tickets.models import Answer, Rectification, Ticket, TicketEvent
from tickets.rectification import TRIES
from tickets.rectification_states import CaseStep
from tickets.results import results, sum_of
from tickets.states import State, Step

SIZE = Size(tickets=200, messages=1_000)


@pytest.fixture
async def seeded(desk: Desk, articles: dict[str, Article], clock: HandClock) -> Desk:
    around = Surroundings(
        PINGDINGSHAN, list(articles.values()), ANNOUNCED, TimeLimits(), clock(), random.Random(7)
    )
    await seed(desk.database, SIZE, around, lambda _: None)
    return desk


@pytest.fixture
async def visit(house: House) -> Visit:
    return await house.member("lead", Role.SUPERVISOR)


async def told(desk: Desk, number: int = 3) -> list[Ticket]:
    """Tickets closed last month whose enterprise had an answer that names it."""
    period = month_before(city_date(desk.clock()))
    async with desk.database.write() as session:
        wanted = (
            select(Ticket)
            .join(TicketEvent)
            .where(TicketEvent.step == Step.CALLED_BACK, TicketEvent.at >= period.since)
            .where(TicketEvent.at < period.until, ~Ticket.confidential)
        )
        tickets = list(await session.scalars(wanted.limit(number)))
        assert len(tickets) == number
        for ticket in tickets:
            text = f"已为{ticket.enterprise}恢复供水，并电话告知{ticket.contact}（{ticket.phone}）。"
            session.add(
                Answer(
                    ticket_id=ticket.id, text=text, drafted_by="a", drafted_at=desk.clock(), decided_by="b",
                    decided_at=desk.clock(), released=True,
                )
            )  # fmt: skip
    return tickets


async def test_the_dashboard_shows_a_table_beside_each_chart(seeded: Desk, visit: Visit) -> None:
    page = await visit.get("/console/reports?since=2026-01-01&until=2026-11-30")
    assert page.status_code == 200
    charts = page.text.count("data-chart=")
    assert charts >= 4
    assert page.text.count('data-chart="rates"') == 3
    for name in ("各渠道服务情况", "各事项服务情况", "各部门服务情况"):
        section = page.text.split(f'aria-label="{name}"')[1].split("</section>")[0]
        assert "未能答复率＝未能答复÷咨询" in section and "满意率</th>" in section
    assert page.text.count('<table class="figures">') == charts + 2  # two of departments have no chart


@pytest.mark.parametrize(
    "query",
    ["since=x", "since=2026-12-01&until=2026-01-01", "until=9999-99-99", "since=0001-01-01&until=0001-01-02"],
)
async def test_a_wrong_period_is_told_and_the_last_days_are_shown(query: str, visit: Visit) -> None:
    page = await visit.get(f"/console/reports?{query}")
    assert page.status_code == 200
    assert "日期不对" in said(page)


async def test_an_empty_house_has_figures_too(visit: Visit) -> None:
    for path in ("/console/reports", "/console/reports/bulletin"):
        page = await visit.get(path)
        assert (page.status_code == 200 and "0 件" in page.text) or "本期没有登记" in page.text, path
    for path in ("/console/reports/export", "/console/reports/bulletin/export"):
        assert (await visit.post(path)).status_code == 200


async def test_the_workbook_says_what_the_page_says(seeded: Desk, visit: Visit) -> None:
    span = {"since": "2026-09-01", "until": "2026-11-30"}
    page = await visit.get("/console/reports?since=2026-09-01&until=2026-11-30")
    answer = await visit.post("/console/reports/export", span)
    book = load_workbook(io.BytesIO(answer.content))
    overview = {row[1]: row[2] for row in book["总览"].iter_rows(min_row=2, values_only=True) if row[1]}
    shown = dict(re.findall(r"<span>(?:<a[^>]*>)?([^<]+?)(?:</a>)?</span>\s*<b>([^<]+)</b>", page.text))
    assert {name: str(figure) for name, figure in overview.items()} == shown
    departments = list(book["各部门办理情况"].iter_rows(min_row=2, values_only=True))
    assert departments
    for name, *_ in departments:
        assert f'<th scope="row">{name}</th>' in page.text
    for name in ("按期办结率", "解决率", "回访满意率"):
        assert re.fullmatch(r"\d+\.\d%", str(overview[name])), name
    for sheet, meant in (("总览", "申诉成立的评价不计"), ("各部门办结和回访", "没有打通的不算")):
        said_below = str(book[sheet].cell(book[sheet].max_row, 1).value)
        assert meant in said_below and said_below in page.text


async def test_the_bulletin_is_taken_out_as_it_is_read(seeded: Desk, visit: Visit) -> None:
    tickets = await told(seeded)
    month = f"{month_before(city_date(seeded.clock())).first:%Y-%m}"
    chosen = "&".join(f"case={one.number}" for one in tickets[:2])
    page = await visit.get(f"/console/reports/bulletin?month={month}&{chosen}")
    answer = await visit.post(
        "/console/reports/bulletin/export",
        {"month": month, "form": "word", "case": [one.number for one in tickets[:2]]},
    )
    paper = Document(io.BytesIO(answer.content))
    lines = [line.text for line in paper.paragraphs if line.text]
    assert lines[0] == "平顶山市企业服务工作情况通报"
    for line in lines:
        assert line in page.text.replace("&#34;", '"'), line
    assert sum(line.startswith("案例") for line in lines) == 2
    period = month_before(city_date(seeded.clock()))
    async with seeded.database.read() as session:
        came = sum_of((await results(session, period.since, period.until, seeded.clock())).values())
    told_of = f"应办结 {came.due} 件，按期办结 {came.in_time} 件，按期办结率 {share(came.in_time, came.due)}；回访到 {came.reached} 件"
    assert came.due and came.reached and any(told_of in line for line in lines)
    assert any(f"解决率 {share(came.solved, came.reached)}" in line for line in lines)
    assert any(f"回访满意率 {share(came.satisfied, came.reached)}" in line for line in lines)
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    assert len(cells) > 20
    assert all(f">{cell}<" in page.text for cell in cells)


async def test_no_case_tells_who_it_was(seeded: Desk, visit: Visit) -> None:
    tickets = await told(seeded)
    page = await visit.get("/console/reports/bulletin?" + "&".join(f"case={one.number}" for one in tickets))
    for one in tickets:
        for secret in (one.enterprise, one.contact, one.phone, one.phone.removeprefix("+86")):
            assert secret not in page.text
    assert "恢复供水" in page.text


async def test_a_confidential_or_cleared_matter_is_no_case(seeded: Desk, clock: HandClock) -> None:
    first, second, third = await told(seeded)
    async with seeded.database.write() as session:
        await session.execute(update(Ticket).where(Ticket.id == first.id).values(confidential=True))
        await session.execute(update(Ticket).where(Ticket.id == second.id).values(cleared_at=clock()))
    period = month_before(city_date(clock()))
    async with seeded.database.read() as session:
        numbers = [one.number for one in await cases(session, period)]
        asked_for = await cases(session, period, [first.number, second.number, third.number])
    assert third.number in numbers and not {first.number, second.number} & set(numbers)
    assert [one.number for one in asked_for] == [third.number]


@pytest.mark.parametrize("month", ["2099-01", "x", "2026-13", "0000-00", "１２"])
async def test_a_month_that_is_none_or_to_come_is_told(month: str, visit: Visit) -> None:
    page = await visit.get(f"/console/reports/bulletin?month={month}")
    assert page.status_code == 200 and "月份不对" in said(page)
    answer = await visit.post("/console/reports/bulletin/export", {"month": month})
    assert answer.status_code == 200


async def test_what_is_taken_out_is_in_the_audit_log(house: House, visit: Visit) -> None:
    await visit.post("/console/reports/bulletin/export", {"form": "excel"})
    log = await (await house.member("boss", Role.ADMIN)).get("/console/audit?action=report_exported")
    assert "导出报表" in log.text and "工作情况通报" in log.text


def test_no_cell_of_a_workbook_is_a_formula_and_no_letter_breaks_it() -> None:
    table = Table(
        "a/b:*?[x]", ("名称", "件数"), (("=1+1", "7"), ("+86", "0"), ("x\x01\x0b", "007"), ("@a", "-3"))
    )
    sheet = load_workbook(io.BytesIO(workbook([table]))).worksheets[0]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)] == [
        ["=1+1", 7], ["+86", 0], ["x", "007"], ["@a", -3],
    ]  # fmt: skip
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    paper = Document(io.BytesIO(word.table_document("标题\x00", ["共 1 件"], [table])))
    assert [cell.text for cell in paper.tables[0].rows[3].cells] == ["x", "007"]


async def test_long_periods_are_counted_too(seeded: Desk, visit: Visit, clock: HandClock) -> None:
    first, last = city_date(clock() - timedelta(days=365)), city_date(clock())
    assert (await visit.get(f"/console/reports?since={first}&until={last}")).status_code == 200


LEDGER = "/console/reports/ledger?since=2026-11-01&until=2026-11-30"


async def test_the_ledger_is_taken_out_as_it_is_read_and_tells_nobodys_name(desk: Desk, visit: Visit) -> None:
    case = await case_of(desk.database)
    async with desk.database.write() as session:
        ticket = await session.get_one(Ticket, case.ticket_id)
        phone = ticket.phone.removeprefix("+86")
        note = f"已到{ticket.enterprise}上门修好，{ticket.contact}（{phone}）确认"
    await step(desk.database, case, CaseStep.CONTACTED)
    await step(desk.database, case, CaseStep.FIXED, note=note)
    page = (await visit.get(LEDGER)).text
    assert ticket.number in page and "非常不满意" in page and "上门修好" in page and "收到差评 1 件" in page
    for name in (ticket.enterprise, ticket.contact, phone):
        assert name not in page, name
    span = {"since": "2026-11-01", "until": "2026-11-30"}
    paper = Document(io.BytesIO((await visit.post("/console/reports/ledger/export", span)).content))
    cells = [cell.text for cell in paper.tables[0].rows[1].cells]
    assert all(f">{cell}</td>" in page for cell in cells)
    book = await visit.post("/console/reports/ledger/export", {**span, "form": "excel"})
    sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
    assert [str(cell.value) for cell in sheet[2]] == cells


async def test_the_ledger_tells_nobodys_name_of_a_talk_either(desk: Desk, visit: Visit) -> None:
    case = await case_of(desk.database)
    async with desk.database.write() as session:
        ticket = await session.get_one(Ticket, case.ticket_id)
        ticket.thread_id = "t1"
        row = await session.get_one(Rectification, case.id)
        row.ticket_id, row.thread_id = None, "t1"
        row.comment = f"{ticket.contact}打了三次没人接，{ticket.enterprise}很失望"
    page = (await visit.get(LEDGER)).text
    assert "打了三次没人接" in page and ticket.contact not in page and ticket.enterprise not in page


async def test_the_ledger_says_what_the_last_call_back_came_to(desk: Desk, visit: Visit) -> None:
    case = await case_of(desk.database)
    assert "未解决" not in (await visit.get(LEDGER)).text
    async with desk.database.write() as session:
        for step_, solved in ((Step.REWORKED, False), (Step.CALLED_BACK, True), (Step.CALL_TRIED, None)):
            after = State.CLOSED if solved else State.WORKING
            satisfied = None if solved is None else not solved
            session.add(
                TicketEvent(
                    ticket_id=case.ticket_id, step=step_, by="a", before=State.CALL_BACK, after=after, at=case.rated_at,
                    solved=solved, satisfied=satisfied,
                )
            )  # fmt: skip
    page = (await visit.get(LEDGER)).text
    assert ">回访结果</th>" in page
    assert page.count(">已解决，不满意</td>") == 1 and "未解决" not in page
    span = {"since": "2026-11-01", "until": "2026-11-30", "form": "excel"}
    book = await visit.post("/console/reports/ledger/export", span)
    sheet = load_workbook(io.BytesIO(book.content)).worksheets[0]
    assert [row[-1] for row in sheet.iter_rows(values_only=True)] == ["回访结果", "已解决，不满意"]


async def test_who_was_never_reached_is_not_counted_as_reached_in_time(desk: Desk, visit: Visit) -> None:
    case = await case_of(desk.database)
    for number in range(TRIES):
        await step(desk.database, case, CaseStep.TRIED, hours=2 * number)
    await step(desk.database, case, CaseStep.UNREACHED, hours=6)
    page = (await visit.get(LEDGER)).text
    assert ">未联系上</td>" in page and "按时联系 0 件" in page


async def test_of_a_confidential_matter_the_ledger_says_only_what_it_was_about(
    desk: Desk, visit: Visit
) -> None:
    case = await case_of(desk.database)
    async with desk.database.write() as session:
        ticket = await session.get_one(Ticket, case.ticket_id)
        ticket.confidential = True
        row = await session.get_one(Rectification, case.id)
        row.comment = "经办人王某态度差"
    page = (await visit.get(LEDGER)).text
    assert ticket.subject in page and "（保密）" in page
    assert "态度差" not in page and masked_enterprise(ticket.enterprise) not in page


async def test_a_month_without_bad_ratings_has_a_ledger_too(visit: Visit) -> None:
    page = await visit.get("/console/reports/ledger?since=2020-01-01&until=2020-01-31")
    assert "没有“不满意”和“非常不满意”的评价" in page.text
    for form in ("word", "excel"):
        answer = await visit.post("/console/reports/ledger/export", {"since": "x", "form": form})
        assert answer.status_code == 200
    assert "日期不对" in said(await visit.get("/console/reports/ledger?since=2026-13-01"))
