"""The audit log: written in the transaction of the act itself, never changed, read page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from staff.actors import Actor
from staff.models import AuditEntry
from store.clock import day_begins


class Action(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_OUT = "signed_out"
    SESSION_ENDED = "session_ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    SECOND_FACTOR_SET = "second_factor_set"
    SECOND_FACTOR_REMOVED = "second_factor_removed"
    RECOVERY_CODES_RENEWED = "recovery_codes_renewed"
    ACCOUNT_ADDED = "account_added"
    ACCOUNT_CHANGED = "account_changed"
    ACCOUNT_DISABLED = "account_disabled"
    ACCOUNT_ENABLED = "account_enabled"
    ACCOUNT_UNLOCKED = "account_unlocked"
    ADDRESS_UNLOCKED = "address_unlocked"
    PASSWORD_RESET = "password_reset"  # noqa: S105
    AUDIT_EXPORTED = "audit_exported"
    REPORT_EXPORTED = "report_exported"
    THREAD_TAKEN = "thread_taken"
    THREAD_GIVEN_BACK = "thread_given_back"
    THREAD_HANDED_OVER = "thread_handed_over"
    MESSAGE_RESENT = "message_resent"
    ATTACHMENT_OPENED = "attachment_opened"
    TICKET_FILED = "ticket_filed"
    QUESTION_NOTED = "question_noted"
    CANNED_REPLY_CHANGED = "canned_reply_changed"
    PERSONAL_DATA_REVEALED = "personal_data_revealed"
    TICKET_MOVED = "ticket_moved"
    CASE_MOVED = "case_moved"
    DISPATCH_RULE_ADDED = "dispatch_rule_added"
    DISPATCH_RULE_REMOVED = "dispatch_rule_removed"
    CALENDAR_CHANGED = "calendar_changed"
    UNANSWERED_DECIDED = "unanswered_decided"
    TRAINING_EXAMPLE_CHANGED = "training_example_changed"
    TRAINING_ASKED = "training_asked"
    MODEL_CHOSEN = "model_chosen"
    API_TOKEN_MADE = "api_token_made"  # noqa: S105
    API_TOKEN_REVOKED = "api_token_revoked"  # noqa: S105
    WEBHOOK_ADDED = "webhook_added"
    WEBHOOK_CHANGED = "webhook_changed"
    WEBHOOK_SECRET_CHANGED = "webhook_secret_changed"  # noqa: S105
    WEBHOOK_SWITCHED_OFF = "webhook_switched_off"
    WEBHOOK_SWITCHED_ON = "webhook_switched_on"
    WEBHOOK_RESENT = "webhook_resent"
    ARTICLES_IMPORTED = "articles_imported"
    KNOWLEDGE_CHANGED = "knowledge_changed"
    TEST_QUESTION_CHANGED = "test_question_changed"
    OFFICER_SET = "officer_set"
    OFFICER_ENDED = "officer_ended"
    OFFICERS_IMPORTED = "officers_imported"


ACTION_NAMES: Mapping[Action, str] = {
    Action.SIGNED_IN: "登录",
    Action.SIGN_IN_FAILED: "登录失败",
    Action.SIGNED_OUT: "退出",
    Action.SESSION_ENDED: "结束登录会话",
    Action.PASSWORD_CHANGED: "修改密码",
    Action.SECOND_FACTOR_SET: "启用两步验证",
    Action.SECOND_FACTOR_REMOVED: "关闭两步验证",
    Action.RECOVERY_CODES_RENEWED: "更换恢复码",
    Action.ACCOUNT_ADDED: "新增账号",
    Action.ACCOUNT_CHANGED: "修改账号",
    Action.ACCOUNT_DISABLED: "停用账号",
    Action.ACCOUNT_ENABLED: "启用账号",
    Action.ACCOUNT_UNLOCKED: "解除登录限制",
    Action.ADDRESS_UNLOCKED: "解除地址的登录限制",
    Action.PASSWORD_RESET: "重置密码",
    Action.AUDIT_EXPORTED: "导出审计日志",
    Action.REPORT_EXPORTED: "导出报表",
    Action.THREAD_TAKEN: "接入对话",
    Action.THREAD_GIVEN_BACK: "交还机器人",
    Action.THREAD_HANDED_OVER: "转给同事",
    Action.MESSAGE_RESENT: "重发消息",
    Action.ATTACHMENT_OPENED: "打开保密工单的附件",
    Action.TICKET_FILED: "代企业登记工单",
    Action.QUESTION_NOTED: "记为待答问题",
    Action.CANNED_REPLY_CHANGED: "修改快捷回复",
    Action.PERSONAL_DATA_REVEALED: "查看个人信息",
    Action.TICKET_MOVED: "办理工单",
    Action.CASE_MOVED: "办理差评整改",
    Action.DISPATCH_RULE_ADDED: "新增派单规则",
    Action.DISPATCH_RULE_REMOVED: "删除派单规则",
    Action.CALENDAR_CHANGED: "修改日历",
    Action.UNANSWERED_DECIDED: "处理未答问题",
    Action.TRAINING_EXAMPLE_CHANGED: "维护训练例句",
    Action.TRAINING_ASKED: "训练对话模型",
    Action.MODEL_CHOSEN: "切换对话模型",
    Action.API_TOKEN_MADE: "新建接口令牌",
    Action.API_TOKEN_REVOKED: "吊销接口令牌",
    Action.WEBHOOK_ADDED: "新建推送",
    Action.WEBHOOK_CHANGED: "修改推送",
    Action.WEBHOOK_SECRET_CHANGED: "更换推送的签名密钥",
    Action.WEBHOOK_SWITCHED_OFF: "停用推送",
    Action.WEBHOOK_SWITCHED_ON: "启用推送",
    Action.WEBHOOK_RESENT: "重新推送",
    Action.ARTICLES_IMPORTED: "导入文章",
    Action.KNOWLEDGE_CHANGED: "维护知识库",
    Action.TEST_QUESTION_CHANGED: "维护测试问题",
    Action.OFFICER_SET: "设置首席服务官",
    Action.OFFICER_ENDED: "解除首席服务官",
    Action.OFFICERS_IMPORTED: "导入首席服务官",
}


@dataclass(frozen=True, slots=True)
class Target:
    """What it was done to: `Target("account", "zhang.san")`."""

    kind: str = ""
    id: str = ""


_NOTHING = Target()
TARGET_NAMES: Mapping[str, str] = {
    "account": "账号",
    "thread": "对话",
    "ticket": "工单",
    "rectification": "差评",
    "api_token": "接口令牌",
    "subscription": "推送",
    "article": "文章",
    "enterprise": "企业",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries to show: empty fields do not count. The days are the city's, both included."""

    who: str = ""
    action: str = ""
    target: str = ""
    since: date | None = None
    until: date | None = None


