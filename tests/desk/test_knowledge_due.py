"""Who is told that an article expires, and what a channel is told in words of its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from conversations.models import Message
from desk.articles import article_reply
from desk.desk import Desk
from desk.knowledge import save_draft
from desk.knowledge_due import Expiring, expiring, tell_expiring
from desk.knowledge_unchecked import tell_unchecked
from desk.receive import receive
from desk.turns import take_turns
from desk.values import InboundMessage, Utterance
from knowledge.article import Article, Download
from knowledge.markdown import dump, parse
from knowledge.rows import from_content, save, to_content
from staff import accounts
from staff.accounts import Profile
from staff.actors import COMMAND_LINE
from staff.departments import add_departments
from staff.models import Notice, NoticeKind
from staff.passwords import Hashing
from staff.roles import Role
from store.clock import CITY_ZONE
from tests.conftest import HANDFUL
from tests.fakes import HandClock, ScriptedDialogue

KEY = "water-connection"


async def keeper(desk: Desk, session: AsyncSession) -> None:
    await add_departments(session)
    await employ(desk, session, "keeper", "water", Role.KNOWLEDGE_EDITOR)


async def employ(desk: Desk, session: AsyncSession, name: str, department: str | None, role: Role) -> None:
    profile = Profile(name, department, frozenset({role}))
    await accounts.add(session, COMMAND_LINE, name, profile, Hashing().issue(), id=name, at=desk.clock())


async def kept(desk: Desk, article: Article) -> None:
    """It is published, and its keeper is there."""
    async with desk.database.write() as session:
        await keeper(desk, session)
        await save(session, article, by="editor", at=desk.clock())


async def told(desk: Desk) -> list[Expiring]:
    async with desk.database.write() as session:
        return await expiring(desk, session)


async def test_its_department_is_told_30_7_and_1_days_ahead_and_afterwards_once_each(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    ends = desk.today() + timedelta(days=31)
    article = replace(articles[KEY], departments=("water",), valid_until=ends)
    await kept(desk, article)
    seen: dict[int, tuple[str, ...]] = {}
    for day in range(31, -3, -1):
        for one in await told(desk):
            seen[day] = one.accounts
            assert (one.key, one.days, one.valid_until) == (KEY, day, ends)
        assert await told(desk) == []
        clock.advance(timedelta(days=1))
    assert seen == dict.fromkeys((30, 7, 1, -1), ("keeper",))


async def noticed(desk: Desk, clock: HandClock, days: int) -> list[tuple[str, str]]:
    """The day (month-day) and the text of every notice of so many days."""
    for _ in range(days):
        await tell_expiring(desk)
        clock.advance(timedelta(days=1))
    async with desk.database.read() as session:
        found = await session.scalars(select(Notice).order_by(Notice.id))
        return [
            (f"{one.created_at.astimezone(CITY_ZONE):%m-%d}", one.text.split("”")[1].split("，")[0])
            for one in found
        ]


async def test_what_falls_due_on_a_weekend_is_told_on_the_friday_before_and_the_end_on_the_monday_after(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    article = replace(articles[KEY], departments=("water",), valid_until=date(2026, 12, 6))  # a Sunday
    await kept(desk, article)
    assert await noticed(desk, clock, 20) == [
        ("11-23", "还有 13 天到期（2026-12-06）。到期后不再用它答复企业"),
        ("11-27", "还有 9 天到期（2026-12-06）。到期后不再用它答复企业"),
        ("12-04", "还有 2 天到期（2026-12-06）。到期后不再用它答复企业"),
        ("12-07", "已到期（2026-12-06）"),
    ]


async def test_what_falls_due_in_a_long_holiday_is_told_once_before_it_and_the_end_after_it(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    clock.now = clock.now.replace(month=9, day=28)
    article = replace(articles[KEY], departments=("water",), valid_until=date(2026, 10, 7))
    await kept(desk, article)
    assert await noticed(desk, clock, 14) == [
        ("09-28", "还有 9 天到期（2026-10-07）。到期后不再用它答复企业"),
        ("09-30", "还有 7 天到期（2026-10-07）。到期后不再用它答复企业"),
        ("10-08", "已到期（2026-10-07）"),
    ]


async def test_what_ended_long_ago_is_no_news(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    article = replace(articles[KEY], departments=("water",), valid_until=desk.today() - timedelta(days=31))
    await kept(desk, article)
    assert await noticed(desk, clock, 3) == []


async def test_it_is_told_in_office_hours_and_to_all_editors_where_its_department_has_nobody(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    article = replace(articles[KEY], departments=("gas",), valid_until=desk.today() + timedelta(days=20))
    await kept(desk, article)
    clock.now = clock.now.astimezone(CITY_ZONE).replace(hour=3)
    assert await tell_expiring(desk) == 0
    clock.now = clock.now.replace(hour=10)
    assert [await tell_expiring(desk) for _ in range(2)] == [1, 0]
    async with desk.database.read() as session:
        (notice,) = (await session.scalars(select(Notice))).all()
    assert (notice.account_id, notice.kind, notice.article) == ("keeper", NoticeKind.EXPIRING, KEY)
    assert f"“{article.title}”还有 20 天到期" in notice.text


async def texts(desk: Desk, kind: NoticeKind) -> dict[str, str]:
    """What each account was told."""
    async with desk.database.read() as session:
        found = await session.scalars(select(Notice).where(Notice.kind == kind))
        return {one.account_id: one.text for one in found}


async def test_who_may_edit_is_told_besides_a_department_that_may_not_and_each_what_they_can_do(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    soon, long_ago = desk.today() + timedelta(days=20), desk.today() - timedelta(days=366)
    article = replace(articles[KEY], departments=("water",), valid_until=soon, checked_on=long_ago)
    async with desk.database.write() as session:
        await add_departments(session)
        await employ(desk, session, "handler", "water", Role.HANDLER)
        await employ(desk, session, "central", None, Role.KNOWLEDGE_EDITOR)
        await employ(desk, session, "of-gas", "gas", Role.HANDLER)
        await save(session, article, by="editor", at=desk.clock())
    assert await tell_expiring(desk) == await tell_unchecked(desk) == 2
    ends, old = await texts(desk, NoticeKind.EXPIRING), await texts(desk, NoticeKind.UNCHECKED)
    assert ends.keys() == old.keys() == {"handler", "central"}
    assert ends["central"].endswith("请核对后延期或下线。") and ends["handler"].endswith("告诉知识编辑。")
    assert old["central"].endswith("提交审核。") and old["handler"].endswith("告诉知识编辑。")
    async with desk.database.write() as session:  # with an editor of its own, it keeps the article itself
        await employ(desk, session, "own", "water", Role.KNOWLEDGE_EDITOR)
    clock.advance(timedelta(days=14))
    assert await tell_expiring(desk) == 2
    async with desk.database.read() as session:
        last = await session.scalars(select(Notice.account_id).order_by(Notice.id.desc()).limit(2))
        assert set(last) == {"handler", "own"}


async def test_nobody_is_told_of_the_end_of_a_draft(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    async with desk.database.write() as session:
        await keeper(desk, session)
        await save(session, articles[KEY], by="editor", at=desk.clock())
    content = {**to_content(articles[KEY]), "valid_until": "2026-11-24"}
    await save_draft(desk, COMMAND_LINE, KEY, content)
    assert await told(desk) == []


async def test_the_end_of_what_is_answered_is_told_whatever_the_draft_says(
    desk: Desk, articles: dict[str, Article]
) -> None:
    ends = desk.today() + timedelta(days=5)
    async with desk.database.write() as session:
        await keeper(desk, session)
        await save(session, replace(articles[KEY], valid_until=ends), by="editor", at=desk.clock())
    await save_draft(desk, COMMAND_LINE, KEY, {**to_content(articles[KEY]), "valid_until": None})
    assert [(one.key, one.valid_until) for one in await told(desk)] == [(KEY, ends)]


async def test_who_keeps_what_nobody_checked_for_a_year_is_asked_to_once_a_year(
    desk: Desk, articles: dict[str, Article], clock: HandClock
) -> None:
    old = replace(articles[KEY], departments=("water",), checked_on=desk.today() - timedelta(days=365))
    async with desk.database.write() as session:
        await keeper(desk, session)
        await save(session, old, by="editor", at=desk.clock())
    assert await tell_unchecked(desk) == 0
    clock.advance(timedelta(days=1))
    # A draft is not answered from: its day counts for nothing.
    await save_draft(desk, COMMAND_LINE, KEY, {**to_content(old), "checked_on": desk.today().isoformat()})
    clock.now = clock.now.astimezone(CITY_ZONE).replace(hour=3)
    assert await tell_unchecked(desk) == 0
    clock.now = clock.now.replace(hour=10)
    assert [await tell_unchecked(desk) for _ in range(2)] == [1, 0]
    async with desk.database.write() as session:
        (notice,) = (await session.scalars(select(Notice))).all()
        await save(session, old, by="editor", at=desk.clock())  # published again, not checked
    assert (notice.account_id, notice.kind, notice.article) == ("keeper", NoticeKind.UNCHECKED, KEY)
    assert old.title in notice.text and old.checked_on.isoformat() in notice.text
    assert await tell_unchecked(desk) == 0
    clock.advance(timedelta(days=364))
    assert await tell_unchecked(desk) == 0
    clock.advance(timedelta(days=1))
    assert await tell_unchecked(desk) == 1
    async with desk.database.write() as session:
        await save(session, replace(old, checked_on=desk.today()), by="editor", at=desk.clock())
    clock.advance(timedelta(days=365))
    assert await tell_unchecked(desk) == 0


async def test_of_many_that_nobody_checked_there_is_one_notice(stocked_desk: Desk, clock: HandClock) -> None:
    async with stocked_desk.database.write() as session:
        await keeper(stocked_desk, session)
    clock.advance(timedelta(days=728))  # a Monday
    assert [await tell_unchecked(stocked_desk) for _ in range(2)] == [1, 0]
    async with stocked_desk.database.read() as session:
        (notice,) = (await session.scalars(select(Notice))).all()
    assert f"等 {len(HANDFUL)} 篇" in notice.text and notice.article is None


async def test_a_channel_is_answered_in_its_own_words(
    stocked_desk: Desk, articles: dict[str, Article], dialogue: ScriptedDialogue
) -> None:
    own = replace(articles[KEY], variants={"wechat": {"overview": "微信里短一些。"}})
    async with stocked_desk.database.write() as session:
        await save(session, own, by="editor", at=stocked_desk.clock())
    await stocked_desk.library.refresh()
    reply = article_reply(own, "overview")
    dialogue.answers["用水报装"] = (Utterance(reply.text, detail=reply.detail()),)
    said = {}
    for channel in ("wechat", "web"):
        message = InboundMessage(channel, f"id-{channel}", "somebody", "用水报装", stocked_desk.clock())
        received = await receive(stocked_desk, message)
        found: list[Message] = await take_turns(stocked_desk, received.thread_id)
        said[channel] = found[-1].text
    assert "微信里短一些" in said["wechat"] and "核对日期" in said["wechat"]
    assert said["web"] == reply.text


def test_what_an_article_has_besides_outlives_files_and_rows(articles: dict[str, Article]) -> None:
    source = replace(articles[KEY].sources[0], link="https://www.gov.cn/")
    article = replace(
        articles[KEY],
        sources=(source, *articles[KEY].sources[1:]),
        departments=("water",),
        downloads=(Download("申请表", "https://www.gov.cn/"),),
        variants={"telegram": {"fee": "不收费。"}},
    )
    assert parse(dump(article), where="test") == article
    assert from_content(to_content(article)) == article
    assert date.fromisoformat(to_content(article)["checked_on"]) == article.checked_on
