"""What each role may do: one table, and nothing else decides it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """What somebody works as; an account may have several."""

    AGENT = "agent"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    REVIEWER = "reviewer"
    SUPERVISOR = "supervisor"
    ARBITER = "arbiter"
    KNOWLEDGE_EDITOR = "knowledge_editor"
    KNOWLEDGE_REVIEWER = "knowledge_reviewer"
    ADMIN = "admin"
    INVITED_SUPERVISOR = "invited_supervisor"


class Permission(StrEnum):
    """One thing that somebody may do."""

    OWN_ACCOUNT = "own_account"
    CONVERSATIONS_READ = "conversations.read"
    CONVERSATIONS_ANSWER = "conversations.answer"
    # Texts that are written again and again: the own ones; everybody's.
    CANNED_REPLIES = "canned_replies"
    CANNED_REPLIES_SHARED = "canned_replies.shared"
    TICKETS_READ = "tickets.read"
    TICKETS_ACCEPT = "tickets.accept"
    TICKETS_DISPATCH = "tickets.dispatch"
    TICKETS_HANDLE = "tickets.handle"
    TICKETS_REVIEW = "tickets.review"
    TICKETS_SUPERVISE = "tickets.supervise"
    # To say whose a ticket is that departments keep returning.
    TICKETS_ARBITRATE = "tickets.arbitrate"
    # Of every department, not only of one's own.
    TICKETS_ALL_DEPARTMENTS = "tickets.all_departments"
    # Names and telephone numbers are masked; to see one is an act of its own, and in the audit log.
    PERSONAL_DATA_REVEAL = "personal_data.reveal"
    KNOWLEDGE_READ = "knowledge.read"
    KNOWLEDGE_DRAFTS = "knowledge.drafts"
    KNOWLEDGE_EDIT = "knowledge.edit"
    KNOWLEDGE_PUBLISH = "knowledge.publish"
    # To read the unanswered questions of one's own department, and write to the editors what the answer is.
    UNANSWERED_PROPOSE = "unanswered.propose"
    REPORTS_READ = "reports.read"
    DISPATCH_RULES_EDIT = "dispatch_rules.edit"
    CALENDAR_EDIT = "calendar.edit"
    OFFICERS_EDIT = "officers.edit"
    PEOPLE_MANAGE = "people.manage"
    AUDIT_READ = "audit.read"
    # To train the dialogue model, and to choose which one is used.
    MODEL_TRAIN = "model.train"
    SYSTEMS_MANAGE = "systems.manage"


ROLE_NAMES: Mapping[Role, str] = {
    Role.AGENT: "坐席",
    Role.DISPATCHER: "派单员",
    Role.HANDLER: "部门经办人",
    Role.REVIEWER: "审核人",
    Role.SUPERVISOR: "督办",
    Role.ARBITER: "裁定人",
    Role.KNOWLEDGE_EDITOR: "知识编辑",
    Role.KNOWLEDGE_REVIEWER: "知识审核",
    Role.ADMIN: "管理员",
    Role.INVITED_SUPERVISOR: "特邀监督员",
}

ROLE_DUTIES: Mapping[Role, str] = {
    Role.AGENT: "接待企业，回复对话，回访办结、转复核和重办",
    Role.DISPATCHER: "受理投诉和诉求，派单和改派，维护派单规则",
    Role.HANDLER: "办理派给本部门的工单，给分到本部门的未答问题写答复建议",
    Role.REVIEWER: "审核要发给企业的答复，退回修改；有部门的只审本部门的",
    Role.SUPERVISOR: "批准、指定办理、改派、代审答复、督办、中止、终止、复核，维护工作日历和共用的快捷回复，看审计日志",
    Role.ARBITER: "多次退单仍有争议的工单，指定承办部门",
    Role.KNOWLEDGE_EDITOR: "编写知识库文章，处理未答问题，确认训练例句",
    Role.KNOWLEDGE_REVIEWER: "审核并发布知识库文章",
    Role.ADMIN: "管理账号，维护派单规则、工作日历和共用的快捷回复，训练对话模型，对接其他系统，看审计日志；不看工单和对话",
    Role.INVITED_SUPERVISOR: "看各部门的工单，不看保密的；个人信息始终隐去，不办理",
}

_P = Permission
_EVERYBODY = frozenset({_P.OWN_ACCOUNT, _P.KNOWLEDGE_READ})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.AGENT: _EVERYBODY
    | {_P.CONVERSATIONS_READ, _P.CONVERSATIONS_ANSWER, _P.TICKETS_READ, _P.TICKETS_ALL_DEPARTMENTS}
    | {_P.PERSONAL_DATA_REVEAL, _P.CANNED_REPLIES},
    Role.DISPATCHER: _EVERYBODY
    | {_P.CONVERSATIONS_READ, _P.TICKETS_READ, _P.TICKETS_ALL_DEPARTMENTS, _P.TICKETS_ACCEPT}
    | {_P.TICKETS_DISPATCH, _P.PERSONAL_DATA_REVEAL, _P.DISPATCH_RULES_EDIT, _P.OFFICERS_EDIT},
    Role.HANDLER: _EVERYBODY
    | {_P.TICKETS_READ, _P.TICKETS_HANDLE, _P.PERSONAL_DATA_REVEAL, _P.UNANSWERED_PROPOSE},
    Role.REVIEWER: _EVERYBODY | {_P.TICKETS_READ, _P.TICKETS_REVIEW, _P.PERSONAL_DATA_REVEAL},
    Role.SUPERVISOR: _EVERYBODY
    | {_P.CONVERSATIONS_READ, _P.TICKETS_READ, _P.TICKETS_ALL_DEPARTMENTS, _P.TICKETS_SUPERVISE}
    | {_P.PERSONAL_DATA_REVEAL, _P.REPORTS_READ, _P.AUDIT_READ, _P.CALENDAR_EDIT}
    | {_P.CANNED_REPLIES, _P.CANNED_REPLIES_SHARED, _P.OFFICERS_EDIT},
    Role.ARBITER: _EVERYBODY
    | {_P.TICKETS_READ, _P.TICKETS_ALL_DEPARTMENTS, _P.TICKETS_ARBITRATE, _P.PERSONAL_DATA_REVEAL},
    Role.KNOWLEDGE_EDITOR: _EVERYBODY | {_P.KNOWLEDGE_DRAFTS, _P.KNOWLEDGE_EDIT},
    Role.KNOWLEDGE_REVIEWER: _EVERYBODY | {_P.KNOWLEDGE_DRAFTS, _P.KNOWLEDGE_PUBLISH},
    Role.ADMIN: _EVERYBODY
    | {_P.PEOPLE_MANAGE, _P.AUDIT_READ, _P.DISPATCH_RULES_EDIT, _P.CALENDAR_EDIT}
    | {_P.CANNED_REPLIES, _P.CANNED_REPLIES_SHARED, _P.MODEL_TRAIN, _P.SYSTEMS_MANAGE, _P.OFFICERS_EDIT},
    Role.INVITED_SUPERVISOR: _EVERYBODY | {_P.TICKETS_READ, _P.TICKETS_ALL_DEPARTMENTS, _P.REPORTS_READ},
}


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What an account with these roles may do."""
    return frozenset().union(*(PERMISSIONS[role] for role in roles))
