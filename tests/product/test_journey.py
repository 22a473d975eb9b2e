"""The main job from end to end: real Rasa, real database, the shipped articles."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy import text as sql

from tests.conftest import at_server, postgresql_database
from tests.product.served import Caller, Served

STORY = (
    "我要投诉",
    "供电公司报装拖了半个月都不给我们厂送电，找谁都不管",
    "尽快送电",
    "平顶山宏达机械有限公司",
    "跳过",
    "李明",
    "13903751234",
    "宝丰县",
    "不用保密",
)


FORGOTTEN_WITHIN = 30


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def standing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A product on SQLite, then one on PostgreSQL."""
    folder = tmp_path_factory.mktemp(request.param)
    with ExitStack() as stack:
        url = f"sqlite:///{folder / 'qifu.db'}"
        if request.param == "postgresql":
            server = request.getfixturevalue("postgresql_server")
            url = at_server(server, stack.enter_context(postgresql_database(server)))
        product = Served(folder, url)
        stack.callback(product.stop)
        product.start()
        yield product


@pytest.fixture
def served(standing: Served) -> Served:
    """The product that stands, started again where the test before has ended it."""
    if not standing.runs():
        standing.start()
    return standing


def test_an_enterprise_asks_complains_and_follows_its_ticket(served: Served) -> None:
    caller = Caller(served.url)
    answer = caller.last("用水报装要多久")
    assert (answer["outcome"], answer["article"], answer["aspect"]) == (
        "answered",
        "water-connection",
        "time",
    )
    assert "1个工作日" in answer["text"]
    assert "《全市优化营商环境工作情况通报》" in answer["text"]
    assert "2021-12-17" in answer["text"]

    answer = caller.last("那材料呢")
    assert (answer["article"], answer["aspect"]) == ("water-connection", "materials")
    answer = caller.last("燃气呢")
    assert (answer["article"], answer["aspect"]) == ("gas-connection", "materials")
    assert caller.last("办理时限")["aspect"] == "time"  # a button's label, typed

    for text in STORY:
        assert caller.last(text)["outcome"] == "form"
    assert "李明" in caller.history()[-1]["text"]
    between = caller.say("用电报装要多久")["replies"]
    assert [reply["outcome"] for reply in between] == ["answered", "form"]
    assert "13800001111" in caller.last("电话改成13800001111")["text"]

    receipt = caller.last("确认提交")
    assert receipt["outcome"] == "ticket"
    number = receipt["ticket"]
    assert number.startswith("PDS-")
    assert "3 个工作日" in receipt["text"]
    assert "待受理" in caller.last("我的工单到哪一步了")["text"]
    assert "催办" in caller.last("催一下")["text"]

    stranger = Caller(served.url)
    assert "后四位" in stranger.last(f"查一下工单 {number}")["text"]
    assert "对不上" in stranger.last("9999")["text"]
    assert "待受理" in stranger.last("1111")["text"]

    answered(served.database, number)
    assert "已答复" in caller.last("我的工单咋样了")["text"]
    contested = caller.last("还是没给送电，没有解决啊")
    assert (contested["outcome"], contested["ticket"]) == ("ticket", number)
    assert contested["text"].startswith(f"已记下：工单 {number} 的问题没有解决")
    assert "待回访" in caller.last("我的工单到哪一步了")["text"]
    assert "回访的工作人员会看到" in [caller.last("补充说明"), caller.last("二车间还是没有电")][1]["text"]

    handed = caller.last("转人工")
    assert handed["outcome"] == "handoff"


def test_a_ticket_is_withdrawn_by_who_filed_it(served: Served) -> None:
    caller = Caller(served.url)
    for text in (*STORY, "确认提交"):
        receipt = caller.last(text)
    assert "不再办理" in caller.last("撤回投诉")["text"]
    assert "撤回" in caller.last("确定撤回")["text"]
    assert "已撤回" in caller.last(f"查一下工单 {receipt['ticket']}")["text"]


