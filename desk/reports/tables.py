"""Figures as tables: the same in the page, in the monthly report and in the workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.figures import Asked
from desk.ratings import LEVELS
from desk.reports.figures import Figures, share
from tickets.results import Results


@dataclass(frozen=True, slots=True)
class Table:
    """Figures under a heading. The first cell of a row names it; `note` says what the figures are."""

    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def filled(*tables: Table) -> tuple[Table, ...]:
    """Those that have rows."""
    return tuple(table for table in tables if table.rows)


def channels(found: Figures) -> Table:
    """What came by which channel."""
    names = [*found.by_channel, *(name for name in found.ticket_channels if name not in found.by_channel)]
    rows = (
        (name, str(found.by_channel.get(name, Asked()).all), str(found.ticket_channels.get(name, 0)))
        for name in names
    )
    return Table("各渠道受理情况", ("渠道", "咨询（件次）", "投诉和诉求（件）"), tuple(rows))


def days(found: Figures) -> Table:
    """What was asked on each day, and what became of it."""
    rows = (
        (f"{day.month}月{day.day}日", str(asked.answered), str(asked.clarified), str(asked.unknown))
        for day, asked in found.by_day.items()
    )
    return Table("每天的咨询", ("日期", "已答复", "请企业选择", "未能答复"), tuple(rows))


def departments(found: Figures) -> Table:
    """What each department answered, how much of it in time, and what it has in hand."""
    rows = (
        (
            name, str(one.answered.count), str(one.answered.in_time),
            share(one.answered.in_time, one.answered.count), str(one.reworked), str(one.open), str(one.overdue),
        )
        for name, one in found.departments
    )  # fmt: skip
    head = (
        "承办部门",
        "答复（件）",
        "按时答复（件）",
        "按时答复率",
        "重办（件）",
        "在办（件）",
        "超期（件）",
    )
    return Table("各部门办理情况", head, tuple(rows))


IN_TIME = (
    "按期办结率＝按期办结÷应办结。应办结：办结答复的时限在期内到期的，重办的另算一件；"
    "到期以前撤回、终止或不予受理的和中止期间的不算。按期办结：其中在时限以内答复了企业的。"
)
CALLED = (
    "解决率＝已解决÷回访到，回访满意率＝满意÷回访到。回访到：期内回访时企业答了“解决了吗”“满意吗”的工单，"
    "回访过几次的以期内最后一次为准，没有打通的不算。"
)


def results(found: Figures) -> Table:
    """What came of each department's tickets, and of all."""
    rows = [(name, *_results(one)) for name, one in found.results]
    if rows:
        rows.append(("合计", *_results(found.result)))
    head = (
        "承办部门", "应办结（件）", "按期办结（件）", "按期办结率", "回访到（件）", "已解决（件）", "解决率", "满意（件）", "回访满意率",
    )  # fmt: skip
    return Table("各部门办结和回访", head, tuple(rows), IN_TIME + CALLED)


def _results(one: Results) -> tuple[str, ...]:
    return (
        str(one.due), str(one.in_time), share(one.in_time, one.due), str(one.reached), str(one.solved),
        share(one.solved, one.reached), str(one.satisfied), share(one.satisfied, one.reached),
    )  # fmt: skip


def shares(name: str, first: str, counts: Mapping[str, int], total: int) -> Table:
    """Counts, each with its part of the total."""
    rows = tuple((of, str(count), share(count, total)) for of, count in counts.items())
    return Table(name, (first, "件数", "占比"), rows)


def most_asked(found: Figures) -> Table:
    """The articles that were the answer most often."""
    return shares("咨询最多的事项", "事项", found.most_asked, found.asked.answered)


def ratings(found: Figures) -> Table:
    """How content the enterprises were."""
    counts = {name: found.rated.levels.get(level, 0) for name, level in LEVELS.items()}
    return shares("企业评价", "等级", counts, found.rated.all)
