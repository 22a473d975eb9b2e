"""What the console offers, each entry to those who may open it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from staff.actors import Actor
from staff.roles import Permission


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the navigation; `about` says on the front page what it is for; `count`: the figure that is shown beside it."""

    title: str
    path: str
    permission: Permission
    about: str
    count: str = ""


ENTRIES = (
    Entry("首页", "/console", Permission.OWN_ACCOUNT, ""),
    Entry("对话", "/console/inbox", Permission.CONVERSATIONS_READ, "接待企业：排队的、自己接的和全部对话"),
    Entry(
        "提到我的",
        "/console/mentions",
        Permission.CONVERSATIONS_READ,
        "同事在备注里提醒您的，打开以后算看过",
        count="mentions",
    ),
    Entry(
        "快捷回复",
        "/console/canned",
        Permission.CANNED_REPLIES,
        "常用的话：自己的和大家共用的，接待时一点就填好",
    ),
    Entry(
        "工单", "/console/tickets", Permission.TICKETS_READ, "投诉和诉求：受理、派单、办理、审核、回访、督办"
    ),
    Entry(
        "差评整改",
        "/console/rectifications",
        Permission.TICKETS_READ,
        "不满意和非常不满意的评价：联系、整改、审核、申诉复核",
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
    Entry(
        "知识库",
        "/console/knowledge",
        Permission.KNOWLEDGE_READ,
        "机器人据以答复的文章：查看、编写、审核、发布",
    ),
    Entry(
        "未答问题",
        "/console/unanswered",
        Permission.KNOWLEDGE_EDIT,
        "机器人没有答好的问题：分给部门、用文章答复、写新文章",
    ),
    Entry(
        "部门未答问题",
        "/console/department-questions",
        Permission.UNANSWERED_PROPOSE,
        "机器人没有答好、分给本部门的问题：告诉知识编辑正确的答复",
    ),
    Entry(
        "导入导出",
        "/console/exchange",
        Permission.KNOWLEDGE_EDIT,
        "把文章导出成表格修改，导入前先看会改什么；把文件变成文章草稿",
    ),
    Entry(
        "文章统计",
        "/console/article-statistics",
        Permission.KNOWLEDGE_READ,
        "每篇文章问了多少、解决多少、转了多少人工，哪些没人问，哪些容易混",
    ),
    Entry("答复情况", "/console/answer-rate", Permission.KNOWLEDGE_READ, "每周的问题答上多少、没答上多少"),
    Entry(
        "训练例句",
        "/console/training-examples",
        Permission.KNOWLEDGE_EDIT,
        "告诉机器人哪句话是什么意思，下次训练时学会",
    ),
    Entry("对话模型", "/console/training", Permission.MODEL_TRAIN, "用新例句训练，比较前后，启用或退回"),
    Entry("统计", "/console/reports", Permission.REPORTS_READ, "对话和工单的数字，月度工作情况通报"),
    Entry("人员", "/console/people", Permission.PEOPLE_MANAGE, "新增和停用账号，分配角色和部门，重置密码"),
    Entry(
        "系统对接",
        "/console/systems",
        Permission.SYSTEMS_MANAGE,
        "给本市其他系统的接口令牌，把工单和文章的变化推送给它们",
    ),
    Entry("审计日志", "/console/audit", Permission.AUDIT_READ, "谁在什么时候做了什么，可筛选、可导出"),
    Entry("我的账号", "/console/account", Permission.OWN_ACCOUNT, "密码、两步验证、登录过的设备"),
)


def entries_for(actor: Actor) -> Sequence[Entry]:
    """What this person may open."""
    return [entry for entry in ENTRIES if actor.may(entry.permission)]


def is_current(entry: Entry, path: str) -> bool:
    """Whether a path belongs to the entry."""
    return path == entry.path or (entry.path != "/console" and path.startswith(f"{entry.path}/"))
