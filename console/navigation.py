"""What the console offers, each entry to those who may open it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from staff.actors import Actor
from staff.roles import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation; `about` says on the front page what it is for."""

    title: str
    path: str
    permission: Permission
    about: str


ENTRIES = (
    Entry("首页", "/console", Permission.OWN_ACCOUNT, ""),
    Entry("对话", "/console/inbox", Permission.CONVERSATIONS_READ, "接待企业：排队的、自己接的和全部对话"),
    Entry(
        "工单", "/console/tickets", Permission.TICKETS_READ, "投诉和诉求：受理、派单、办理、审核、回访、督办"
    ),
    Entry(
        "督办",
        "/console/supervision",
        Permission.REPORTS_READ,
        "在办工单的红黄绿灯，各部门件数，超期久的在前",
    ),
    Entry(
        "首席服务官",
        "/console/officers",
        Permission.OFFICERS_EDIT,
        "重点企业由谁联系：派单先建议其部门，有诉求时通知本人",
    ),
    Entry(
        "派单规则",
        "/console/dispatch-rules",
        Permission.DISPATCH_RULES_EDIT,
        "什么事项派给哪个部门，派单时据此给出建议",
    ),
    Entry(
        "工作日历",
        "/console/calendar",
        Permission.CALENDAR_EDIT,
        "法定安排以外的上班日和休息日，办理期限据此计算",
    ),
    Entry("人员", "/console/people", Permission.PEOPLE_MANAGE, "新增和停用账号，分配角色和部门，重置密码"),
    Entry("审计日志", "/console/audit", Permission.AUDIT_READ, "谁在什么时候做了什么，可筛选、可导出"),
    Entry("我的账号", "/console/account", Permission.OWN_ACCOUNT, "密码、两步验证、登录过的设备"),
)


def entries_for(actor: Actor) -> Sequence[Entry]:
    """What this person may open."""
    return [entry for entry in ENTRIES if actor.may(entry.permission)]


def is_current(entry: Entry, path: str) -> bool:
    """Whether a path belongs to the entry."""
    return path == entry.path or (entry.path != "/console" and path.startswith(f"{entry.path}/"))
