"""What members of staff are told beside their work: each once for one occasion, read or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from staff.models import Notice, NoticeKind, NoticeMark
from store.inserts import insert_into

KEPT_FOR = timedelta(days=180)
KIND_NAMES = {
    NoticeKind.OFFICER: "服务企业",
    NoticeKind.DISPATCHED: "派单",
    NoticeKind.BACK: "退回",
    NoticeKind.URGED: "催办",
    NoticeKind.DUE: "即将到期",
    NoticeKind.OVERDUE: "超期",
    NoticeKind.ESCALATED: "部门超期",
    NoticeKind.SUPERVISED: "督办",
    NoticeKind.APPROVAL: "待批准",
    NoticeKind.REVIEW: "待审核",
    NoticeKind.WAITING: "等待接入",
    NoticeKind.MENTION: "提到您",
    NoticeKind.HANDED_OVER: "转给您",
    NoticeKind.EXPIRING: "知识到期",
    NoticeKind.QUESTIONS: "未答问题",
    NoticeKind.UNCHECKED: "知识核对",
    NoticeKind.RETURNED: "未按时发布",
    NoticeKind.ARTICLE: "知识待审核",
    NoticeKind.ARTICLE_BACK: "知识退回",
    NoticeKind.ARTICLE_PASSED: "知识通过",
    NoticeKind.SUBMITTED: "待受理",
    NoticeKind.DECLINED: "退单",
    NoticeKind.SUPPLEMENTED: "补充",
    NoticeKind.STOPPED: "办理变动",
    NoticeKind.DECIDED: "审批结果",
    NoticeKind.CASE: "差评",
    NoticeKind.AGAIN: "追评差评",
    NoticeKind.REEXAMINE: "待复核",
}
GRAVE = frozenset({NoticeKind.OVERDUE, NoticeKind.ESCALATED, NoticeKind.SUPERVISED})
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Telling:
    """What one account is to be told. `occasion`: by it a repetition is known; `ticket`: its number; `article`: its key;
    `question_group`: of unanswered questions; `rectification`: the case of a bad rating."""

    account: str
    kind: NoticeKind
    occasion: str
    text: str
    ticket: str | None = None
    thread_id: str | None = None
    article: str | None = None
    question_group: int | None = None
    rectification: int | None = None

    @property
    def key(self) -> tuple[str, NoticeKind, str]:
        """What is told only once."""
        return self.occasion, self.kind, self.account


async def untold(session: AsyncSession, tellings: Iterable[Telling]) -> list[Telling]:
    """Those of them that nobody has told yet, each once."""
    wanted = {telling.key: telling for telling in tellings}
    occasions = sorted({occasion for occasion, _, _ in wanted})
    known: set[tuple[str, NoticeKind, str]] = set()
    for start in range(0, len(occasions), _AT_ONCE):
        rows = await session.execute(
            select(Notice.occasion, Notice.kind, Notice.account_id).where(
                Notice.occasion.in_(occasions[start : start + _AT_ONCE])
            )
        )
        known |= {(row[0], row[1], row[2]) for row in rows}
    return [telling for key, telling in wanted.items() if key not in known]


async def tell(session: AsyncSession, tellings: Sequence[Telling], at: datetime) -> int:
    """Write them down; how many there were. What another process has told at this moment is left out."""
    count = 0
    # In one order for everybody: of two processes neither waits for the other's second row.
    ordered = sorted(tellings, key=lambda telling: telling.key)
    for start in range(0, len(ordered), _AT_ONCE):
        rows = [
            {
                "account_id": one.account,
                "kind": one.kind,
                "occasion": one.occasion,
                "ticket": one.ticket,
                "thread_id": one.thread_id,
                "article": one.article,
                "question_group": one.question_group,
                "rectification": one.rectification,
                "text": one.text,
                "created_at": at,
            }
            for one in ordered[start : start + _AT_ONCE]
        ]
        statement = insert_into(session, Notice).values(rows).on_conflict_do_nothing().returning(Notice.id)
        count += len((await session.scalars(statement)).all())
    return count


async def unread(session: AsyncSession, account: str) -> int:
    """How many an account has not read."""
    return (
        await session.scalar(
            select(func.count()).where(Notice.account_id == account, Notice.read_at.is_(None))
        )
        or 0
    )


async def page(
    session: AsyncSession, account: str, *, only_unread: bool, before: int | None, limit: int
) -> Sequence[Notice]:
    """An account's notices, the newest first."""
    statement = select(Notice).where(Notice.account_id == account).order_by(Notice.id.desc()).limit(limit)
    if only_unread:
        statement = statement.where(Notice.read_at.is_(None))
    if before is not None:
        statement = statement.where(Notice.id < before)
    return (await session.scalars(statement)).all()


async def read(session: AsyncSession, account: str, notice_id: int, at: datetime) -> Notice | None:
    """Mark one of an account's notices as read; None where it has none such."""
    notice = await session.scalar(select(Notice).where(Notice.id == notice_id, Notice.account_id == account))
    if notice is not None and notice.read_at is None:
        notice.read_at = at
    return notice


async def read_all(session: AsyncSession, account: str, up_to: int, at: datetime) -> None:
    """Mark those as read that were there when the page was shown."""
    await _mark_read(session, at, Notice.account_id == account, Notice.id <= up_to)


async def settle(session: AsyncSession, ids: Collection[int], at: datetime) -> None:
    """Mark those as read about which nothing is left to be done."""
    wanted = sorted(ids)
    for start in range(0, len(wanted), _AT_ONCE):
        await _mark_read(session, at, Notice.id.in_(wanted[start : start + _AT_ONCE]))


async def newest(session: AsyncSession) -> int:
    """The id of the newest notice of all."""
    return await session.scalar(select(func.max(Notice.id))) or 0


async def clear(session: AsyncSession, now: datetime) -> None:
    """Delete what is old."""
    await session.execute(delete(Notice).where(Notice.created_at < now - KEPT_FOR))


async def mark_of(session: AsyncSession, source: str) -> int:
    """Up to which row of a table staff have been told."""
    return await session.scalar(select(NoticeMark.last).where(NoticeMark.source == source)) or 0


async def set_mark(session: AsyncSession, source: str, last: int) -> None:
    """Staff have been told up to that row; never goes back."""
    statement = insert_into(session, NoticeMark).values(source=source, last=last)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[NoticeMark.source], set_={"last": last}, where=NoticeMark.last < last
        )
    )


def told(occasion: ColumnElement[str], kind: NoticeKind | None = None) -> ColumnElement[bool]:
    """Whether anybody was told of an occasion, as a condition."""
    which = [Notice.kind == kind] if kind else []
    return exists().where(Notice.occasion == occasion, *which)


async def _mark_read(session: AsyncSession, at: datetime, *which: ColumnElement[bool]) -> None:
    await session.execute(
        update(Notice)
        .where(*which, Notice.read_at.is_(None))
        .values(read_at=at)
        .execution_options(synchronize_session=False)
    )