def record(
    session: AsyncSession,
    actor: Actor,
    action: Action,
    target: Target = _NOTHING,
    *,
    at: datetime,
    detail: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Write an entry with the transaction. `detail`: as people read it."""
    session.add(
        AuditEntry(
            at=at,
            account_id=actor.account_id,
            who=actor.username,
            address=actor.address,
            action=action,
            target_kind=target.kind,
            target=target.id,
            detail=dict(detail),
        )
    )


async def entries(
    session: AsyncSession, wanted: Wanted, *, before: int | None, limit: int
) -> Sequence[AuditEntry]:
    """The newest entries with an id below `before`, newest first."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    if wanted.who:
        query = query.where(AuditEntry.who == wanted.who)
    if wanted.action:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.target:
        query = query.where(AuditEntry.target == wanted.target)
    if wanted.since:
        query = query.where(AuditEntry.at >= day_begins(wanted.since))
    if wanted.until:
        query = query.where(AuditEntry.at < day_begins(wanted.until + timedelta(days=1)))
    return (await session.scalars(query)).all()


def action_name(action: str) -> str:
    """What people read."""
    return ACTION_NAMES[Action(action)] if action in set(Action) else action


def account(username: str) -> Target:
    """An account as what something is done to."""
    return Target("account", username)


def thread(thread_id: str) -> Target:
    """A conversation as what something is done to."""
    return Target("thread", thread_id)


def ticket(number: str) -> Target:
    """A ticket as what something is done to."""
    return Target("ticket", number)


def rectification(case_id: int) -> Target:
    """A 差评 case as what something is done to."""
    return Target("rectification", str(case_id))


def api_token(name: str) -> Target:
    """A token of another system as what something is done to."""
    return Target("api_token", name)


def subscription(name: str) -> Target:
    """A webhook subscription as what something is done to."""
    return Target("subscription", name)


def article(key: str) -> Target:
    """An article as what something is done to."""
    return Target("article", key)


def enterprise(credit_code: str) -> Target:
    """An enterprise, by its unified social credit code, as what something is done to."""
    return Target("enterprise", credit_code)


def target_name(entry: AuditEntry) -> str:
    """What people read: `账号 zhang.san`, or nothing."""
    return f"{TARGET_NAMES.get(entry.target_kind, entry.target_kind)} {entry.target}".strip()
