"""The monthly report (工作情况通报) in the form of the city's own: what came in, of what kinds, how it was worked, cases.

Its model is 《平顶山市12345民呼必应热线工作情况通报》(pds.gov.cn, August 2023): 接听受理情况, 诉求类型分布, 案例摘登.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.reports.cases import Case, cases
from desk.reports.figures import Figures, figures, share
from desk.reports.period import Period, day_text
from desk.reports.tables import Table, channels, departments, filled, results, shares
from store.clock import city_date
from tickets import figures as worked
from tickets.states import Step

_FIRST = 3  # of the kinds that are named in the sentence


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the report."""

    heading: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()
    cases: tuple[Case, ...] = ()


@dataclass(frozen=True, slots=True)
class Bulletin:
    """The whole report; `foot` says how and when its figures were counted."""

    title: str
    period: Period
    sections: tuple[Section, ...]
    foot: str


async def bulletin(desk: Desk, session: AsyncSession, period: Period, chosen: Sequence[str]) -> Bulletin:
    """The report of a period. `chosen`: numbers of the tickets that are told as cases."""
    now = desk.clock()
    found = await figures(session, period, now=now)
    carried = await worked.open_at(session, min(period.until, now))
    told = await cases(session, period, chosen) if chosen else []
    return Bulletin(
        title=f"{desk.city.name}市企业服务工作情况通报",
        period=period,
        sections=(_received(found, carried), _kinds(found), _work(found), _told(told)),
        foot=f"数据由平台按工单和对话记录自动统计，截至 {day_text(city_date(now))}。满意率为评价为“非常满意”“满意”“基本满意”的占比，申诉成立的评价不计。",
    )


def _received(found: Figures, carried: int) -> Section:
    flow, asked, decided = found.flow, found.asked, found.flow.decided
    accepted = decided[Step.ACCEPTED] + decided[Step.DEEMED]
    sentences = [
        f"{found.period}，平台共答复企业咨询 {asked.all} 件次，涉及 {found.talks.askers} 家（户）咨询主体，"
        f"其中智能助手直接答复 {asked.answered} 件次，占 {share(asked.answered, asked.all)}；"
        f"人工接待 {found.talks.taken} 家（户）。",
        f"登记企业投诉和诉求 {flow.received} 件{_of(found.kinds)}；受理 {accepted} 件，不予受理 {decided[Step.REFUSED]} 件；"
        f"答复 {flow.answered.count} 件，办结 {flow.closed} 件，期末在办 {carried} 件。",
    ]
    if found.rated.all:
        sentences.append(
            f"收到企业评价 {found.rated.all} 条，满意率 {share(found.rated.content, found.rated.all)}。"
        )
    return Section("一、接待受理情况", tuple(sentences), filled(channels(found)))


def _kinds(found: Figures) -> Section:
    total = found.flow.received
    first = "、".join(
        f"{name} {count} 件（{share(count, total)}）"
        for name, count in islice(found.subjects.items(), _FIRST)
    )
    sentences = [f"按事项分，居前的是{first}。"] if first else ["本期没有登记投诉和诉求。"]
    if found.most_asked:
        asked = "、".join(f"“{name}”" for name in islice(found.most_asked, _FIRST))
        sentences.append(f"咨询最多的事项是{asked}。")
    tables = filled(
        shares("事项类别分布", "事项类别", found.subjects, total),
        shares("区县分布", "区县", found.districts, total),
    )
    return Section("二、诉求类型分布", tuple(sentences), tables)


def _work(found: Figures) -> Section:
    flow, standing, came = found.flow, found.standing, found.result
    sentences = [
        f"期内答复 {flow.answered.count} 件，按时答复 {flow.answered.in_time} 件，"
        f"按时答复率 {share(flow.answered.in_time, flow.answered.count)}；"
        f"企业催办 {flow.urged} 次，重办 {flow.reworked} 件。",
        f"应办结 {came.due} 件，按期办结 {came.in_time} 件，按期办结率 {share(came.in_time, came.due)}；"
        f"回访到 {came.reached} 件，已解决 {came.solved} 件，解决率 {share(came.solved, came.reached)}，"
        f"企业满意 {came.satisfied} 件，回访满意率 {share(came.satisfied, came.reached)}。",
        f"截至统计时，在办 {standing.open} 件，其中超期 {standing.overdue} 件、督办 {standing.supervised} 件。",
    ]
    return Section("三、办理质效", tuple(sentences), filled(departments(found), results(found)))


def _told(told: Sequence[Case]) -> Section:
    sentence = () if told else ("本期没有选登案例。",)
    return Section("四、案例摘登", sentence, cases=tuple(told))


def _of(kinds: Mapping[str, int]) -> str:
    parts = "、".join(f"{name} {count} 件" for name, count in kinds.items())
    return f"（{parts}）" if parts else ""
