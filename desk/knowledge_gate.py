"""The gate before publishing: the questions are replayed against a draft in the background, with progress."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.replay import Case, Verdict, cases, compared, verdict
from knowledge.article import Article
from knowledge.day import day_of
from knowledge.drafts import as_if_whole
from knowledge.errors import CardRefused
from knowledge.models import Card, GateRun
from knowledge.questions import kept_questions
from knowledge.rehearsal import Rehearsal
from knowledge.search.index import Index, Result
from store.clock import city_date

log = logging.getLogger(__name__)

_BATCH = 40
# A run that has given no sign of life for so long has died with its process.
DEAD_AFTER = timedelta(seconds=60)


@dataclass(slots=True, eq=False)
class Gates:
    """The runs of this process, and what it knows of how questions are answered now."""

    desk: Desk
    rehearsal: Rehearsal
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _now: dict[str, Verdict] = field(default_factory=dict)
    _now_of: tuple[int, date] | None = None

    async def start(self, by: str, key: str) -> None:
        """Begin a run for the draft as it is, unless one is under way. Raises `CardRefused` where there is no draft."""
        if (begun := await self._begun(by, key)) is not None:
            task = asyncio.create_task(self._run(*begun))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def replay(self, by: str, key: str) -> None:
        """The same, to its end."""
        if (begun := await self._begun(by, key)) is not None:
            await self._run(*begun)

    async def _begun(self, by: str, key: str) -> tuple[int, Article] | None:
        now = self.desk.clock()
        async with self.desk.database.write() as session:
            card = await session.scalar(select(Card).where(Card.key == key).with_for_update())
            if card is None:
                raise CardRefused("没有这篇文章。")
            if running(await newest_run(session, key, card.revision), now):
                return None
            run = GateRun(
                key=key, revision=card.revision, version=0, done=0, total=0,
                outcome=None, failure="", by=by, at=now, seen_at=now,
            )  # fmt: skip
            session.add(run)
            await session.flush()
        return run.id, as_if_whole(card.content, self.desk.today())

    def prepare(self, live: Mapping[str, Article], drafts: Mapping[str, Article]) -> None:
        """Begin to make the index of drafts, while nobody waits for it."""
        if not self.tasks and not self.rehearsal.ready:
            task = asyncio.create_task(self._prepared(live, drafts))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _prepared(self, live: Mapping[str, Article], drafts: Mapping[str, Article]) -> None:
        await self.rehearsal.search((), live, drafts, on=self.desk.today())

    async def drain(self) -> None:
        """Wait for every run that is under way."""
        await asyncio.gather(*self.tasks)

    async def _run(self, run: int, draft: Article) -> None:
        try:
            await self._replay(run, draft)
        except Exception:
            log.exception("a run of the publish gate failed")
            await self._note(run, failure="检验没有做完，请重新检验；如果一直这样，请告诉管理员。")

    async def _replay(self, run: int, draft: Article) -> None:
        desk = self.desk
        await desk.library.refresh()
        live, version = dict(desk.library.held()), desk.library.version
        async with desk.database.read() as session:
            stored = [Case(row.text, row.article) for row in await kept_questions(session)]
        on = max(desk.today(), draft.valid_from)
        asked, among = await asyncio.to_thread(cases, stored, live, draft, on)
        await self._note(run, total=len(asked), version=version)
        replayed: list[tuple[Case, Verdict, Verdict]] = []
        for start in range(0, len(asked), _BATCH):
            batch = asked[start : start + _BATCH]
            texts = [case.text for case in batch]
            before = await self._before(texts, live, version, on)
            after = await self.rehearsal.search(texts, live, {draft.key: draft}, on=on)
            replayed += zip(batch, before, self._verdicts(texts, after), strict=True)
            await self._note(run, done=len(replayed))
        outcome = compared(replayed, live.get(draft.key), draft, among)
        await self._note(run, done=len(replayed), outcome=outcome)

    async def _before(
        self, texts: Sequence[str], live: Mapping[str, Article], version: int, on: date
    ) -> list[Verdict]:
        """How they are answered now; asked once as long as nothing is published."""
        if self._now_of != (version, on):
            self._now, self._now_of = {}, (version, on)
        known = self._now
        new = [text for text in texts if text not in known]
        if new:
            results = await asyncio.to_thread(
                lambda: [self.desk.library.search(text, today=on) for text in new]
            )
            known.update(zip(new, self._verdicts(new, results), strict=True))
        return [known[text] for text in texts]

    def _verdicts(self, texts: Sequence[str], results: Sequence[Result]) -> list[Verdict]:
        calibration = self.desk.calibration
        return [verdict(text, result, calibration) for text, result in zip(texts, results, strict=True)]

    async def _note(self, run: int, **values: object) -> None:
        async with self.desk.database.write() as session:
            await session.execute(
                update(GateRun).where(GateRun.id == run).values(seen_at=self.desk.clock(), **values)
            )


def gates(desk: Desk) -> Gates:
    """The gates of a process."""
    return Gates(desk, Rehearsal(lambda: Index(calibration=desk.calibration)))


async def newest_run(session: AsyncSession, key: str, revision: int) -> GateRun | None:
    """The newest run for the article as it was at a revision."""
    query = select(GateRun).where(GateRun.key == key, GateRun.revision == revision)
    return await session.scalar(query.order_by(GateRun.id.desc()).limit(1))


async def accepted_run(session: AsyncSession, card: Card) -> GateRun | None:
    """The run on which a scheduled article was approved: of the revision before, as approving makes the next one."""
    return await newest_run(session, card.key, card.revision - 1)


def running(run: GateRun | None, now: datetime) -> bool:
    """Whether a run is under way."""
    return run is not None and run.outcome is None and not run.failure and now - run.seen_at < DEAD_AFTER


def holds(desk: Desk, run: GateRun, card: Card, at: int) -> bool:
    """Whether what a run found is what is found now: no other article has changed, begun or ended since.

    `at`: the version of the knowledge base now, as the library holds it but for this very article.
    """
    then, now = (_day(card, day) for day in (city_date(run.at), desk.today()))
    if run.version != at:
        return False
    others = (one for one in desk.library.held().values() if one.key != card.key)
    return then == now or all(one.in_force(then) == one.in_force(now) for one in others)


def _day(card: Card, day: date) -> date:
    """The day on which a run of that day tries it."""
    return max(day, day_of(card.content["valid_from"]) or day)


async def judged(
    desk: Desk,
    session: AsyncSession,
    card: Card,
    revision: int,
    why: str,
    present: int,
    seen: int | None = None,
) -> None:
    """Raises `CardRefused` where the gate has not seen this revision, or nobody says why in spite of what it found.

    `why`: why it is to be published all the same. `present`: the version of the knowledge base now; a run against another
    one, or of a day on which others were in force, says little of what is answered today. `seen`: the run that was looked
    at, None for the newest.
    """
    run = await newest_run(session, card.key, revision)
    if run is None or run.outcome is None:
        raise CardRefused("发布前要先完成“发布检验”，请等它做完或者重新检验。")
    if seen is not None and not await _as_seen(session, run, seen):
        raise CardRefused("您打开页面以后又做完了一次检验，结果和您看到的不一样。请看过现在的结果再决定。")
    lost = run.outcome["counts"]["lost"]
    if lost and not why:
        raise CardRefused(f"检验发现有 {lost} 个问题原来答对、改后答错，请写明仍要发布的理由。")
    if not why and not holds(desk, run, card, present):
        raise CardRefused(
            "检验以后知识库又有别的改动，或者有别的文章生效、到期。请重新检验，或者写明仍要发布的理由。"
        )


async def _as_seen(session: AsyncSession, run: GateRun, seen: int) -> bool:
    """Whether another run of the same revision found what this one found."""
    if run.id == seen:
        return True
    other = await session.get(GateRun, seen)
    if other is None or (other.key, other.revision) != (run.key, run.revision):
        return False
    digests = [(one.outcome or {}).get("digest") for one in (run, other)]
    return digests[0] is not None and digests[0] == digests[1]
