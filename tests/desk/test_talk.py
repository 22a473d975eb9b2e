"""What the desk says: options picked, questions understood in context, tickets asked after, people called, ratings."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from conversations.models import Holder, Rating, Thread
from conversations.threads import open_thread
from desk.answers import Asked, Context, Decision, Vague, answer, understand
from desk.complaints import submit
from desk.desk import Desk
from desk.handoff import hand_off
from desk.intake.form import Said
from desk.options import pick, plain
from desk.ratings import level_of, rate
from desk.ticket_talk import Act, TicketTalk, act_on, advance, question
from knowledge.article import Aspect
from knowledge.search.decide import Answer, Clarify, Unknown
from knowledge.search.index import Hit, Result
from store.clock import CITY_ZONE
from tests.fakes import HandClock
from tickets.models import Kind
from tickets.states import Step
from tickets.tickets import events, of_people

BUTTONS = [
    {"title": "用水报装", "payload": "/w"},
    {"title": "用气报装", "payload": "/g"},
    {"title": "转人工", "payload": "/h"},
]
TITLES = {"water-connection": "用水报装", "gas-connection": "用气报装", "gas-price": "非居民用气价格"}
VALUES = {
    "description": "门店停水三天了没有人来修", "wanted": "尽快恢复", "subject": "供水", "enterprise": "某某商贸有限公司",
    "credit_code": "-", "contact": "李经理", "phone": "+8613800001234", "district": "新华区", "confidential": "否",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "payload"),
    [("1", "/w"), ("２", "/g"), ("第三个", "/h"), ("选2", "/g"), ("我选一吧", "/w"), ("用气报装", "/g"), ("【用气报装】", "/g"),
     ("转人工。", "/h"), ("4", None), ("0", None), ("12", None), ("好的", "/d"), ("OK", "/d"), ("不用", None),
     ("", None), ("用气报装要多久", None), ("2个环节是什么", None)],
)  # fmt: skip
def test_an_option_is_picked_by_number_label_or_yes(text: str, payload: str | None) -> None:
    picked = pick(text, BUTTONS, "/d")
    assert (picked and picked.payload) == payload


def test_a_yes_without_a_default_picks_nothing() -> None:
    assert pick("好的", BUTTONS, None) is None


@pytest.mark.parametrize(
    ("text", "words"), [("/affirm", "affirm"), (" //x", "x"), ("/", "?"), ("你好", "你好")]
)
def test_words_never_name_an_intent(text: str, words: str) -> None:
    assert plain(text) == words


def understood(
    text: str, context: Context, hits: list[tuple[str, float]], aspect: Aspect | None = None, intent: str = ""
) -> Decision:
    found = Result(tuple(Hit(key, 1.0, confidence, {}) for key, confidence in hits), aspect)
    return understand(Asked(text, intent, 0.9), context, found, answer_at=0.8, clarify_at=0.4, titles=TITLES)


WATER = Context("water-connection", "materials")


@pytest.mark.parametrize(
    ("text", "context", "hits", "aspect", "intent", "expected"),
    [
        ("用水报装", Context(), [("water-connection", 0.9)], None, "", Answer("water-connection", None)),
        ("报装", Context(), [("water-connection", 0.5), ("gas-connection", 0.5)], None, "",
         Clarify(("water-connection", "gas-connection"))),
        ("火星移民", Context(), [("gas-price", 0.1)], None, "", Unknown(("gas-price",))),
        ("那材料呢", WATER, [], "materials", "ask_aspect", Answer("water-connection", "materials")),
        ("要多久", WATER, [], "time", "ask_aspect", Answer("water-connection", "time")),
        ("要多久", Context(), [], "time", "ask_aspect", Vague()),
        ("怎么办", WATER, [], None, "", Vague()),
        ("燃气呢", WATER, [("gas-connection", 0.9)], None, "", Answer("gas-connection", "materials")),
        ("燃气呢", WATER, [("gas-connection", 0.5), ("gas-price", 0.5)], None, "", Answer("gas-connection", "materials")),
        ("燃气报装要多久", WATER, [("gas-connection", 0.9)], "time", "ask_aspect", Answer("gas-connection", "time")),
        ("这个水表多久装好", WATER, [("gas-price", 0.2)], "time", "ask_aspect", Answer("water-connection", "time")),
    ],
)  # fmt: skip
def test_a_question_is_understood_in_the_light_of_the_talk(
    text: str,
    context: Context,
    hits: list[tuple[str, float]],
    aspect: Aspect | None,
    intent: str,
    expected: Decision,
) -> None:
    assert understood(text, context, hits, aspect, intent) == expected


async def test_a_question_is_answered_with_its_source(stocked_desk: Desk) -> None:
    reply, context = await answer(stocked_desk, Asked("用水报装要什么材料"), Context())
    assert (reply.outcome, reply.article, reply.aspect) == ("answered", "water-connection", "materials")
    assert "依据" in reply.text and "[^" not in reply.text
    assert context == Context("water-connection", "materials", 0)


async def test_two_questions_without_an_answer_offer_a_person(stocked_desk: Desk) -> None:
    first, context = await answer(stocked_desk, Asked("火星上怎么种土豆"), Context())
    second, context = await answer(stocked_desk, Asked("火星上怎么种红薯"), context)
    assert (first.outcome, second.outcome, context.unknown) == ("unknown", "unknown", 2)
    assert first.default is None
    assert second.default == "/human"


async def test_an_answer_ends_the_streak(stocked_desk: Desk) -> None:
    _, context = await answer(stocked_desk, Asked("用水报装要什么材料"), Context(unknown=1))
    assert context.unknown == 0


async def complain(desk: Desk, thread: Thread, message_id: int = 1) -> str:
    reply = await submit(desk, thread_id=thread.id, message_id=message_id, kind=Kind.COMPLAINT, values=VALUES)
    assert reply.ticket is not None
    return reply.ticket


async def stranger(desk: Desk) -> Thread:
    async with desk.database.write() as session:
        return await open_thread(session, channel="web", address="other", at=desk.clock(), new_id=desk.new_id)


async def steps(desk: Desk, thread: Thread) -> list[Step]:
    async with desk.database.read() as session:
        ticket = (await of_people(session, [thread.person_id]))[0]
        return [event.step for event in await events(session, ticket.id)]


def said(text: str, intent: str = "inform") -> Said:
    return Said(text, intent, 0.9)


async def test_a_confirmed_form_becomes_one_ticket_with_its_promise(desk: Desk, thread: Thread) -> None:
    first = await submit(desk, thread_id=thread.id, message_id=1, kind=Kind.COMPLAINT, values=VALUES)
    again = await submit(desk, thread_id=thread.id, message_id=1, kind=Kind.COMPLAINT, values=VALUES)
    assert first == again
    assert first.ticket == "PDS-20261123-0001"
    assert all(words in first.text for words in ("PDS-20261123-0001", "11月24日", "11月26日"))


async def test_the_one_ticket_of_a_person_needs_no_number(desk: Desk, thread: Thread) -> None:
    number = await complain(desk, thread)
    talk = await advance(desk, thread.id, 1, TicketTalk(Act.PROGRESS), said("到哪一步了", "progress"))
    assert (talk.asking, talk.number) == (None, number)
    assert number in (await act_on(desk, thread.id, 2, talk)).text


async def test_of_several_tickets_one_is_picked(desk: Desk, thread: Thread) -> None:
    await complain(desk, thread, 1)
    second = await complain(desk, thread, 2)
    talk = await advance(desk, thread.id, 1, TicketTalk(Act.PROGRESS), said("查进度", "progress"))
    assert talk.asking == "number"
    talk = await advance(desk, thread.id, 1, talk, said(second.lower()))
    assert (talk.asking, talk.number) == (None, second)


async def test_a_number_alone_opens_nothing(desk: Desk, thread: Thread) -> None:
    number = await complain(desk, thread)
    other = await stranger(desk)
    talk = await advance(desk, other.id, 1, TicketTalk(Act.PROGRESS), said(number))
    assert talk.asking == "tail"
    assert "没有找到" in (await act_on(desk, other.id, 9, TicketTalk(Act.PROGRESS, number=number))).text
    talk = await advance(desk, other.id, 1, talk, said("1234"))
    assert talk.asking is None
    assert number in (await act_on(desk, other.id, 9, talk)).text


@pytest.mark.parametrize("act", [Act.URGE, Act.SUPPLEMENT, Act.WITHDRAW])
async def test_who_knows_number_and_digits_sees_how_far_it_is_and_changes_nothing(
    desk: Desk, thread: Thread, act: Act
) -> None:
    number = await complain(desk, thread)
    other = await stranger(desk)
    seen = await act_on(desk, other.id, 8, TicketTalk(Act.PROGRESS, number=number, tail="1234"))
    assert "待受理" in seen.text and [button.title for button in seen.buttons] == ["转人工"]
    heard = []
    for named in (number, "PDS-20261123-9999"):
        talk = await advance(desk, other.id, 1, TicketTalk(act), said(f"{named}，1234"))
        heard.append((talk.left, talk.asking, talk.say))
    assert heard[0] == heard[1]
    assert heard[0][:2] == (True, None) and "绑定" in heard[0][2]
    forced = TicketTalk(act, number=number, tail="1234", note="不用办了", sure=True)
    assert "没有找到" in (await act_on(desk, other.id, 9, forced)).text
    assert await steps(desk, thread) == [Step.SUBMITTED]


async def test_nobody_learns_whether_a_number_exists(desk: Desk, thread: Thread) -> None:
    real = await complain(desk, thread)
    other = await stranger(desk)
    heard = []
    for number in (real, "PDS-20261123-9999"):
        talk, lines = TicketTalk(Act.PROGRESS), []
        for text in (number, "0000", "0001", "0002"):
            talk = await advance(desk, other.id, 1, talk, said(text))
            lines.append((talk.asking, talk.say, talk.left, talk.failures))
        heard.append(lines)
    assert heard[0] == heard[1]
    assert heard[0][-1][2]
    assert [asking for asking, *_ in heard[0]] == ["tail", "tail", "tail", None]


async def test_guesses_are_counted_over_all_talks_and_the_right_digits_come_too_late(
    desk: Desk, clock: HandClock, thread: Thread
) -> None:
    real = await complain(desk, thread)
    other = await stranger(desk)
    heard = []
    for number in (real, "PDS-20261123-9999"):
        for guess in range(10):
            asked = TicketTalk(Act.PROGRESS, number=number, asking="tail")
            talk = await advance(desk, other.id, guess, asked, said(f"{guess:04}"))
            assert talk.asking == "tail"
        late = await advance(desk, other.id, 11, TicketTalk(Act.PROGRESS, number=number), said("1234"))
        heard.append((late.left, late.say, late.asking))
    assert heard[0] == heard[1]
    assert heard[0][0]
    assert (await advance(desk, thread.id, 12, TicketTalk(Act.PROGRESS), said("查进度"))).number == real
    clock.advance(timedelta(hours=25))
    talk = await advance(desk, other.id, 13, TicketTalk(Act.PROGRESS, number=real), said("1234"))
    assert (talk.asking, talk.left) == (None, False)


async def test_withdrawing_is_asked_back(desk: Desk, thread: Thread) -> None:
    number = await complain(desk, thread)
    talk = await advance(desk, thread.id, 1, TicketTalk(Act.WITHDRAW), said("我要撤回", "withdraw"))
    assert talk.asking == "sure"
    assert number in question(talk, "sure", [number]).text
    no = await advance(desk, thread.id, 1, talk, said("先等等", "deny"))
    await act_on(desk, thread.id, 2, no)
    assert await steps(desk, thread) == [Step.SUBMITTED]
    yes = await advance(desk, thread.id, 1, talk, said("确定撤回", "affirm"))
    await act_on(desk, thread.id, 3, yes)
    assert await steps(desk, thread) == [Step.SUBMITTED, Step.WITHDRAWN]


async def test_a_ticket_is_urged_once_a_day(desk: Desk, thread: Thread, clock: HandClock) -> None:
    talk = TicketTalk(Act.URGE, number=await complain(desk, thread))
    await act_on(desk, thread.id, 2, talk)
    await act_on(desk, thread.id, 2, talk)
    clock.advance(timedelta(hours=23))
    assert "24 小时" in (await act_on(desk, thread.id, 3, talk)).text
    clock.advance(timedelta(hours=2))
    await act_on(desk, thread.id, 4, talk)
    assert await steps(desk, thread) == [Step.SUBMITTED, Step.URGED, Step.URGED]


@pytest.mark.parametrize(
    ("now", "words"),
    [(datetime(2026, 11, 23, 10, 0), "正在排队"), (datetime(2026, 11, 23, 20, 0), "11月24日"),
     (datetime(2026, 10, 1, 10, 0), "10月8日"), (datetime(2026, 11, 23, 12, 30), "13:00")],
)  # fmt: skip
async def test_who_calls_a_person_is_told_when(
    now: datetime, words: str, desk: Desk, thread: Thread, clock: HandClock
) -> None:
    clock.now = now.replace(tzinfo=CITY_ZONE)
    reply = await hand_off(desk, thread.id)
    assert reply.outcome == "handoff" and words in reply.text


async def test_who_calls_twice_keeps_their_place(desk: Desk, thread: Thread, clock: HandClock) -> None:
    began = clock.now
    await hand_off(desk, thread.id)
    clock.advance(timedelta(minutes=5))
    await hand_off(desk, thread.id)
    async with desk.database.read() as session:
        row = await session.get_one(Thread, thread.id)
    assert (row.holder, row.waiting_since) == (Holder.WAITING, began)


async def test_a_thread_that_staff_hold_stays_theirs(desk: Desk, thread: Thread) -> None:
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    assert "已经接入" in (await hand_off(desk, thread.id)).text


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("非常满意", 5),
        ("满意", 4),
        ("基本满意", 3),
        ("不满意", 2),
        ("非常不满意", 1),
        ("太差了", 1),
        ("5分", 5),
        ("你好", None),
    ],
)
def test_levels_are_read_from_words(text: str, level: int | None) -> None:
    assert level_of(text) == level


async def test_a_later_rating_takes_the_place_of_the_first(desk: Desk, thread: Thread) -> None:
    await rate(desk, thread.id, "满意")
    unhappy = await rate(desk, thread.id, "非常不满意")
    async with desk.database.read() as session:
        assert (await session.scalars(select(Rating.level))).all() == [1]
    assert "/human" in [button.payload for button in unhappy.buttons]


async def test_a_rating_without_a_level_offers_five(desk: Desk, thread: Thread) -> None:
    assert len((await rate(desk, thread.id, "我要评价")).buttons) == 5