def answered(database_url: str, number: str) -> None:
    """A department has answered it."""
    engine = create_engine(database_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(
            sql("UPDATE tickets SET state = 'answered', department = 'power' WHERE number = :number"),
            {"number": number},
        )
    engine.dispose()


def test_a_repeated_id_gets_the_same_replies_and_takes_no_second_turn(served: Served) -> None:
    caller = Caller(served.url)
    first = caller.say("公司注销怎么办", id="same")
    second = caller.say("公司注销怎么办", id="same")
    assert first == second
    assert len(caller.history()) == 2


def test_the_events_replay_from_the_last_id_seen(served: Served) -> None:
    caller = Caller(served.url)
    asked = caller.say("发票怎么领")
    url = f"{served.url}/api/conversations/{caller.id}/events"
    headers = {**caller.headers, "Last-Event-ID": str(asked["message"]["id"])}
    with httpx.stream("GET", url, headers=headers, timeout=20) as stream:
        ids = next(line for line in stream.iter_lines() if line.startswith("id: "))
    assert ids == f"id: {asked['replies'][0]['id']}"


def test_a_confirmed_complaint_is_one_ticket_whatever_is_killed(served: Served) -> None:
    caller = Caller(served.url)
    steps = [*STORY, "确认提交"]
    for number, text in enumerate(steps):
        caller.say(text, id=f"step-{number}")
        if number % 3 == 0 or text == "确认提交":
            served.kill()
            served.start()
        elif number % 3 == 1:
            os.kill(served.rasa_pid(), signal.SIGKILL)
            served.await_health(503)
            served.await_health(200)
        again = caller.say(text, id=f"step-{number}")
        assert not again["pending"]
    receipts = [m for m in caller.history() if m["outcome"] == "ticket"]
    assert len(receipts) == 1
    assert caller.last("查询进度")["ticket"] == receipts[0]["ticket"]


def test_a_message_that_comes_while_rasa_is_away_is_answered_later(served: Served) -> None:
    caller = Caller(served.url)
    os.kill(served.rasa_pid(), signal.SIGKILL)
    turn = caller.say("用气报装要多少钱", id="early")
    assert turn["pending"]
    served.await_health(200)
    for _ in range(100):
        turn = caller.say("用气报装要多少钱", id="early")
        if not turn["pending"]:
            break
        time.sleep(0.2)
    assert [reply["article"] for reply in turn["replies"]] == ["gas-connection"]


def test_ctrl_c_ends_a_rasa_that_hangs(served: Served) -> None:
    rasa = served.rasa_pid()
    os.kill(rasa, signal.SIGSTOP)
    served.stop(patience=30)
    with pytest.raises(ProcessLookupError):
        os.kill(rasa, 0)


def test_the_first_start_prints_a_password_once_and_keeps_only_its_hash(tmp_path: Path) -> None:
    product = Served(tmp_path)
    for _ in range(2):
        product.launch()
        product.await_health()
        product.stop()
    printed = [line for line in product.log().splitlines() if "一次性密码" in line]
    assert len(printed) == 1
    password = printed[0].split("：")[-1].strip()
    assert password.encode() not in (tmp_path / "qifu.db").read_bytes()


def test_an_enterprise_links_two_talks_and_has_one_of_them_erased(served: Served) -> None:
    one, other = Caller(served.url), Caller(served.url)
    wrong = f"{STORY[1]}，三车间停工"  # nobody else has said that
    for text in (STORY[0], wrong, *STORY[2:]):
        one.say(text)
    number = one.last("确认提交")["ticket"]
    asked = one.last("我想把这边和微信绑一起")["text"]
    code = asked.partition("绑定码：")[2][:8]
    assert "绑定成功" in other.last(code)["text"]
    assert "不是您本人操作" in one.history()[-1]["text"]
    assert number in other.last("我的工单到哪一步了")["text"]

    assert one.last("个人信息说明")["buttons"] == [{"title": "删除我的信息"}]
    told = one.last("删除我的信息")
    assert number in told["text"]
    assert [button["title"] for button in told["buttons"]] == ["确定删除", "先撤回工单", "不删除"]
    assert remembered(served.data, wrong)
    assert "已确认" in one.last("确定删除")["text"]
    assert "删除" in one.history()[-1]["text"]
    assert one.last("用水报装要多久")["article"] == "water-connection"
    assert one.history()[0]["text"] == "用水报装要多久"
    assert "已与这里解除绑定" in other.history()[-1]["text"]
    stranger = Caller(served.url)
    stranger.say(f"查一下工单 {number}")
    assert "待受理" in stranger.last("1234")["text"]

    end = time.monotonic() + FORGOTTEN_WITHIN
    while remembered(served.data, wrong):
        assert time.monotonic() < end
        time.sleep(0.5)


def remembered(data: Path, text: str) -> int:
    """How many events of the dialogue model hold a text."""
    with closing(sqlite3.connect(data / "rasa.db")) as trackers:
        words = json.dumps(text)[1:-1]
        found: tuple[int] = trackers.execute(
            "SELECT count(*) FROM events WHERE data LIKE ?", [f"%{words.replace(chr(92), '_')}%"]
        ).fetchone()
        return found[0]
