"""A file that comes with a message: where it belongs, what the person is told, and that it is kept once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select, update

from conversations.attachments import of_ticket
from conversations.models import Attachment, Author, Holder, Message, Person, Stored, Thread, Turn
from desk.complaints import attached_to_form, submit
from desk.desk import AttachmentLimits, Desk
from desk.intake.ask import ask
from desk.intake.form import SUMMARY, Form
from desk.keeping import cleaned
from desk.linking import code_in, link
from desk.receive import Handling, receive
from desk.ticket_talk import Act, TicketTalk, act_on, question
from desk.turns import take_turns
from desk.values import InboundMessage, Reply, SentFile, Utterance
from tests.desk.casework import move_ticket
from tests.desk.test_talk import VALUES
from tests.fakes import HandClock, ScriptedDialogue
from tickets.life import Doing
from tickets.models import Kind, Ticket
from tickets.states import Actor, Step
from tickets.tickets import by_number, events

_IDS = count(1)
NOT_FOR_DIALOGUE = Handling(for_dialogue=False)
PHOTO = SentFile("f1", "图片")
FORM = Reply("请问在哪个区县？", outcome="form", form="complaint")


async def sends(desk: Desk, file: SentFile = PHOTO, *, who: str = "55", **more: object) -> Message:
    """The message of a file that a person sends."""
    inbound = InboundMessage("telegram", f"m{next(_IDS)}", who, "［图片］", desk.clock(), file)
    return (await receive(desk, inbound, replace(NOT_FOR_DIALOGUE, **more))).message  # type: ignore[arg-type]


async def writes(desk: Desk, text: str, reply: Reply, *, who: str = "55") -> Message:
    """A person writes, and the bot replies so."""
    dialogue = desk.dialogue
    assert isinstance(dialogue, ScriptedDialogue)
    dialogue.answers[text] = (
        Utterance(reply.text, tuple(b.as_json() for b in reply.buttons), reply.detail()),
    )
    received = await receive(desk, InboundMessage("telegram", f"m{next(_IDS)}", who, text, desk.clock()))
    await take_turns(desk, received.thread_id)
    return received.message


async def confirms(desk: Desk, *, who: str = "55") -> str:
    """The form is confirmed; the number of the ticket."""
    message = await writes(desk, "确认提交", FORM, who=who)
    reply = await submit(
        desk, thread_id=message.thread_id, message_id=message.id, kind=Kind.COMPLAINT, values=VALUES
    )
    await writes(desk, "收据", reply, who=who)
    assert reply.ticket is not None
    return reply.ticket


async def said(desk: Desk) -> list[str]:
    """What the person was told by itself, in order."""
    async with desk.database.read() as session:
        rows = await session.scalars(
            select(Message.text).where(Message.author == Author.SYSTEM).order_by(Message.id)
        )
        return list(rows)


async def attachments(desk: Desk) -> list[Attachment]:
    async with desk.database.read() as session:
        return list(await session.scalars(select(Attachment).order_by(Attachment.message_id)))


async def ticket_of(desk: Desk, number: str) -> Ticket:
    async with desk.database.read() as session:
        ticket = await by_number(session, number)
    assert ticket is not None
    return ticket


async def supplements(desk: Desk, number: str) -> list[str]:
    ticket = await ticket_of(desk, number)
    async with desk.database.read() as session:
        return [e.note for e in await events(session, ticket.id) if e.step == Step.SUPPLEMENTED]


async def test_a_file_is_stored_with_its_message_and_its_answer_once(desk: Desk) -> None:
    inbound = InboundMessage("telegram", "1", "55", "［图片］", desk.clock(), PHOTO)
    received = await asyncio.gather(*(receive(desk, inbound, NOT_FOR_DIALOGUE) for _ in range(5)))
    assert len({one.message_id for one in received}) == 1
    [attachment] = await attachments(desk)
    assert (attachment.state, attachment.source, attachment.talk) == (Stored.PENDING, "f1", 1)
    assert len(await said(desk)) == 1
    assert received[0].message.turn == Turn.DONE


async def test_a_file_without_a_form_is_kept_and_the_way_to_a_complaint_is_told(desk: Desk) -> None:
    await sends(desk)
    [answer] = await said(desk)
    assert "工作人员可以查看" in answer and "我要投诉" in answer
    assert (await attachments(desk))[0].ticket_id is None


async def test_files_before_and_in_a_form_become_the_tickets(desk: Desk) -> None:
    await sends(desk, SentFile("f0", "图片"))
    message = await writes(desk, "我要投诉", FORM)
    await sends(desk, SentFile("f1", "文件", "合同.pdf"))
    assert (await said(desk))[-1] == "已收到文件，会随投诉一起提交。请接着回答上面的问题。"
    assert await attached_to_form(desk, message.thread_id) == "2 个（图片、合同.pdf）"
    number = await confirms(desk)
    ticket = await ticket_of(desk, number)
    async with desk.database.read() as session:
        assert [one.source for one in await of_ticket(session, ticket.id)] == ["f0", "f1"]
    assert await attached_to_form(desk, message.thread_id) == ""


async def test_the_receipt_tells_how_many_and_a_repeated_confirmation_changes_nothing(desk: Desk) -> None:
    await writes(desk, "我要投诉", FORM)
    await sends(desk)
    message = await writes(desk, "确认提交", FORM)
    replies = [
        await submit(
            desk, thread_id=message.thread_id, message_id=message.id, kind=Kind.COMPLAINT, values=VALUES
        )
        for _ in range(2)
    ]
    assert replies[0] == replies[1]
    assert "附件：1 个" in replies[0].text


async def test_a_file_sent_while_the_confirmation_is_at_work_is_not_lost(desk: Desk) -> None:
    """The ticket is there, its receipt is not yet: the bot's last word is still the form's."""
    await writes(desk, "我要投诉", FORM)
    inbound = InboundMessage("telegram", "c", "55", "确认提交", desk.clock())
    confirming = (await receive(desk, inbound)).message
    before = await sends(desk, SentFile("before", "图片"))
    reply = await submit(
        desk, thread_id=before.thread_id, message_id=confirming.id, kind=Kind.COMPLAINT, values=VALUES
    )
    await sends(desk, SentFile("after", "图片"))
    assert reply.ticket is not None
    assert reply.ticket in (await said(desk))[-1]
    ticket = await ticket_of(desk, reply.ticket)
    assert {one.ticket_id for one in await attachments(desk)} == {ticket.id}


async def test_submitting_and_sending_at_once_never_leave_a_file_that_was_promised(desk: Desk) -> None:
    for number in range(8):
        who = f"p{number}"
        message = await writes(desk, "我要投诉", FORM, who=who)
        confirming = await receive(desk, InboundMessage("telegram", f"c{number}", who, "好", desk.clock()))
        await asyncio.gather(
            sends(desk, SentFile(who, "图片"), who=who),
            submit(
                desk,
                thread_id=message.thread_id,
                message_id=confirming.message_id,
                kind=Kind.COMPLAINT,
                values=VALUES,
            ),
        )
    assert all(one.ticket_id for one in await attachments(desk))


async def test_a_file_after_a_ticket_was_talked_about_supplements_it_once(desk: Desk) -> None:
    number = await confirms(desk)
    await sends(desk, SentFile("f9", "文件", "现场.pdf"))
    assert (await said(desk))[-1] == f"已收到文件，已作为补充材料记入工单 {number}。"
    assert await supplements(desk, number) == ["附件：现场.pdf"]


async def test_staff_who_move_the_ticket_at_that_moment_and_the_file_do_not_lock_each_other_out(
    desk: Desk,
) -> None:
    for number in range(8):
        ticket = await ticket_of(desk, await confirms(desk, who=f"p{number}"))
        doing = Doing("zhang", Actor.DISPATCHER, desk.clock())
        await asyncio.gather(
            move_ticket(desk, ticket.id, Step.ACCEPTED, doing),
            *(sends(desk, who=f"p{number}") for _ in range(3)),
        )
        assert len(await supplements(desk, ticket.number)) == 3


async def test_a_file_in_place_of_the_words_of_a_supplement_goes_to_that_ticket(desk: Desk) -> None:
    first, second = await confirms(desk), await confirms(desk)
    asked = question(TicketTalk(Act.SUPPLEMENT, number=first), "note", [second, first])
    await writes(desk, "补充说明", asked)
    await sends(desk)
    assert (await said(desk))[-1].startswith(f"已收到图片，已作为补充材料记入工单 {first}。请接着")
    assert await supplements(desk, second) == []


async def test_a_ticket_that_is_withdrawn_takes_no_file(desk: Desk) -> None:
    number = await confirms(desk)
    message = await writes(desk, "撤回", FORM)
    talk = TicketTalk(Act.WITHDRAW, number=number, sure=True)
    await writes(desk, "好", await act_on(desk, message.thread_id, message.id, talk))
    await sends(desk)
    assert "还没有附在工单上" in (await said(desk))[-1]
    assert await supplements(desk, number) == []


async def test_a_ticket_of_somebody_else_takes_no_file(desk: Desk) -> None:
    number = await confirms(desk)
    await writes(desk, "查", Reply("……", outcome="ticket", ticket=number), who="77")
    await sends(desk, who="77")
    assert await supplements(desk, number) == []
    assert "还没有附在工单上" in (await said(desk))[-1]


async def test_a_ticket_of_a_linked_channel_takes_a_file(desk: Desk) -> None:
    number = await confirms(desk)
    asked = await writes(desk, "绑定", Reply("好。", outcome="smalltalk"), who="77")
    code = code_in((await link(desk, asked.thread_id, asked.id, "绑定")).text)
    said_there = await writes(desk, f"绑定 {code}", Reply("好。", outcome="smalltalk"))
    await link(desk, said_there.thread_id, said_there.id, f"绑定 {code}")
    await writes(desk, "查", Reply("……", outcome="ticket", ticket=number), who="77")
    await sends(desk, who="77")
    assert len(await supplements(desk, number)) == 1


async def test_a_day_later_a_file_is_not_guessed_to_be_for_the_old_ticket(
    desk: Desk, clock: HandClock
) -> None:
    number = await confirms(desk)
    clock.advance(timedelta(hours=7))
    await sends(desk)
    assert await supplements(desk, number) == []
    message = await writes(desk, "我要投诉", FORM)
    assert await attached_to_form(desk, message.thread_id) == "1 个（图片）"


async def test_a_file_of_an_earlier_talk_does_not_go_with_a_new_complaint(
    desk: Desk, clock: HandClock
) -> None:
    await sends(desk)
    clock.advance(timedelta(hours=7))
    message = await writes(desk, "我要投诉", FORM)
    assert await attached_to_form(desk, message.thread_id) == ""


async def test_a_form_that_waited_for_days_still_takes_a_file(desk: Desk, clock: HandClock) -> None:
    await writes(desk, "我要投诉", FORM)
    clock.advance(timedelta(days=3))
    await sends(desk)
    assert "会随投诉一起提交" in (await said(desk))[-1]


async def test_staff_who_hold_the_talk_have_the_file_and_the_bot_is_silent(desk: Desk) -> None:
    await writes(desk, "我要投诉", FORM)
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    message = await sends(desk)
    assert message.turn == Turn.STAFF
    assert await said(desk) == []
    await sends(desk, SentFile("f2", "文件", size=30_000_000))
    assert "没有收下" in (await said(desk))[-1]


async def test_nobody_fills_the_disk(desk: Desk, clock: HandClock) -> None:
    desk = replace(desk, attachments=AttachmentLimits(a_day=3))
    for _ in range(4):
        await sends(desk)
    await sends(desk, who="77")
    assert [one.state for one in await attachments(desk)] == [
        *[Stored.PENDING] * 3,
        Stored.REFUSED,
        Stored.PENDING,
    ]
    assert "24 小时内最多收 3 个" in (await said(desk))[3]
    clock.advance(timedelta(hours=25))
    await sends(desk)
    assert (await attachments(desk))[-1].state == Stored.PENDING


async def test_what_the_channel_says_is_too_large_is_not_even_fetched(desk: Desk) -> None:
    await sends(desk, SentFile("f", "文件", "大.pdf", size=21 * 1024 * 1024))
    [attachment] = await attachments(desk)
    assert (attachment.state, attachment.reason) == (
        Stored.REFUSED,
        "超过了 20 MB，请压缩后再发，或分成几个。",
    )


async def test_where_only_the_last_message_shows_options_the_open_question_shows_them_again(
    desk: Desk,
) -> None:
    offered = replace(FORM, buttons=())
    message = await writes(desk, "我要投诉", offered)
    async with desk.database.write() as session:
        await session.execute(
            update(Message).where(Message.answers_id == message.id).values(buttons=[{"title": "湛河区"}])
        )
    for again in (False, True):
        await sends(desk, ask_again=again)
    async with desk.database.read() as session:
        rows = await session.scalars(
            select(Message.buttons).where(Message.author == Author.SYSTEM).order_by(Message.id)
        )
    assert list(rows) == [[], [{"title": "湛河区"}]]


async def test_nothing_half_is_left_where_storing_fails(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("the process dies here")

    monkeypatch.setattr("desk.receive._answer", breaks)
    with pytest.raises(RuntimeError):
        await sends(desk)
    async with desk.database.read() as session:
        assert [list(await session.scalars(select(table))) for table in (Message, Attachment, Person)] == [
            [],
            [],
            [],
        ]


def test_the_summary_names_the_files(desk: Desk) -> None:
    form = Form(VALUES, SUMMARY)
    assert (
        "附件：2 个（图片、合同.pdf）"
        in ask(desk.intake, Kind.COMPLAINT, form, (), "2 个（图片、合同.pdf）").text
    )
    assert "附件" not in ask(desk.intake, Kind.COMPLAINT, form, ()).text


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../x", "x"),
        ("C:\\a\\合同.pdf", "合同.pdf"),
        ("a\u202egpj.exe\x00", "agpj.exe"),
        ("..", ""),
        ("", ""),
        ("长" * 300 + ".pdf", "长" * 96 + ".pdf"),
    ],
)
def test_a_name_loses_folders_and_what_cannot_be_seen(name: str, kept: str) -> None:
    assert cleaned(name) == kept
