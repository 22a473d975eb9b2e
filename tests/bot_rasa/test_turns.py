"""A turn over HTTP: who may take one, what comes back, what stays of one that failed."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.bot_rasa.action_server import ActionServer, Answer, says
from tests.bot_rasa.rasa_server import TOKEN, Rasa


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
@pytest.mark.parametrize("path", ["/", "/webhooks/rest/", "/webhooks/rest/webhook"])
def test_nothing_is_answered_without_the_token(rasa: Rasa, header: dict[str, str], path: str) -> None:
    with httpx.Client(base_url=rasa.http.base_url, headers=header) as stranger:
        assert stranger.get(path).status_code == 401
        assert stranger.post(path, json={"sender": "a", "message": "菜单"}).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"sender": "a"}',
        b'{"sender": "", "message": "x"}',
        b'{"sender": 1, "message": "x"}',
    ],
)
def test_what_is_not_a_message_is_refused(rasa: Rasa, body: bytes) -> None:
    assert rasa.http.post("/webhooks/rest/webhook", content=body).status_code == 400


def test_a_text_is_parsed_outside_of_any_talk(rasa: Rasa) -> None:
    answer = rasa.http.post("/webhooks/rest/parse", json={"message": "菜单"})
    found = answer.json()
    # This model's classifier is sure of one intent and ranks no others.
    assert (answer.status_code, found["intent"], found["ranking"]) == (200, "menu", {})
    assert found["confidence"] == pytest.approx(1.0)
    for body in (b"", b"[]", b'{"message": 1}', b"{}"):
        assert rasa.http.post("/webhooks/rest/parse", content=body).status_code == 400


def test_each_utterance_is_one_object_with_its_buttons_and_its_name(
    rasa: Rasa, actions: ActionServer
) -> None:
    assert rasa.say("菜单", "1", "whole") == [
        {"text": "第一句", "response": "utter_menu"},
        {"text": "第二句", "response": "utter_menu_more"},
    ]
    rasa.say("我要投诉", "2", "whole")
    [asked] = rasa.say("窗口太慢", "3", "whole")
    assert asked == {
        "text": "请留下电话。\n\n只用于回访。",
        "buttons": [{"title": "不留", "payload": "不留"}],
        "custom": {"outcome": "form"},
        "response": "utter_ask_phone",
    }


def test_what_an_action_says_comes_whole_too(rasa: Rasa, actions: ActionServer) -> None:
    offered = {
        "buttons": [{"title": "用水", "payload": "/ask"}],
        "custom": {"outcome": "clarify", "options": ["a"]},
    }
    actions.answers["action_answer"] = lambda call: says("哪一件？", **offered)
    assert rasa.say("查一查", "1", "action") == [{"text": "哪一件？", **offered}]


def test_an_action_is_called_with_the_token_the_message_id_and_no_domain(
    rasa: Rasa, actions: ActionServer
) -> None:
    rasa.say("查一查", "id-of-message", "call")
    [call] = actions.calls
    seen = [event for event in call["tracker"]["events"] if event["event"] == "user"]
    assert actions.authorizations == {f"Bearer {TOKEN}"}
    assert seen[-1]["metadata"]["message_id"] == "id-of-message"
    assert call["domain"] == {}


def test_a_repeated_message_gets_the_same_reply_and_no_second_action_call(
    rasa: Rasa, actions: ActionServer
) -> None:
    actions.answers["action_answer"] = lambda call: says(f"第{len(actions.calls)}次", custom={"n": 1})
    first = rasa.say("查一查", "1", "again")
    rasa.say("菜单", "2", "again")
    assert rasa.say("查一查", "1", "again") == first
    assert rasa.say("查一查", "3", "again") == [{"text": "第2次", "custom": {"n": 1}}]
    assert len(actions.calls) == 2


def test_the_same_message_id_of_another_person_is_another_message(rasa: Rasa, actions: ActionServer) -> None:
    rasa.say("查一查", "same", "one")
    rasa.say("查一查", "same", "other")
    assert len(actions.calls) == 2


MALFORMED: list[Any] = [
    {"events": "none"},
    {"responses": ["text"]},
    {"events": [{"event": "slot"}]},
    [],
    "text",
]


@pytest.mark.parametrize(
    "failure",
    [
        (500, {}),
        (401, {}),
        (400, {"action_name": "action_answer", "error": "x"}),
        (404, {}),
        (200, b"{not json"),
    ]
    + [(200, content) for content in MALFORMED],
)
def test_a_failing_action_fails_the_turn_and_leaves_no_trace(
    rasa: Rasa, actions: ActionServer, tracker: str, failure: Answer
) -> None:
    sender = f"fails-{failure}"
    rasa.say("我要投诉", "1", sender)
    actions.answers["action_submit"] = lambda call: failure
    rasa.say("窗口太慢", "2", sender)
    failed = rasa.post("13800000000", "3", sender)
    assert failed.status_code == 500 and "error" in failed.json()
    assert "13800000000" not in failed.text
    assert texts_kept(tracker, sender) == ["我要投诉", "窗口太慢"]
    actions.answers["action_submit"] = lambda call: says("已收到" + call["tracker"]["slots"]["phone"])
    assert rasa.say("13800000000", "3", sender) == [{"text": "已收到13800000000"}]
    assert texts_kept(tracker, sender) == ["我要投诉", "窗口太慢", "13800000000"]


def texts_kept(tracker: str, sender: str) -> list[str]:
    """What the tracker store holds of a person's messages."""
    with closing(sqlite3.connect(tracker.removeprefix("sqlite:///"))) as database:
        query = "SELECT data FROM events WHERE sender_id = ? AND type_name = 'user' ORDER BY id"
        return [json.loads(data)["text"] for (data,) in database.execute(query, [sender])]


def test_an_action_endpoint_that_breaks_off_fails_the_turn(rasa: Rasa, actions: ActionServer) -> None:
    def break_off(call: dict[str, Any]) -> Answer:
        raise ConnectionAbortedError

    actions.answers["action_answer"] = break_off
    assert rasa.post("查一查", "1", "broken").status_code == 500


def test_rules_without_end_fail_the_turn(rasa: Rasa, actions: ActionServer) -> None:
    follow = {"event": "followup", "name": "action_circle"}
    actions.answers["action_circle"] = lambda call: says("又来", follow)
    assert rasa.post("绕圈", "1", "circle").status_code == 500
    actions.answers.clear()
    assert rasa.say("绕圈", "1", "circle") == [{"text": "action_circle"}]


def test_a_talk_is_forgotten_for_the_holder_of_the_token(
    rasa: Rasa, actions: ActionServer, tracker: str
) -> None:
    rasa.say("我要投诉", "1", "gone.1")
    rasa.say("我要投诉", "1", "stays.1")
    with httpx.Client(base_url=rasa.http.base_url) as stranger:
        assert stranger.delete("/webhooks/rest/talks/gone.1").status_code == 401
    assert texts_kept(tracker, "gone.1") == ["我要投诉"]
    for _ in range(2):
        assert rasa.http.delete("/webhooks/rest/talks/gone.1").status_code == 204
    assert texts_kept(tracker, "gone.1") == []
    assert texts_kept(tracker, "stays.1") == ["我要投诉"]
    assert rasa.say("菜单", "1", "gone.1")[0]["text"] == "第一句"  # begins anew, also with an id that it knew
