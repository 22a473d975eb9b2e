"""Groups of unanswered questions as a reader may see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from console.readable import readable
from console.routes import Console
from conversations.models import Message
from desk.belonging import Reader
from desk.desk import Desk
from desk.values import CHANNEL_NAMES
from knowledge.learning.models import AnswerWish, GroupState, UnansweredGroup, UnansweredQuestion, Why

STATE_NAMES: Mapping[GroupState, str] = {
    GroupState.OPEN: "待处理",
    GroupState.WRITING: "等文章发布",
    GroupState.ANSWERED: "已答复",
    GroupState.DISMISSED: "不予收录",
}
WHY_NAMES: Mapping[Why, str] = {
    Why.UNKNOWN: "没有答案",
    Why.CLARIFIED: "反问后没有选",
    Why.UNSOLVED: "说没有解决",
    Why.RATED: "评价不满意",
    Why.HANDED_OVER: "转了人工",
    Why.NOTED: "坐席记下",
}
_PAGE = 20
_SAMPLES = 4
_SHOWN = 50
_NEAR = 5


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list ends."""

    askers: int
    id: int

    @classmethod
    def of(cls, group: UnansweredGroup) -> Place:
        """The place of a group."""
        return cls(group.askers, group.id)

    @classmethod
    def read(cls, text: str) -> Place | None:
        """The place that an address names, if any."""
        askers, _, id_ = text.partition("_")
        if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in (askers, id_)):
            return None
        return cls(int(askers), int(id_))

    def text(self) -> str:
        """As an address names it."""
        return f"{self.askers}_{self.id}"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question as it is shown. `clean`: nothing had to be masked, so it may become an article's question."""

    id: int
    text: str
    clean: bool
    why: Why
    channel: str
    thread: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    """A group with the questions of it that the reader may see; `waiting`: people who want to be told."""

    group: UnansweredGroup
    questions: Sequence[Asked]
    waiting: int = 0

    @property
    def title(self) -> str:
        """The question that stands for it."""
        lead = next((one for one in self.questions if one.id == self.group.lead), None)
        return (lead or self.questions[0]).text

    @property
    def others(self) -> Sequence[str]:
        """Other wordings."""
        return [text for text in dict.fromkeys(one.text for one in self.questions) if text != self.title]


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list. `hidden`: groups of which the reader may see nothing; `more`, `begin`: addresses, if any."""

    lines: Sequence[Line]
    hidden: int
    more: str
    begin: str


async def page_of(
    session: AsyncSession, reader: Reader, address: str, state: GroupState, department: str, after: str
) -> Listed:
    """The groups of a state (and of a department, if named) after a place, for the list at an address."""
    place = Place.read(after)
    found = await _groups(session, state, department, place)
    groups = found[:_PAGE]
    shown = await lines(session, groups, reader)
    query = {"state": state.value, **({"department": department} if department else {})}
    further = {**query, "after": Place.of(groups[-1]).text()} if len(found) > _PAGE else None
    return Listed(
        shown,
        hidden=len(groups) - len(shown),
        more=f"{address}?{urlencode(further)}" if further else "",
        begin=f"{address}?{urlencode(query)}" if place is not None else "",
    )


async def _groups(
    session: AsyncSession, state: GroupState, department: str, after: Place | None
) -> Sequence[UnansweredGroup]:
    """A page of groups and one more, those first that most enterprises asked."""
    query = (
        select(UnansweredGroup)
        .where(UnansweredGroup.state == state)
        .order_by(UnansweredGroup.askers.desc(), UnansweredGroup.id.desc())
        .limit(_PAGE + 1)
    )
    if department:
        query = query.where(UnansweredGroup.department == department)
    if after is not None:
        query = query.where(
            or_(
                UnansweredGroup.askers < after.askers,
                and_(UnansweredGroup.askers == after.askers, UnansweredGroup.id < after.id),
            )
        )
    return (await session.scalars(query)).all()


async def lines(
    session: AsyncSession, groups: Sequence[UnansweredGroup], reader: Reader, *, samples: int = _SAMPLES
) -> list[Line]:
    """The groups of which the reader may see something."""
    rows: list[UnansweredQuestion] = []
    for group in groups:
        rows += await _questions(session, group, samples)
    messages = {
        message.id: message
        for message in await session.scalars(
            select(Message).where(Message.id.in_([row.message_id for row in rows]))
        )
    }
    read = await readable(session, list(messages.values()), reader)
    shown = []
    for group in groups:
        questions = [
            Asked(
                row.message_id, text := read.text(message), text == message.text, row.why,
                CHANNEL_NAMES.get(message.channel, message.channel), row.thread_id, row.asked_at,
            )
            for row in rows
            if row.group_id == group.id
            and (message := messages.get(row.message_id)) is not None
            and not read.closed(message)
        ]  # fmt: skip
        if questions:
            shown.append(Line(group, questions))
    return shown


async def seen_group(console: Console, reader: Reader, group_id: int) -> Line | None:
    """A group with its latest questions, if the reader may see any of them."""
    async with console.door.database.read() as session:
        group = await session.get(UnansweredGroup, group_id)
        if group is None:
            return None
        found = await lines(session, [group], reader, samples=_SHOWN)
        waiting = await session.scalar(
            select(func.count(AnswerWish.thread_id.distinct()))
            .join(UnansweredQuestion, UnansweredQuestion.message_id == AnswerWish.message_id)
            .where(UnansweredQuestion.group_id == group_id, AnswerWish.open.is_(True))
        )
    return Line(found[0].group, found[0].questions, int(waiting or 0)) if found else None


async def article_choices(desk: Desk, line: Line, q: str) -> list[tuple[str, str]]:
    """(key, title) of the articles that are likest to what is looked for, or to the group's question."""
    await desk.library.refresh()
    today = desk.today()
    if q and (named := desk.library.article(q, today)) is not None:
        return [(named.key, named.title)]
    keys = tuple(hit.key for hit in desk.library.search(q or line.title, today=today).hits[:_NEAR])
    if line.group.article and line.group.article not in keys:
        keys = (line.group.article, *keys)
    return list(desk.library.titles(keys, today).items())


async def _questions(session: AsyncSession, group: UnansweredGroup, most: int) -> list[UnansweredQuestion]:
    """The one that stands for the group, and the latest."""
    rows = await session.scalars(
        select(UnansweredQuestion)
        .where(UnansweredQuestion.group_id == group.id)
        .order_by(UnansweredQuestion.message_id.desc())
        .limit(most)
    )
    found = list(rows)
    if all(row.message_id != group.lead for row in found):
        lead = await session.get(UnansweredQuestion, group.lead)
        found = ([lead] if lead is not None else []) + found[: most - 1]
    return found
