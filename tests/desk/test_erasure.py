"""Who asks for it is erased from every table, once the farewell is out; a ticket is handled on without them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from conversations.models import Attachment, Delivery, ErasedTalks, Message, Question, Thread
from conversations.quotas import Recipient, open_window
from desk.desk import Desk
from desk.erasure import (
    clear_tickets,
    confirm,
    erase_due,
    explain,
    followed,
    forget_talks,
    unfollowed,
)
from desk.fetching import Fetcher
from desk.handoff import hand_off
from desk.linking import link
from desk.ports import DialogueDown, FetchResult
from desk.ratings import rate
from desk.values import Utterance
from store.base import Base
from store.clock import CITY_ZONE
from store.files import Files
from tests.desk.people import VALUES, Somebody
from tests.fakes import HandClock, ScriptedDialogue
from tickets.life import ENTERPRISE, Doing, Rules, take
from tickets.models import Answer, Approval, Ticket
from tickets.states import Actor, Step
from tickets.tickets import by_number

MINUTE = timedelta(minutes=1)
TEXTS = ("用水报装要多久", "补充：水表也坏了", "echo 用水报装要多久")
# What a ticket needs to be handled, and what its own tables alone may keep.
HANDLING = (
    VALUES["contact"],
    "13800001234",
    VALUES["description"],
    VALUES["credit_code"],
    VALUES["enterprise"],
)
TICKETS = ("tickets", "ticket_events", "ticket_answers", "ticket_approvals")
PAPERS = ("来电李经理", "答复李经理", "李经理要求延期")


@pytest.fixture
def somebody(desk: Desk) -> Somebody:
    return Somebody(desk, "wechat", "oU-address-1")


async def found(desk: Desk, words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Every (table, word) where any column of any row holds one of the words."""
    places = set()
    async with desk.database.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in (await session.execute(select(table))).all():
                places |= {(table.name, word) for word in words if _holds(row, word)}
    return places


def _holds(row: Any, word: str) -> bool:
    return any(word in str(value) for value in row)


async def lives(desk: Desk, somebody: Somebody, dialogue: ScriptedDialogue) -> Ticket:
    """Leave a trace in every table that a person can leave one in."""
    dialogue.answers[TEXTS[0]] = (Utterance(TEXTS[2], detail={"outcome": "answered", "article": "a"}),)
    asked = await somebody.writes(TEXTS[0])
    ticket = await somebody.files()
    more = await somebody.writes(TEXTS[1])
    await rate(desk, asked.thread_id, "满意")
    code = (await link(desk, asked.thread_id, asked.message_id, "绑定")).text
    other = Somebody(desk, "telegram", "tg-address-3")
    said = await other.writes("绑定")
    await link(desk, said.thread_id, said.message_id, code)
    await link(desk, asked.thread_id, more.message_id, "绑定 00000000")
    await does(desk, ticket.number, Step.SUPPLEMENTED, more.message_id, PAPERS[0])
    await hand_off(desk, asked.thread_id)
    async with desk.database.write() as session:
        session.add(Answer(ticket_id=ticket.id, text=PAPERS[1], drafted_by="staff", drafted_at=desk.clock()))
        session.add(
            Approval(
                ticket_id=ticket.id,
                asked=Step.EXTENSION_ASKED,
                reason=PAPERS[2],
                asked_by="staff",
                asked_at=desk.clock(),
            )
        )
        until = desk.clock() + timedelta(hours=48)
        recipient = Recipient(somebody.channel, somebody.address)
        await open_window(session, recipient, "message", messages=5, until=until)
    await delivered(desk)
    return ticket


async def delivered(desk: Desk) -> None:
    async with desk.database.write() as session:
        await session.execute(
            update(Message).where(Message.delivery == Delivery.PENDING).values(delivery=Delivery.SENT)
        )


async def asks(somebody: Somebody) -> str:
    """They confirm, and are answered."""
    received = await somebody.writes("确定删除")
    await confirm(somebody.desk, received.thread_id)
    return received.thread_id


