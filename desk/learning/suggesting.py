"""Similar questions suggested for an article: what enterprises lately asked that fell near it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Message, Person, Question, Thread
from conversations.questions import Asked, lately_unsure, picked_after, texts_of
from desk.belonging import matters
from desk.desk import Desk
from desk.learning.wording import LONGEST_QUESTION
from knowledge.drafts import Content
from knowledge.learning.likeness import Likeness
from knowledge.learning.models import DeclinedSuggestion, GroupState, UnansweredGroup, UnansweredQuestion
from knowledge.library import Library
from knowledge.search.text import normalise
from staff.actors import Actor
from staff.masks import masked_text
from tickets.lists import names_of

MOST = 20
MOST_DIGESTS = 50
_LATELY = timedelta(days=90)
_READ = 3_000  # questions that are looked at, the latest,
_GROUPS = 100  # and groups of unanswered ones, those that most enterprises asked
_KEPT = 400  # of what is near, so many are looked at in full
_SHORTEST = 4  # letters; what is shorter names no matter
_SHORTEST_NAME = 2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A wording that the article does not have. `askers`: enterprises that asked it or the like; `digests`: of all that
    it stands for, to decline them."""

    text: str
    askers: int
    last_asked: datetime
    digests: tuple[str, ...]


async def suggestions(desk: Desk, key: str, content: Content) -> list[Suggestion]:
    """What may become a similar question of the article as it is written now, the widest asked first.

    Nothing of forms and tickets is among them, and nothing in which anything would have to be masked.
    """
    await desk.library.refresh()
    words = [content["title"], *content["aliases"], *content["questions"]]
    async with desk.database.read() as session:
        found = await lately_unsure(session, desk.clock() - _LATELY, _READ)
        leads = await _leads(session)
        declined = set(
            await session.scalars(select(DeclinedSuggestion.digest).where(DeclinedSuggestion.article == key))
        )
    near, groups = await asyncio.to_thread(_near, desk, key, words, found, leads)
    async with desk.database.read() as session:
        near += await _of_groups(session, groups, desk.clock() - _LATELY)
        picked = await picked_after(session, [one.question for one in near])
        near = [one for one in near if picked.get(one.question.message_id, key) == key]
        clean = await _clean(session, near)
    return await asyncio.to_thread(_ranked, desk.library, key, words, clean, declined)


async def decline(desk: Desk, member: Actor, key: str, digests: Collection[str]) -> None:
    """Suggest these for the article no more. Declined again, it changes nothing; what is no digest is left out."""
    given = [digest for digest in dict.fromkeys(digests) if len(digest) == _DIGEST][:MOST_DIGESTS]
    async with desk.database.write() as session:
        for digest in given:
            if await session.get(DeclinedSuggestion, (key, digest)) is None:
                row = DeclinedSuggestion(article=key, digest=digest, by=member.username, at=desk.clock())
                session.add(row)


_DIGEST = 32


def digest_of(text: str) -> str:
    """What is kept of a question that was declined: by it the same words are known again, and nobody can read them."""
    return hashlib.sha256(normalise(text).encode()).hexdigest()[:_DIGEST]


def _near(
    desk: Desk, key: str, words: Sequence[str], found: Sequence[Asked], leads: Mapping[int, str]
) -> tuple[list[Asked], list[int]]:
    """The questions that were near the article: it was among the offered, or their words are like its own. And the groups
    that are, for which the search is asked, too."""
    like = Likeness()
    for number, text in enumerate(words):
        like.add(number, text)
    alike: dict[str, bool] = {}  # many ask in the same words

    def is_near(text: str) -> bool:
        plain = normalise(text)
        if plain not in alike:
            alike[plain] = like.nearest(plain) is not None
        return alike[plain]

    near = [one for one in found if key in one.question.options or is_near(one.question.text)]
    today = desk.today()
    groups = [group for group, text in leads.items() if is_near(text) or _finds(desk, key, text, today)]
    return near[:_KEPT], groups


