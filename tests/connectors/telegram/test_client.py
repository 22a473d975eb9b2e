"""Sending through the real library to a Bot API that fails as the real one does."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from connectors.telegram.account import Account
from connectors.telegram.buttons import Key, keyboard
from connectors.telegram.client import Client
from connectors.telegram.commands import COMMANDS
from connectors.telegram.files import Files
from connectors.telegram.incoming import Incoming
from connectors.telegram.line import Line
from connectors.telegram.outcomes import Fetched, NotSent, Refused, RetryAfter, Sent, Unknown
from connectors.telegram.pace import Pace
from connectors.telegram.secrecy import HIDDEN, TokenFilter
from tests.connectors.served import cutting, keeping
from tests.connectors.telegram import faults as f
from tests.connectors.telegram.faults import TOKEN, Faults
from tests.connectors.telegram.front import free_port

AT = datetime(2026, 11, 23, tzinfo=UTC)


@asynccontextmanager
async def opened(url: str, token: str = TOKEN, proxy: str | None = None) -> AsyncIterator[Line]:
    line = Line(token, base_url=url, proxy=proxy, read_seconds=1.0)
    try:
        yield line
    finally:
        await line.close()


class HandTime:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


async def test_a_text_goes_out_as_it_is_with_its_buttons_and_what_it_answers(
    client: Client, faults: Faults
) -> None:
    outcome = await client.send("55", "<b> *a* _b_ 😀", keys=keyboard(7, ["是", "否"]), reply_to=3)
    assert outcome == Sent(1)
    [sent] = faults.of("sendMessage")
    assert sent["text"] == "<b> *a* _b_ 😀"
    assert "parse_mode" not in sent
    assert '"callback_data": "o:7:1"' in sent["reply_markup"]
    assert '"message_id": 3' in sent["reply_parameters"]
    assert '"allow_sending_without_reply": true' in sent["reply_parameters"]


async def test_a_long_text_goes_out_in_parts_with_the_buttons_under_the_last(
    client: Client, faults: Faults
) -> None:
    text = "一二三四五六七八九。" * 900
    assert await client.send("55", text, keys=keyboard(7, ["是"]), reply_to=3) == Sent(3)
    sent = faults.of("sendMessage")
    assert "".join(body["text"] for body in sent) == text
    assert ["reply_markup" in body for body in sent] == [False, False, True]
    assert ["reply_parameters" in body for body in sent] == [True, False, False]


async def test_parts_that_went_out_are_not_sent_again(client: Client, faults: Faults) -> None:
    text = "一二三四五六七八九。" * 900
    faults.refuse_all.add(55)
    assert await client.send("55", text, done=1) == RetryAfter(7, whole_bot=False, done=1)
    faults.refuse_all.clear()
    again = Client(client._line, pace=Pace(chat_gap=0, bot_gap=0))
    assert isinstance(await again.send("55", text, done=1), Sent)
    assert "".join(body["text"] for body in faults.of("sendMessage")[1:]) == text[4090:]


async def test_the_failing_api_refuses_a_text_and_data_that_are_too_long(line: Line, client: Client) -> None:
    too_long = await line.call(line.api.send_message(55, "字" * 4097))
    assert too_long == Refused("bad_request", permanent=True, detail="Message is too long")
    outcome = await client.send("55", "x", keys=((Key("k", "d" * 65),),))
    assert outcome == Refused("bad_request", permanent=True, detail="Button_data_invalid")


@pytest.mark.parametrize(
    ("chat", "reason"),
    [(f.BLOCKED, "unreachable"), (f.GONE, "unreachable"), (f.MOVED, "unreachable"), (f.BAD, "bad_request")],
)
async def test_what_will_never_arrive_is_refused_for_good(client: Client, chat: int, reason: str) -> None:
    outcome = await client.send(str(chat), "您好")
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.permanent) == (reason, True)


async def test_a_conflict_and_a_wrong_token_are_not_the_messages_fault(client: Client, faulty: str) -> None:
    conflict = await client.send(str(f.CONFLICT), "您好")
    assert isinstance(conflict, Refused)
    assert (conflict.reason, conflict.permanent) == ("conflict", False)
    async with opened(faulty, "1:wrong-token-wrong-token") as line:
        outcome = await Client(line).send("55", "您好")
    assert isinstance(outcome, Refused)
    assert (outcome.reason, outcome.permanent) == ("token", False)


@pytest.mark.parametrize(
    ("chat", "doubt"), [(f.SLOW, "timeout"), (f.CUT, "cut"), (f.GATEWAY, "server"), (f.ODD, "answer")]
)
async def test_a_message_without_a_usable_answer_is_unknown_and_sent_only_once(
    client: Client, faults: Faults, chat: int, doubt: str
) -> None:
    outcome = await client.send(str(chat), "您好")
    assert isinstance(outcome, Unknown)
    assert outcome.doubt == doubt
    assert len(faults.of("sendMessage")) == 1


async def test_a_connection_that_is_cut_without_a_word_is_unknown() -> None:
    with cutting() as url:
        async with opened(url) as line:
            assert await Client(line).send("55", "您好") == Unknown("cut", "RemoteProtocolError")


async def test_a_message_that_never_left_can_be_repeated() -> None:
    async with opened(f"http://127.0.0.1:{free_port()}") as line:
        assert await Client(line).send("55", "您好") == NotSent("ConnectError")
    proxy = f"http://127.0.0.1:{free_port()}"
    async with opened("https://api.telegram.invalid", proxy=proxy) as line:
        assert await Client(line).send("55", "您好") == NotSent("ConnectError")


async def test_a_429_stops_its_chat_and_no_other_until_a_second_chat_gets_one(
    line: Line, faults: Faults
) -> None:
    time = HandTime()
    client = Client(line, clock=time.clock, sleep=time.sleep)
    assert await client.send(str(f.SLOWER), "您好") == RetryAfter(7, whole_bot=False)
    assert await client.send(str(f.SLOWER), "您好") == RetryAfter(7, whole_bot=False)
    assert len(faults.of("sendMessage")) == 1  # the second was not even tried
    assert isinstance(await client.send("55", "您好"), Sent)
    faults.refuse_all.add(56)
    assert await client.send("56", "您好") == RetryAfter(7, whole_bot=True)
    held = await client.send("55", "您好")
    assert isinstance(held, RetryAfter)
    assert held.whole_bot
    time.now += 8
    assert isinstance(await client.send("55", "您好"), Sent)


async def test_a_429_of_a_gateway_is_one_too(client: Client) -> None:
    assert await client.send(str(f.GATE_429), "您好") == RetryAfter(30, whole_bot=False)


async def test_a_refusal_by_a_gateway_does_not_make_a_person_unreachable(client: Client) -> None:
    assert isinstance(await client.send(str(f.GATE_403), "您好"), NotSent)


async def test_a_fault_of_the_library_is_not_taken_for_a_refusal(faulty: str) -> None:
    async with opened(faulty) as line:
        await line.close()
        assert isinstance(await Client(line).send("55", "您好"), Unknown)


async def test_messages_to_one_chat_are_a_second_apart(line: Line) -> None:
    time = HandTime()
    client = Client(line, pace=Pace(bot_gap=0), clock=time.clock, sleep=time.sleep)
    for _ in range(3):
        await client.send("55", "您好")
    await client.send("56", "您好")
    assert time.slept == [0.0, 1.0, 1.0, 0.0]


async def test_nothing_is_sent_for_a_text_of_blanks(client: Client, faults: Faults) -> None:
    outcome = await client.send("55", " \n ")
    assert outcome == Refused("bad_request", permanent=True, detail="nothing to send")
    assert faults.calls == []


async def test_a_pressed_button_is_answered_and_typing_is_shown(client: Client, faults: Faults) -> None:
    await client.acknowledge(Incoming(1, "option", "55", AT, callback="77"))
    await client.acknowledge(Incoming(2, "group", "-1001", AT, callback="78"))
    assert [body["callback_query_id"] for body in faults.of("answerCallbackQuery")] == ["77", "78"]
    assert faults.of("sendChatAction") == [{"chat_id": "55", "action": "typing"}]


async def test_typing_is_shown_anew_every_four_seconds_until_cancelled(line: Line, faults: Faults) -> None:
    shown = asyncio.Event()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            shown.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(Client(line, sleep=sleep).keep_typing("55"))
    await shown.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert waits == [4.0, 4.0, 4.0]
    assert len(faults.of("sendChatAction")) == 3


async def test_acknowledging_does_not_fail_where_telegram_is_away() -> None:
    async with opened(f"http://127.0.0.1:{free_port()}") as line:
        client = Client(line)
        await client.acknowledge(Incoming(1, "option", "55", AT, callback="77"))
        assert await client.answer_callback("77", "字" * 500) is False


async def test_a_file_is_fetched_within_its_limit(line: Line, faults: Faults) -> None:
    faults.files = {"fine": (5, b"12345"), "told": (6, b"123456"), "liar": (1, b"x" * 300_000)}
    files = Files(line)
    assert await files.fetch("fine", 5) == Fetched(b"12345")
    assert await files.fetch("told", 5) == Refused("too_large", permanent=True)
    assert await files.fetch("liar", 100_000) == Refused("too_large", permanent=True)
    huge = await files.fetch("huge")
    assert isinstance(huge, Refused)
    assert huge.reason == "too_large"
    assert await files.fetch("lost") == Refused("bad_request", permanent=True, detail="HTTP 404")


async def test_a_file_that_cannot_be_fetched_now_can_be_fetched_later() -> None:
    with cutting() as url:
        async with opened(url) as line:
            assert isinstance(await Files(line).fetch("fine"), NotSent)


async def test_the_commands_are_set_in_english_and_in_chinese(line: Line, faults: Faults) -> None:
    assert await Account(line).set_commands() is None
    english, chinese = faults.of("setMyCommands")
    assert "language_code" not in english
    assert chinese["language_code"] == "zh"
    assert "all_private_chats" in english["scope"]
    for command in COMMANDS:
        assert command.english in english["commands"]
        assert command.name in chinese["commands"]


async def test_the_webhook_is_set_with_its_secret_and_exactly_what_is_wanted(
    line: Line, faults: Faults
) -> None:
    account = Account(line)
    assert await account.set_webhook("https://a.gov.cn/x", "s3cret", connections=10) is None
    [hook] = faults.of("setWebhook")
    assert hook == {
        "url": "https://a.gov.cn/x",
        "secret_token": "s3cret",
        "max_connections": "10",
        "allowed_updates": '["message", "edited_message", "callback_query", "my_chat_member"]',
        "drop_pending_updates": "false",
    }


async def test_the_username_is_asked_once(line: Line, faults: Faults) -> None:
    account = Account(line)
    assert account.known_username == ""
    assert [await account.username(), await account.username()] == ["QifuBot", "QifuBot"]
    assert account.known_username == "QifuBot"
    assert len(faults.of("getMe")) == 1


async def test_settings_tell_their_trouble_instead_of_raising() -> None:
    async with opened(f"http://127.0.0.1:{free_port()}") as line:
        account = Account(line)
        calls: list[Callable[[], Awaitable[object]]] = [
            account.username,
            account.set_commands,
            account.delete_webhook,
            lambda: account.set_webhook("https://a.gov.cn/x", "s"),
        ]
        assert [await call() for call in calls] == [NotSent("ConnectError")] * 4


async def test_the_token_is_in_no_log_line_however_much_is_logged(
    faulty: str, faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    faults.files = {"fine": (5, b"12345")}
    async with opened(faulty) as line:
        for name in ("httpx", "httpcore", "telegram"):
            caplog.set_level(logging.DEBUG, logger=name)
        caplog.set_level(logging.DEBUG)
        await Client(line).send("55", "您好")
        await Client(line).send(str(f.GATEWAY), "您好")
        await Files(line).fetch("fine")
        await Account(line).updates(0, seconds=0)
    assert "sendMessage" in caplog.text  # it was loud indeed
    assert TOKEN not in caplog.text
    assert TOKEN.partition(":")[2] not in caplog.text


async def test_the_token_is_in_no_outcome(faulty: str) -> None:
    async with opened(faulty, "1:wrong-token-wrong-token") as line:
        refused = await line.call(line.api.initialize())
        assert "wrong-token" not in str(refused)
        assert HIDDEN in str(refused)


def test_the_filter_cleans_arguments_and_tracebacks(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("tests.secrecy")
    kept = TokenFilter(TOKEN)
    logger.addFilter(kept)
    try:
        raise ValueError(f"https://api.telegram.org/bot{TOKEN}/getMe")
    except ValueError:
        logger.exception("calling %s", f"/bot{TOKEN}/getMe")
    logger.removeFilter(kept)
    assert TOKEN not in caplog.text
    assert f"bot{HIDDEN}/getMe" in caplog.text
    assert "ValueError" in caplog.text


async def test_the_usual_loggers_are_quiet() -> None:
    async with opened("http://127.0.0.1:9"):
        assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
        assert not logging.getLogger("httpcore.http11").isEnabledFor(logging.INFO)
        assert not logging.getLogger("telegram.Bot").isEnabledFor(logging.INFO)


async def test_a_connection_is_given_up_before_a_server_would_close_it() -> None:
    async with keeping(b'{"ok": true, "result": true}') as (url, asked), opened(url) as line:
        for pause in (0.0, 2.3, 0.0):
            assert await line.call(line.api.delete_webhook()) is True
            await asyncio.sleep(pause)
    assert asked == [2, 1]
