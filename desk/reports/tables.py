"""Figures as tables: the same in the page, in the monthly report and in the workbook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conversations.figures import Asked
from desk.ratings import LEVELS
from desk.reports.figures import Figures, share
from desk.reports.served import Served
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


_CALLS = "转人工是企业要转人工的次数，转人工率＝转人工÷（咨询＋转人工）；未能答复率＝未能答复÷咨询，含企业说没有解决的。超期是现在超期的在办工单。"
_TALKS = "对话的评价不知道属于哪个，列在“未归类”。"
_SUBJECTS = (
    "咨询有文章的按文章的类别，没有文章的按对话模型有把握（不低于一半）的判断，转人工按此前一天内最后一次咨询；"
    "工单和工单的评价按工单的事项。" + _TALKS + "不能确定的都列在“未归类”，不作猜测。"
)
_OWNERS = (
    "咨询按文章的部门（有几个的按排在最前的牵头部门），没有文章的只有知识编辑已经分给部门的才算，转人工按此前一天内最后一次咨询的文章；"
    "工单和工单的评价按现在的承办部门。" + _TALKS + "不能确定的都列在“未归类”，不作猜测。"
)


def served(found: Figures) -> tuple[Table, Table, Table]:
    """How enterprises were served: by channel, by subject, by department."""
    by = found.served
    head = ("咨询", "已答复", "未能答复", "未能答复率", "转人工", "转人工率", "评价", "满意率", "超期")
    waits = tuple((name, *_served(one), str(one.waiting)) for name, one in by.channel)
    subjects, owners = (
        tuple((name, *_served(one)) for name, one in rows) for rows in (by.subject, by.department)
    )
    channel_head = ("渠道", *head, "等候人工")
    return (
        Table("各渠道服务情况", channel_head, waits, _CALLS + "评价含对话和工单的。等候人工是现在的。"),
        Table("各事项服务情况", ("事项类别", *head), subjects, _CALLS + _SUBJECTS),
        Table("各部门服务情况", ("部门", *head), owners, _CALLS + _OWNERS),
    )


def _served(one: Served) -> tuple[str, ...]:
    asked, rated = one.asked, one.rated
    return (
        str(asked.all), str(asked.answered), str(asked.unknown), share(asked.unknown, asked.all),
        str(asked.handed_over), share(asked.handed_over, asked.all + asked.handed_over),
        str(rated.all), share(rated.content, rated.all), str(one.overdue),
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