async def test_no_row_of_any_table_leads_to_who_was_erased(
    desk: Desk, somebody: Somebody, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    ticket = await lives(desk, somebody, dialogue)
    person = await somebody.row()
    assert person is not None
    filed_in = ticket.thread_id or ""
    everything = (somebody.address, person.id, filed_in, *TEXTS, *HANDLING, *PAPERS)
    before = await found(desk, everything)
    assert {word for _, word in before} == set(everything)
    thread_id = await asks(somebody)
    await delivered(desk)
    clock.advance(MINUTE)
    await erase_due(desk)
    await forget_talks(desk)
    assert dialogue.forgotten == [f"{thread_id}.1"]
    left = await found(desk, everything)
    # The guesser's id alone, so that guesses stay counted; it leads nowhere any more.
    assert {place for place in left if place[0] not in TICKETS} == {("link_wrong_codes", person.id)}
    assert {word for _, word in left} <= {person.id, *HANDLING, *PAPERS}

    await close(desk, ticket.number)
    clock.advance(desk.keep_tickets + MINUTE)
    await clear_tickets(desk)
    assert await found(desk, everything) == {("link_wrong_codes", person.id)}


async def does(desk: Desk, number: str, step: Step, message_id: int, note: str = "") -> None:
    async with desk.database.write() as session:
        row = await by_number(session, number)
        assert row is not None
        doing = Doing(ENTERPRISE, Actor.ENTERPRISE, desk.clock(), note, message_id)
        await take(session, row, step, doing, Rules())


async def close(desk: Desk, number: str) -> None:
    await does(desk, number, Step.WITHDRAWN, 99_999)


async def test_nothing_of_others_is_erased(
    desk: Desk, somebody: Somebody, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    other = Somebody(desk, "wechat", "oU-address-2")
    await lives(desk, somebody, dialogue)
    await other.writes("你好呀")
    await delivered(desk)
    await asks(somebody)
    await delivered(desk)
    clock.advance(MINUTE)
    await erase_due(desk)
    kept = await found(desk, ("你好呀", "echo 你好呀", "oU-address-2", "tg-address-3"))
    assert {table for table, _ in kept} == {"messages", "people"}
    assert "微信已与这里解除绑定" in (await Somebody(desk, "telegram", "tg-address-3").heard())[-1]


async def test_the_farewell_goes_out_first(desk: Desk, somebody: Somebody, clock: HandClock) -> None:
    await asks(somebody)
    clock.advance(5 * MINUTE)
    await erase_due(desk)
    assert await somebody.row() is not None
    await delivered(desk)
    await erase_due(desk)
    assert await somebody.row() is None


async def test_a_farewell_that_cannot_be_sent_is_waited_for_ten_minutes(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    await asks(somebody)
    clock.advance(timedelta(minutes=9, seconds=59))
    await erase_due(desk)
    assert await somebody.row() is not None
    clock.advance(timedelta(seconds=1))
    await erase_due(desk)
    assert await somebody.row() is None


async def test_an_answer_can_be_asked_for_again_for_a_minute(desk: Desk, clock: HandClock) -> None:
    visitor = Somebody(desk, "web", "w1")
    received = await visitor.writes("确定删除", "m1")
    await confirm(desk, received.thread_id)
    clock.advance(timedelta(seconds=59))
    await erase_due(desk)
    again = await visitor.receives("确定删除", "m1")
    assert (again.repeated, again.message_id) == (True, received.message_id)


async def test_who_writes_again_is_a_new_person_at_once(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    await somebody.writes("用水报装")
    old = await asks(somebody)
    await delivered(desk)
    new = await somebody.writes("用水报装")
    assert new.thread_id != old
    async with desk.database.read() as session:
        assert await session.get(Thread, old) is None
        assert await session.get(ErasedTalks, old) is not None
    clock.advance(timedelta(hours=1))
    await erase_due(desk)
    assert await somebody.row() is not None


async def test_what_is_written_before_the_farewell_is_out_is_answered_too(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    old = await asks(somebody)
    assert (await somebody.writes("谢谢")).thread_id == old
    await delivered(desk)
    clock.advance(MINUTE)
    await erase_due(desk)
    assert await somebody.row() is None


@pytest.mark.parametrize("asked", [True, False])
async def test_a_message_that_comes_while_somebody_is_erased_is_kept(
    asked: bool, desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    old = await asks(somebody) if asked else (await somebody.writes("你好")).thread_id
    if not asked:
        await unfollowed(desk, somebody.channel, somebody.address, timedelta(0))
    await delivered(desk)
    clock.advance(MINUTE)
    async with desk.database.write() as session:
        await session.get_one(Thread, old, with_for_update=True)
        erasing = asyncio.create_task(erase_due(desk))
        await asyncio.sleep(0.2)
        coming = asyncio.create_task(somebody.receives("用水报装"))
        await asyncio.sleep(0.2)
    await erasing
    assert (await coming).thread_id != old
    assert await found(desk, ("用水报装",)) == {("messages", "用水报装")}


async def test_the_model_forgets_every_talk_also_when_it_was_away(
    desk: Desk, somebody: Somebody, dialogue: ScriptedDialogue, clock: HandClock
) -> None:
    await somebody.writes("你好")
    clock.advance(timedelta(days=2))
    thread_id = await asks(somebody)
    await delivered(desk)
    clock.advance(MINUTE)
    await erase_due(desk)
    dialogue.down = True
    with pytest.raises(DialogueDown):
        await forget_talks(desk)
    dialogue.down = False
    await forget_talks(desk)
    await forget_talks(desk)
    assert dialogue.forgotten == [f"{thread_id}.1", f"{thread_id}.2"]


async def test_it_is_told_what_goes_what_stays_and_how_an_open_ticket_goes_on(
    desk: Desk, somebody: Somebody, dialogue: ScriptedDialogue
) -> None:
    ticket = await lives(desk, somebody, dialogue)
    thread_id = (await somebody.writes("删除我的信息")).thread_id
    reply = await explain(desk, thread_id)
    for words in ("微信", "1095 天", ticket.number, "打电话", "Telegram", "确定删除吗"):
        assert words in reply.text
    assert [button.title for button in reply.buttons] == ["确定删除", "先撤回工单", "不删除"]
    assert f"工单 {ticket.number} 照常办理" in (await confirm(desk, thread_id)).text


async def test_who_has_no_ticket_is_offered_no_withdrawal(desk: Desk) -> None:
    thread_id = (await Somebody(desk, "web", "w1").writes("删除我的信息")).thread_id
    assert [button.title for button in (await explain(desk, thread_id)).buttons] == ["确定删除", "不删除"]


async def test_an_unfollower_is_erased_after_the_grace_whatever_is_held_for_them(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    await somebody.writes("你好")
    await unfollowed(desk, somebody.channel, somebody.address, timedelta(hours=24))
    clock.advance(timedelta(hours=12))
    await unfollowed(desk, somebody.channel, somebody.address, timedelta(hours=24))
    await erase_due(desk)
    assert await somebody.row() is not None
    clock.advance(timedelta(hours=12))
    await erase_due(desk)
    assert await somebody.row() is None


@pytest.mark.parametrize("writes", [True, False])
async def test_who_comes_back_within_the_grace_stays(
    writes: bool, desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    first = await somebody.writes("你好")
    await unfollowed(desk, somebody.channel, somebody.address, timedelta(hours=24))
    if writes:
        assert (await somebody.writes("我回来了")).thread_id == first.thread_id
    else:
        await followed(desk, somebody.channel, somebody.address)
    clock.advance(timedelta(days=3))
    await erase_due(desk)
    assert await somebody.row() is not None


async def test_following_again_does_not_take_back_what_was_asked_in_words(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    await asks(somebody)
    await delivered(desk)
    await followed(desk, somebody.channel, somebody.address)
    clock.advance(MINUTE)
    await erase_due(desk)
    assert await somebody.row() is None


async def test_a_ticket_keeps_everything_until_its_time_is_over(
    desk: Desk, somebody: Somebody, clock: HandClock
) -> None:
    closed, still_open = await somebody.files(), await somebody.files()
    await close(desk, closed.number)
    clock.advance(desk.keep_tickets)
    await clear_tickets(desk)
    async with desk.database.read() as session:
        assert (await session.get_one(Ticket, closed.id)).contact == "李经理"
    clock.advance(MINUTE)
    await clear_tickets(desk)
    await clear_tickets(desk)
    async with desk.database.read() as session:
        cleared = await session.get_one(Ticket, closed.id)
        other = await session.get_one(Ticket, still_open.id)
        assert await session.scalar(select(Question)) is None
    assert (cleared.contact, cleared.phone, cleared.credit_code, cleared.description) == ("", "", None, "")
    assert (cleared.number, cleared.subject) == (closed.number, "供水")
    assert other.contact == "李经理"


async def test_a_picture_goes_with_its_sender_unless_a_ticket_holds_it(
    desk: Desk, somebody: Somebody, clock: HandClock, tmp_path: Path
) -> None:
    ticket = await somebody.files()
    thread_id = (await somebody.writes("图片")).thread_id
    files = Files(tmp_path)
    for name, holder in (("own", None), ("held", ticket.id)):
        files.put(KEYS[name], name.encode())
        async with desk.database.write() as session:
            message_id = await session.scalar(
                select(Message.id).where(Message.thread_id == thread_id).limit(1)
            )
            session.add(
                Attachment(
                    id=name, message_id=message_id, thread_id=thread_id, talk=1, channel="wechat", source="m",
                    noun="图片", name="a.jpg", key=KEYS[name], ticket_id=holder, created_at=clock(),
                )
            )  # fmt: skip
    await confirm(desk, thread_id)
    clock.advance(AFTER_ALL)
    await erase_due(desk)
    async with desk.database.read() as session:
        rows = (await session.scalars(select(Attachment))).all()
    assert [(row.id, row.thread_id, row.message_id) for row in rows] == [("held", None, None)]
    fetcher = Fetcher(desk, NoFetching(), files, None, lambda: 1.0)
    await fetcher.sweep(before=datetime.now(CITY_ZONE) + timedelta(seconds=5))
    assert list(files) == [KEYS["held"]]


KEYS = {"own": "0" * 32, "held": "1" * 32}
AFTER_ALL = timedelta(minutes=11)


class NoFetching:
    """A channel that nothing is fetched from."""

    name = "wechat"

    async def fetch(self, source: str, most_bytes: int) -> FetchResult:
        """Not asked."""
        raise AssertionError(source)
