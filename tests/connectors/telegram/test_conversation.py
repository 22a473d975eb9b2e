"""Updates on their way into the talk and the bot's own answers, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy import select, update

from app.loops import place_arrivals
from connectors.telegram.account import Account
from connectors.telegram.buttons import Option
from connectors.telegram.channel import TelegramChannel
from connectors.telegram.client import Client
from connectors.telegram.commands import LATE_BUTTON
from connectors.telegram.conversation import Conversation
from connectors.telegram.incoming import File, Incoming, Kind
from connectors.telegram.line import Line
from connectors.telegram.meanings import EDITED_IN_FORM, WELCOME
from conversations.models import Attachment, Author, Delivery, Holder, Message, Stored, Thread, Turn
from desk.delivery import deliver
from desk.desk import Desk
from desk.journal import Journal
from desk.turns import take_turns, waiting_threads
from desk.values import Utterance
from tests.connectors.telegram.faults import BLOCKED, Faults
from tests.fakes import HandClock, ScriptedDialogue

CHAT = 55
FORM = Utterance(
    "请问在哪个区县？",
    ({"title": "湛河区", "payload": "/inform"}, {"title": "新华区", "payload": "/inform"}),
    {"outcome": "form"},
)
ARTICLE = Utterance(
    "用水报装……", ({"title": "要什么材料", "payload": "/pick_aspect"},), {"outcome": "answered"}
)


@dataclass
class Bot:
    """A conversation over the failing API; each update gets the next id."""

    desk: Desk
    conversation: Conversation
    channel: TelegramChannel
    faults: Faults
    dialogue: ScriptedDialogue
    ids: int = field(default=100)

    def update(self, kind: Kind, chat: int = CHAT, **more: object) -> Incoming:
        self.ids += 1
        return replace(Incoming(self.ids, kind, str(chat), self.desk.clock()), **more)  # type: ignore[arg-type]

    async def gets(self, kind: Kind, chat: int = CHAT, **more: object) -> Incoming:
        """An update comes and everything that follows is done."""
        incoming = self.update(kind, chat, **more)
        await self.accept(incoming)
        return incoming

    async def accept(self, incoming: Incoming) -> None:
        await self.conversation.accept(incoming)
        await self.settle()

    async def settle(self) -> None:
        await asyncio.gather(*self.conversation._turns)
        await deliver(self.desk, [self.channel], lambda: 0.5)

    async def rows(self) -> Sequence[Message]:
        async with self.desk.database.read() as session:
            return (await session.scalars(select(Message).order_by(Message.id))).all()

    def said(self) -> list[str]:
        return [call["text"] for call in self.faults.of("sendMessage")]

    async def offer(self) -> int:
        """The id of the last message with buttons."""
        return next(row.id for row in reversed(await self.rows()) if row.buttons)

    def asked(self) -> list[str]:
        return [asking.written for asking in self.dialogue.askings]


@pytest.fixture
async def bot(
    desk: Desk, client: Client, line: Line, faults: Faults, dialogue: ScriptedDialogue
) -> AsyncIterator[Bot]:
    conversation = Conversation(desk, client, Account(line), max_letters=100)
    yield Bot(desk, conversation, TelegramChannel(client), faults, dialogue)
    await conversation.close()


async def test_a_text_is_stored_answered_and_sent(bot: Bot) -> None:
    await bot.gets("text", text="社保怎么交")
    assert bot.said() == ["echo 社保怎么交"]
    person, reply = await bot.rows()
    assert (person.external_id, person.turn, reply.delivery) == ("101", Turn.DONE, Delivery.SENT)
    assert reply.sent_id == "1"


async def test_an_update_that_comes_again_is_one_turn_and_one_answer(bot: Bot) -> None:
    for incoming in (
        bot.update("text", text="你好"),
        bot.update("photo", file=File("f")),
        bot.update("command", command="start"),
    ):
        await asyncio.gather(*(bot.conversation.accept(incoming) for _ in range(3)))
        await bot.accept(incoming)
    assert len(bot.asked()) == 1
    assert len(bot.said()) == 3
    assert len(await bot.rows()) == 6


async def test_start_welcomes_with_buttons_that_the_dialogue_understands(bot: Bot) -> None:
    await bot.gets("command", command="start", payload="from_site", text="/start from_site")
    assert bot.said() == [WELCOME]
    assert bot.asked() == []
    await bot.gets("option", option=Option(await bot.offer(), 3), callback="c")
    assert bot.asked() == ["转人工"]


async def test_start_with_a_code_links(bot: Bot) -> None:
    await bot.gets("command", command="start", payload="12345678", text="/start 12345678")
    assert bot.asked() == ["绑定 12345678"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("tickets", "查进度"),
        ("human", "转人工"),
        ("link", "绑定"),
        ("unlink", "解绑"),
        ("privacy", "个人信息说明"),
    ],
)
async def test_a_command_of_the_dialogue_is_said_in_words(bot: Bot, command: str, words: str) -> None:
    await bot.gets("command", command=command, text=f"/{command}")
    assert bot.asked() == [words]


async def test_link_brings_its_code_along(bot: Bot) -> None:
    await bot.gets("command", command="link", payload="48213907", text="/link 48213907")
    assert bot.asked() == ["绑定 48213907"]


async def test_help_is_answered_without_the_dialogue(bot: Bot) -> None:
    await bot.gets("command", command="help", text="/help")
    assert len(bot.said()) == 1
    assert bot.asked() == []


async def test_a_pressed_button_picks_the_option(bot: Bot) -> None:
    bot.dialogue.answers["报装"] = (ARTICLE,)
    await bot.gets("text", text="报装")
    await bot.gets("option", option=Option(await bot.offer(), 0), callback="c")
    assert [(asking.text, asking.written) for asking in bot.dialogue.askings][1:] == [
        ("/pick_aspect", "要什么材料")
    ]


async def test_a_button_pressed_twice_answers_one_question(bot: Bot) -> None:
    bot.dialogue.answers["投诉"] = (FORM,)
    await bot.gets("text", text="投诉")
    offer = await bot.offer()
    presses = [bot.update("option", option=Option(offer, 0), callback="c") for _ in range(3)]
    await asyncio.gather(*(bot.conversation.accept(press) for press in presses))
    await bot.settle()
    await bot.gets("option", option=Option(offer, 1), callback="c")
    assert bot.asked() == ["投诉", "湛河区"]
    assert len(bot.said()) == 2


async def test_a_button_of_an_earlier_question_is_told_to_be_late(bot: Bot) -> None:
    bot.dialogue.answers["投诉"] = (FORM,)
    await bot.gets("text", text="投诉")
    earlier = await bot.offer()
    await bot.gets("text", text="新华区")
    await bot.gets("option", option=Option(earlier, 0), callback="c")
    assert bot.asked() == ["投诉", "新华区"]
    assert bot.said()[-1] == LATE_BUTTON


@pytest.mark.parametrize("number", [0, 7])
async def test_a_button_of_somebody_else_or_of_nothing_picks_nothing(bot: Bot, number: int) -> None:
    bot.dialogue.answers["报装"] = (ARTICLE,)
    await bot.gets("text", chat=CHAT, text="报装")
    await bot.gets("text", chat=77, text="你好")
    await bot.gets("option", chat=77, option=Option(await bot.offer(), number), callback="c")
    assert bot.said()[-1] == LATE_BUTTON
    assert bot.asked() == ["报装", "你好"]


async def test_an_edited_question_is_asked_anew(bot: Bot) -> None:
    await bot.gets("text", text="社宝", message_id=9)
    await bot.gets("edited", text="社保", message_id=9)
    assert bot.asked() == ["社宝", "社保"]


async def test_an_edit_during_a_form_is_no_answer_to_the_next_question(bot: Bot) -> None:
    bot.dialogue.answers["投诉"] = (FORM,)
    await bot.gets("text", text="投诉", message_id=9)
    await bot.gets("edited", text="我要投诉", message_id=9)
    assert bot.asked() == ["投诉"]
    assert bot.said()[-1] == EDITED_IN_FORM
    await bot.gets("option", option=Option(await bot.offer(), 0), callback="c")
    assert bot.dialogue.askings[-1].text == "/inform"


async def test_a_photo_is_answered_honestly_and_its_caption_is_words(bot: Bot) -> None:
    await bot.gets("photo", file=File("f"))
    assert bot.asked() == []
    assert "已收到图片" in bot.said()[0] and "看不懂" in bot.said()[0]
    await bot.gets("photo", file=File("g"), text="路灯坏了")
    assert bot.asked() == ["路灯坏了"]
    assert bot.said()[2] == "echo 路灯坏了"


async def test_the_photos_of_an_album_get_one_answer(bot: Bot) -> None:
    for number in range(4):
        await bot.gets("photo", file=File(f"f{number}"), album="a1")
    assert len(bot.said()) == 1


@pytest.mark.parametrize(
    "kind", ["document", "too_large", "voice", "video", "sticker", "location", "other", "unknown_command"]
)
async def test_whatever_comes_gets_an_answer(bot: Bot, kind: Kind) -> None:
    await bot.gets(kind)
    assert len(bot.said()) == 1
    assert bot.said()[0].endswith("。")


async def test_a_text_that_is_too_long_is_told_so(bot: Bot) -> None:
    await bot.gets("text", text="办" * 101)
    assert bot.said() == ["一次最多 100 个字，请分几次发送。"]


async def test_a_group_gets_the_pointer_once(bot: Bot) -> None:
    for _ in range(3):
        await bot.gets("group", chat=-1001)
    assert len(bot.said()) == 1
    assert "私聊" in bot.said()[0]
    assert bot.faults.of("sendMessage")[0]["chat_id"] == "-1001"


async def test_staff_who_hold_the_talk_see_a_photo_and_the_bot_is_silent(bot: Bot) -> None:
    await bot.gets("text", text="你好")
    async with bot.desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    await bot.gets("photo", file=File("f"))
    assert len(bot.said()) == 1
    assert (await bot.rows())[-1].turn == Turn.STAFF
    await bot.gets("command", command="help", text="/help")
    assert len(bot.said()) == 2


async def test_who_blocked_the_bot_is_waited_for_until_they_let_us_write(bot: Bot) -> None:
    await bot.gets("text", chat=BLOCKED, text="一")
    await bot.gets("blocked", chat=BLOCKED)
    held = (await bot.rows())[-1]
    assert (held.author, held.delivery) == (Author.BOT, Delivery.HELD)
    assert "停用了机器人" in held.reason
    assert len(bot.said()) == 1  # the one that was refused
    await bot.gets("unblocked", chat=BLOCKED)
    assert len(bot.said()) == 2


async def test_what_came_while_the_model_was_away_is_answered_later(bot: Bot) -> None:
    bot.dialogue.down = True
    await bot.gets("text", text="你好")
    assert (await bot.rows())[-1].turn == Turn.WAITING
    bot.dialogue.down = False
    await take_turns(bot.desk, (await bot.rows())[0].thread_id)
    await bot.settle()
    assert bot.said() == ["echo 你好"]


async def test_a_photo_is_never_given_to_the_dialogue_not_even_by_another_process(bot: Bot) -> None:
    async def looks_for_turns() -> None:
        for _ in range(50):
            for thread_id in await waiting_threads(bot.desk):
                await take_turns(bot.desk, thread_id)
            await asyncio.sleep(0)

    others = asyncio.create_task(looks_for_turns())
    for number in range(10):
        await bot.conversation.accept(bot.update("photo", file=File(f"f{number}")))
    await others
    assert bot.asked() == []
    assert {row.turn for row in await bot.rows() if row.author == Author.PERSON} == {Turn.DONE}


async def test_a_file_that_is_too_large_is_told_and_listed_with_its_reason(bot: Bot) -> None:
    await bot.gets("too_large", file=File("f", 30_000_000, "验收报告.pdf"))
    assert bot.said() == ["没有收下这个文件：超过了 20 MB，Telegram 不提供。请压缩后再发，或分成几个。"]
    async with bot.desk.database.read() as session:
        [attachment] = await session.scalars(select(Attachment))
    assert (attachment.state, attachment.name) == (Stored.REFUSED, "验收报告.pdf")
    assert "20 MB" in attachment.reason


async def test_a_photo_with_too_long_a_caption_is_kept(bot: Bot) -> None:
    await bot.gets("photo", file=File("f"), text="办" * 101)
    [answer] = bot.said()
    assert "已收到图片" in answer and "一次最多 100 个字" in answer


async def test_of_an_album_one_that_is_not_taken_is_told_all_the_same(bot: Bot) -> None:
    await bot.gets("photo", file=File("f1"), album="a1")
    await bot.gets("document", file=File("f2", 21_000_000), album="a1")
    assert [text.partition("：")[0] for text in bot.said()][1:] == ["没有收下这个文件"]


async def test_nothing_breaks_where_a_stranger_blocks_or_unblocks(bot: Bot, clock: HandClock) -> None:
    await bot.gets("blocked")
    await bot.gets("unblocked")
    assert await bot.rows() == []


async def test_pushed_words_are_stored_at_once_and_a_button_comes_after_them(
    desk: Desk, client: Client, line: Line, dialogue: ScriptedDialogue, bot: Bot
) -> None:
    journal = Journal(desk)
    pushed = Conversation(desk, client, Account(line), max_letters=100, journal=journal)
    dialogue.answers["报装"] = (ARTICLE,)
    for _ in range(2):
        await pushed.take(bot.update("text", text="报装", chat=CHAT))
    assert await bot.rows() == []
    placing = asyncio.create_task(place_arrivals(journal))
    press = bot.update("option", option=Option(1, 0), callback="c")
    await pushed.take(press)
    assert [row.text for row in await bot.rows() if row.author == Author.PERSON][:2] == ["报装", "报装"]
    placing.cancel()
    await asyncio.gather(placing, return_exceptions=True)
    await pushed.close()


async def test_no_typing_is_shown_while_staff_hold_the_thread(
    desk: Desk, client: Client, line: Line, bot: Bot, faults: Faults
) -> None:
    journal = Journal(desk)
    pushed = Conversation(desk, client, Account(line), max_letters=100, journal=journal)
    await bot.gets("text", text="你好")
    async with desk.database.write() as session:
        await session.execute(update(Thread).values(holder=Holder.STAFF))
    before = len(faults.of("sendChatAction"))
    for _ in range(2):
        incoming = bot.update("text", text="在吗")
        await pushed.take(incoming)
        await journal.round()
        await pushed.acknowledge(incoming)
    assert len(faults.of("sendChatAction")) == before
    assert [row.turn for row in await bot.rows() if row.author == Author.PERSON][1:] == [Turn.STAFF] * 2
    await pushed.close()


async def test_typing_is_shown_as_soon_as_the_bot_has_pushed_words(
    desk: Desk, client: Client, line: Line, dialogue: ScriptedDialogue, bot: Bot, faults: Faults
) -> None:
    journal = Journal(desk)
    pushed = Conversation(desk, client, Account(line), max_letters=100, journal=journal)
    dialogue.gate = asyncio.Event()
    incoming = bot.update("text", text="你好")
    await pushed.take(incoming)
    await pushed.acknowledge(incoming)
    assert faults.of("sendChatAction") == []
    await journal.round()
    while not faults.of("sendChatAction"):
        await asyncio.sleep(0.01)
    dialogue.gate.set()
    await asyncio.gather(*pushed._turns)
    await pushed.close()