def _finds(desk: Desk, key: str, text: str, today: date) -> bool:
    hits = desk.library.search(text, today=today).hits
    return any(hit.key == key and hit.confidence >= desk.calibration.clarify_at for hit in hits)


async def _leads(session: AsyncSession) -> dict[int, str]:
    """Group -> the question that stands for it, of those that nobody has seen to."""
    rows = await session.execute(
        select(UnansweredGroup.id, UnansweredGroup.lead)
        .where(UnansweredGroup.state == GroupState.OPEN)
        .order_by(UnansweredGroup.askers.desc(), UnansweredGroup.id.desc())
        .limit(_GROUPS)
    )
    leads: dict[int, int] = {row[0]: row[1] for row in rows}
    texts = await texts_of(session, leads.values())
    return {group: texts[lead] for group, lead in leads.items() if lead in texts}


async def _of_groups(session: AsyncSession, groups: Sequence[int], since: datetime) -> list[Asked]:
    if not groups:
        return []
    rows = await session.execute(
        select(Question, func.coalesce(Person.circle, Person.id))
        .join(UnansweredQuestion, UnansweredQuestion.message_id == Question.message_id)
        .join(Thread, Thread.id == Question.thread_id)
        .join(Person, Person.id == Thread.person_id)
        .where(UnansweredQuestion.group_id.in_(groups), UnansweredQuestion.asked_at >= since)
        .order_by(Question.message_id.desc())
        .limit(_KEPT)
    )
    return [Asked(row[0], row[1]) for row in rows]


async def _clean(session: AsyncSession, near: Iterable[Asked]) -> list[Asked]:
    """Those that belong to no form and no ticket, and tell of no person and no enterprise. Each once."""
    by_id = {one.question.message_id: one for one in near}
    messages = (await session.scalars(select(Message).where(Message.id.in_(by_id)))).all()
    of_matters = await matters(session, messages)
    names = await names_of(session, {message.thread_id for message in messages})
    found = []
    for id, one in sorted(by_id.items()):
        told = [name for name in names.get(one.question.thread_id, ()) if len(name) >= _SHORTEST_NAME]
        matter = of_matters.get(id)
        closed = matter is not None and bool(matter.forms or matter.tickets)
        if not closed and masked_text(one.question.text, told) == one.question.text:
            found.append(one)
    return found


def _ranked(
    library: Library, key: str, words: Sequence[str], clean: Sequence[Asked], declined: Collection[str]
) -> list[Suggestion]:
    """Together what means the same, each in the words that most enterprises used."""
    known = {normalise(text) for text in words}
    if live := library.held().get(key):
        known |= {normalise(text) for text in (live.title, *live.aliases, *live.questions)}
    others = {text for other in library.held().values() if other.key != key for text in other.questions}
    by_words: dict[str, list[Asked]] = {}
    for one in clean:
        plain = normalise(one.question.text)
        if plain not in known and len(plain) >= _SHORTEST and digest_of(plain) not in declined:
            by_words.setdefault(plain, []).append(one)
    widest = sorted(by_words.items(), key=lambda item: (-len(_askers(item[1])), item[0]))
    groups: list[list[list[Asked]]] = []
    like = Likeness()
    for plain, said in widest:
        text = said[-1].question.text
        if len(text) > LONGEST_QUESTION or text in others:
            continue
        if (group := like.nearest(plain)) is None:
            like.add(len(groups), plain)
            groups.append([said])
        else:
            groups[group].append(said)
    found = [_suggestion(group) for group in groups]
    return sorted(found, key=lambda one: (-one.askers, -one.last_asked.timestamp(), one.text))[:MOST]


def _suggestion(group: Sequence[Sequence[Asked]]) -> Suggestion:
    everything = [one for said in group for one in said]
    return Suggestion(
        text=" ".join(group[0][-1].question.text.split()),
        askers=len(_askers(everything)),
        last_asked=max(one.question.asked_at for one in everything),
        digests=tuple(digest_of(said[0].question.text) for said in group)[:MOST_DIGESTS],
    )


def _askers(asked: Iterable[Asked]) -> set[str]:
    return {one.asker for one in asked}
