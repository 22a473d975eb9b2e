"""「没有解决」 reaches the ticket that was answered: once, of its own enterprise, and who calls back is told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest

from conversations.models import Author, Delivery, Message, Thread
from conversations.threads import open_thread
from desk.answers import Context
from desk.contesting import Contested, contest, dissatisfied
from desk.desk import Desk
from desk.ticket_talk import Act, TicketTalk, act_on
from desk.values import Reply
from tests.desk.test_casework import TO_ANSWER, filed, move, now_at
from tickets.models import Ticket
from tickets.states import State, Step
from tickets.tickets import events

_IDS = count(1)


@pytest.fixture
async def answered(desk: Desk, thread: Thread) -> Ticket:
    """A ticket whose answer was the last thing that the enterprise was told."""
    ticket = await filed(desk, thread)
    await move(desk, ticket, *TO_ANSWER)
    return ticket


async def writes(desk: Desk, thread: Thread, text: str) -> Contested:
    """A message of the person, as the action gets it."""
    return Contested(thread.id, await _message(desk, thread, Author.PERSON, text), text)


async def said(desk: Desk, thread: Thread, text: str, ticket: str | None) -> None:
    """Something that the bot says."""
    await _message(desk, thread, Author.BOT, text, {"outcome": "ticket", "ticket": ticket})


async def _message(desk: Desk, thread: Thread, author: Author, text: str, detail: object = None) -> int:
    async with desk.database.write() as session:
        row = Message(
            thread_id=thread.id, author=author, channel=thread.channel, external_id=f"c{next(_IDS)}", text=text,
            detail=detail or {}, delivery=Delivery.SENT, created_at=desk.clock(),
        )  # fmt: skip
        session.add(row)
        await session.flush()
        return row.id


async def steps(desk: Desk, ticket: Ticket) -> Sequence[tuple[Step, str]]:
    async with desk.database.read() as session:
        return [(one.step, one.note) for one in await events(session, ticket.id)][len(TO_ANSWER) + 1 :]


def titles(reply: Reply) -> list[str]:
    return [button.title for button in reply.buttons]


@pytest.mark.parametrize(
    ("text", "note"), [("没有解决", ""), ("没解决。", ""), ("水还是没通，没有解决", "水还是没通，没有解决")]
)
async def test_it_goes_to_the_call_back_at_once(
    desk: Desk, thread: Thread, answered: Ticket, text: str, note: str
) -> None:
    message = await writes(desk, thread, text)
    for _ in range(2):  # a repeated turn takes it once
        reply = await contest(desk, message, Context())
        assert reply.text.startswith(f"已记下：工单 {answered.number} 的问题没有解决。")
        assert titles(reply) == ["补充说明", "转人工"]
    assert (await now_at(desk, answered)).state is State.CALL_BACK
    assert await steps(desk, answered) == [(Step.CONTESTED, note)]


async def test_it_is_noted_once_for_an_answer_and_again_for_the_next(
    desk: Desk, thread: Thread, answered: Ticket
) -> None:
    await contest(desk, await writes(desk, thread, "没有解决"), Context())
    await said(desk, thread, "已记下", answered.number)
    reply = await contest(desk, await writes(desk, thread, "没有解决啊"), Context())
    assert "已经记下过您反映的情况" in reply.text
    await move(desk, answered, Step.REWORKED, Step.DRAFTED, Step.RELEASED)
    await contest(desk, await writes(desk, thread, "没有解决"), Context())
    taken = [step for step, _ in await steps(desk, answered)]
    assert taken == [Step.CONTESTED, Step.REWORKED, Step.DRAFTED, Step.RELEASED, Step.CONTESTED]


async def test_after_an_answer_of_the_bots_it_is_of_that_and_the_ticket_is_one_press_away(
    desk: Desk, thread: Thread, answered: Ticket
) -> None:
    await said(desk, thread, "【用水报装·所需材料】…", None)
    reply = await contest(desk, await writes(desk, thread, "没有解决"), Context("water-connection"))
    assert (reply.outcome, reply.article, reply.intent) == ("unknown", "water-connection", "unsolved")
    assert reply.buttons[0].title == f"是工单 {answered.number} 没有解决"
    assert reply.buttons[0].payload == f'/unsolved{{"ticket_number": "{answered.number}"}}'
    assert await steps(desk, answered) == []
    pressed = await writes(desk, thread, reply.buttons[0].title)
    named = Contested(pressed.thread_id, pressed.message_id, pressed.text, answered.number)
    assert (await contest(desk, named, Context())).text.startswith("已记下")


async def test_a_ticket_of_somebody_else_is_not_touched(desk: Desk, thread: Thread, answered: Ticket) -> None:
    async with desk.database.write() as session:
        stranger = await open_thread(session, channel="web", address="b", at=desk.clock(), new_id=desk.new_id)
    message = await writes(desk, stranger, "没有解决")
    named = Contested(message.thread_id, message.message_id, message.text, answered.number)
    reply = await contest(desk, named, Context())
    assert reply.outcome == "unknown" and answered.number not in reply.text
    assert await steps(desk, answered) == []


async def test_while_it_is_handled_and_after_its_end_it_is_said_what_can_be_done(
    desk: Desk, thread: Thread
) -> None:
    ticket = await filed(desk, thread)
    await said(desk, thread, "已登记", ticket.number)
    reply = await contest(desk, await writes(desk, thread, "没有解决"), Context())
    assert "还在办理" in reply.text and titles(reply) == ["催办", "补充说明", "撤回", "转人工"]
    await move(desk, ticket, *TO_ANSWER, Step.CALL_BACK_DUE, Step.CALLED_BACK)
    reply = await contest(desk, await writes(desk, thread, "没有解决"), Context())
    assert "申请复核" in reply.text and titles(reply) == ["转人工"]
    await move(desk, ticket, Step.REEXAMINATION_ASKED)
    reply = await contest(desk, await writes(desk, thread, "没有解决"), Context())
    assert reply.text == f"工单 {ticket.number} 正在复核，结果会发到这里。"
    assert Step.CONTESTED not in [step for step, _ in await steps(desk, ticket)]


async def test_a_bad_level_said_of_an_answer_counts_as_no_solution(
    desk: Desk, thread: Thread, answered: Ticket
) -> None:
    assert await dissatisfied(desk, await writes(desk, thread, "我要评价")) is None
    assert await dissatisfied(desk, await writes(desk, thread, "满意")) is None
    reply = await dissatisfied(desk, await writes(desk, thread, "不满意"))
    assert reply is not None and reply.text.startswith("已记下")
    assert (await now_at(desk, answered)).state is State.CALL_BACK


async def test_more_can_be_said_of_it_until_it_is_closed(
    desk: Desk, thread: Thread, answered: Ticket
) -> None:
    talk = TicketTalk(Act.SUPPLEMENT, number=answered.number, note="二楼还是没有水")
    reply = await act_on(desk, thread.id, 900, talk)
    assert reply.text == f"补充的内容已记入工单 {answered.number}，回访的工作人员会看到。"
    assert titles(reply) == ["没有解决", "补充说明", "转人工"]
    await move(desk, answered, Step.CALL_BACK_DUE, Step.CALLED_BACK)
    reply = await act_on(desk, thread.id, 901, talk)
    assert "不能再补充说明" in reply.text
