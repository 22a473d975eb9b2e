"""The fake of WeChat's API keeps the vendor's rules, and clients of others that know only the vendor get on with it."""

from __future__ import annotations

import importlib
import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from tests.connectors.wechat.connected import FOLLOWER, SEND
from tests.connectors.wechat.fake_account import (
    TEST_ACCOUNT,
    UNVERIFIED_SERVICE,
    UNVERIFIED_SUBSCRIPTION,
    VERIFIED_SUBSCRIPTION,
    Kind,
)
from tests.connectors.wechat.fake_api import FakeWeChat, Fault
from tests.fakes import HandClock
from tests.peers.node import PEERS, node

PICTURE = b"\xff\xd8\xff\xe0 a picture"
MENU: dict[str, Any] = {
    "button": [
        {"name": "办事咨询", "sub_button": [{"type": "click", "name": "用水报装", "key": "ask.water"}]},
        {"type": "click", "name": "转人工", "key": "human"},
    ]
}


@pytest.fixture
def fake(fake: FakeWeChat) -> FakeWeChat:
    fake.account.stores("M1", "image/jpeg", PICTURE)
    return fake


@pytest.fixture
def raw(fake: FakeWeChat) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=fake.address, timeout=30, trust_env=False) as client:
        yield client


def got(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


def stable(raw: httpx.Client, fake: FakeWeChat, *, force: bool = False, **other: str) -> dict[str, Any]:
    body = {"grant_type": "client_credential", "appid": fake.account.app_id, "secret": fake.account.secret}
    return got(raw.post("/cgi-bin/stable_token", json={**body, "force_refresh": force, **other}))


def plain(raw: httpx.Client, fake: FakeWeChat) -> str:
    query = {"grant_type": "client_credential", "appid": fake.account.app_id, "secret": fake.account.secret}
    token: str = got(raw.get("/cgi-bin/token", params=query))["access_token"]
    return token


def passes(raw: httpx.Client, token: str) -> int:
    code: int = got(raw.get("/cgi-bin/getcallbackip", params={"access_token": token})).get("errcode", 0)
    return code


@pytest.fixture
def post(raw: httpx.Client, fake: FakeWeChat) -> Callable[..., int]:
    """POST with a good token; answers the errcode."""

    def call(path: str, body: Any) -> int:
        token = stable(raw, fake)["access_token"]
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        code: int = got(raw.post(f"/cgi-bin/{path}", params={"access_token": token}, content=content))[
            "errcode"
        ]
        return code

    return call


def text(content: str = "您好", to: str = FOLLOWER) -> dict[str, Any]:
    return {"touser": to, "msgtype": "text", "text": {"content": content}}


# The vendor's rules


def test_the_stable_token_stays_until_its_last_five_minutes(
    raw: httpx.Client, fake: FakeWeChat, clock: HandClock
) -> None:
    first = stable(raw, fake)
    clock.advance(timedelta(seconds=6900))
    again = stable(raw, fake)
    clock.advance(timedelta(seconds=1))
    later = stable(raw, fake)
    assert (first["expires_in"], again["expires_in"], later["expires_in"]) == (7200, 300, 7200)
    assert first["access_token"] == again["access_token"] != later["access_token"]
    assert passes(raw, first["access_token"]) == passes(raw, later["access_token"]) == 0
    clock.advance(timedelta(seconds=299))
    assert passes(raw, first["access_token"]) == 42001


def test_a_forced_refresh_ends_the_old_token_at_once_and_comes_every_thirty_seconds_at_most(
    raw: httpx.Client, fake: FakeWeChat, clock: HandClock
) -> None:
    first = stable(raw, fake)["access_token"]
    second = stable(raw, fake, force=True)["access_token"]
    assert passes(raw, first) == 42001
    assert stable(raw, fake, force=True)["access_token"] == second != first
    clock.advance(timedelta(seconds=30))
    assert stable(raw, fake, force=True)["access_token"] != second


def test_twenty_forced_refreshes_make_a_day(raw: httpx.Client, fake: FakeWeChat, clock: HandClock) -> None:
    for _ in range(20):
        assert "access_token" in stable(raw, fake, force=True)
        clock.advance(timedelta(minutes=1))
    assert stable(raw, fake, force=True)["errcode"] == 45009
    assert "access_token" in stable(raw, fake)


def test_the_two_kinds_of_token_do_not_touch_each_other(
    raw: httpx.Client, fake: FakeWeChat, clock: HandClock
) -> None:
    kept = stable(raw, fake)["access_token"]
    first, second = plain(raw, fake), plain(raw, fake)
    assert first != second
    assert [passes(raw, token) for token in (kept, first, second)] == [0, 0, 0]
    clock.advance(timedelta(minutes=5))
    assert [passes(raw, token) for token in (kept, first, second)] == [0, 42001, 0]


@pytest.mark.parametrize(
    ("wrong", "code"), [({"appid": "x"}, 40013), ({"secret": "x"}, 40125), ({"grant_type": "x"}, 40002)]
)
def test_a_stranger_gets_no_token(
    wrong: dict[str, str], code: int, raw: httpx.Client, fake: FakeWeChat
) -> None:
    assert stable(raw, fake, force=False, **wrong)["errcode"] == code


def test_an_address_off_the_list_gets_no_token(raw: httpx.Client, fake: FakeWeChat) -> None:
    fake.account.address_allowed = False
    assert stable(raw, fake)["errcode"] == 40164


@pytest.mark.parametrize(("token", "code"), [("", 41001), ("forged", 40001)])
def test_no_call_passes_without_a_token_of_ours(token: str, code: int, raw: httpx.Client) -> None:
    assert passes(raw, token) == code


def test_five_messages_go_out_within_forty_eight_hours_of_one(
    post: Callable[..., int], fake: FakeWeChat, clock: HandClock
) -> None:
    clock.advance(timedelta(hours=47))
    assert [post("message/custom/send", text(f"{n}")) for n in range(6)] == [0, 0, 0, 0, 0, 45047]
    fake.account.writes(FOLLOWER)
    assert post("message/custom/send", text("6")) == 0
    clock.advance(timedelta(hours=48))
    assert post("message/custom/send", text("7")) == 45015
    assert fake.texts(FOLLOWER) == ["0", "1", "2", "3", "4", "6"]


def test_a_tap_gives_three_messages_in_one_minute(
    post: Callable[..., int], fake: FakeWeChat, clock: HandClock
) -> None:
    fake.account.taps("oTaps")
    assert [post("message/custom/send", text(f"{n}", "oTaps")) for n in range(4)] == [0, 0, 0, 45047]
    fake.account.taps("oTaps")
    clock.advance(timedelta(minutes=1))
    assert post("message/custom/send", text("late", "oTaps")) == 45015


def test_what_a_tap_gives_is_used_before_what_a_message_gave(
    post: Callable[..., int], fake: FakeWeChat, clock: HandClock
) -> None:
    fake.account.taps(FOLLOWER)
    assert post("message/custom/send", text()) == 0
    clock.advance(timedelta(minutes=2))
    assert [post("message/custom/send", text()) for _ in range(6)] == [0, 0, 0, 0, 0, 45047]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (rb'{"touser":"oPerson","msgtype":"text","text":{"content":"\u4f60"}}', 40033),
        (rb'{"touser":"oPerson","msgtype":"text","text":{"content":"\\u4f60"}}', 0),
        (b"not json", 47001),
        (b"[]", 47001),
        ({"touser": FOLLOWER, "msgtype": "Text", "Text": {"content": "x"}}, 40008),
        (text(to="oNobody"), 40003),
        (text(""), 44004),
        (text("长" * 682 + "ab"), 0),
        (text("长" * 682 + "abc"), 45002),
        ({"touser": FOLLOWER, "msgtype": "news", "news": {"articles": [{}, {}]}}, 45008),
        ({"touser": FOLLOWER, "msgtype": "image", "image": {"media_id": "gone"}}, 40007),
    ],
)
def test_a_message_is_looked_at(body: Any, code: int, post: Callable[..., int]) -> None:
    assert post("message/custom/send", body) == code


@pytest.mark.parametrize(
    ("kind", "custom", "msgmenu", "template", "menu"),
    [
        (VERIFIED_SUBSCRIPTION, 0, 40200, 48001, 0),
        (UNVERIFIED_SERVICE, 48001, 48001, 48001, 0),
        (UNVERIFIED_SUBSCRIPTION, 48001, 48001, 48001, 48001),
        (TEST_ACCOUNT, 0, 40200, 0, 0),
    ],
)
def test_a_kind_of_account_may_do_what_the_vendor_lists(
    kind: Kind,
    custom: int,
    msgmenu: int,
    template: int,
    menu: int,
    post: Callable[..., int],
    fake: FakeWeChat,
) -> None:
    fake.account.kind = kind
    assert post("message/custom/send", text()) == custom
    choices = {"head_content": "请选择", "list": [{"id": "1", "content": "用水"}], "tail_content": ""}
    body = {"touser": FOLLOWER, "msgtype": "msgmenu", "msgmenu": choices}
    assert post("message/custom/send", body) == msgmenu
    assert post("message/template/send", {"touser": FOLLOWER, "template_id": "T1", "data": {}}) == template
    assert post("menu/create", MENU) == menu


def test_typing_has_its_rules(post: Callable[..., int], clock: HandClock) -> None:
    def typing(command: str) -> int:
        return post("message/custom/typing", {"touser": FOLLOWER, "command": command})

    assert [typing("typing"), typing("Typing"), typing("Typing")] == [45072, 0, 45081]
    assert [typing("CancelTyping"), typing("Typing")] == [0, 0]
    assert [post("message/custom/send", text()), typing("Typing")] == [0, 0]
    clock.advance(timedelta(seconds=15))
    assert typing("Typing") == 0
    clock.advance(timedelta(seconds=16))
    assert typing("Typing") == 45080


@pytest.mark.parametrize(
    ("buttons", "code"),
    [
        ([], 40016),
        ([{"type": "click", "name": "一", "key": "k"}] * 4, 40016),
        ([{"type": "click", "name": "一二三四五六", "key": "k"}], 40018),
        ([{"type": "click", "name": "一", "key": "k" * 129}], 40019),
        ([{"name": "一", "sub_button": [{"type": "click", "name": "二", "key": "k"}] * 6}], 40023),
        ([{"name": "一", "sub_button": [{"type": "click", "name": "二" * 21, "key": "k"}]}], 40025),
        ([{"name": "一", "sub_button": [{"type": "click", "name": "二", "key": ""}]}], 40026),
    ],
)
def test_a_menu_has_its_limits(buttons: list[Any], code: int, post: Callable[..., int]) -> None:
    assert post("menu/create", {"button": buttons}) == code


def test_media_are_kept_for_three_days(raw: httpx.Client, fake: FakeWeChat, clock: HandClock) -> None:
    clock.advance(timedelta(days=3))
    query = {"media_id": "M1", "access_token": stable(raw, fake)["access_token"]}
    assert raw.get("/cgi-bin/media/get", params=query).content == PICTURE
    clock.advance(timedelta(seconds=1))
    assert got(raw.get("/cgi-bin/media/get", params=query))["errcode"] == 40007


# Faults to order


def test_a_fault_hits_so_many_calls_of_its_interface(post: Callable[..., int], fake: FakeWeChat) -> None:
    fake.fault(Fault(SEND, times=2, code=45011))
    assert post("menu/create", MENU) == 0
    assert [post("message/custom/send", text()) for _ in range(3)] == [45011, 45011, 0]
    assert len(fake.texts(FOLLOWER)) == 1
    assert len(fake.to("message/custom/send")) == 3


@pytest.mark.parametrize(("drop", "delivered"), [("before", []), ("after", ["您好"])])
def test_a_connection_is_cut_before_or_after_the_delivery(
    drop: Any, delivered: list[str], post: Callable[..., int], fake: FakeWeChat
) -> None:
    fake.fault(Fault(SEND, drop=drop))
    with pytest.raises(httpx.TransportError):
        post("message/custom/send", text())
    assert fake.texts(FOLLOWER) == delivered


# Clients of others


def test_wechatpy_gets_on_with_the_fake(fake: FakeWeChat, clock: HandClock) -> None:
    client, refused = _wechatpy(fake)
    assert client.message.send_text(FOLLOWER, "您好 😀")["errcode"] == 0
    menu = {"head_content": "请选择", "list": [{"id": "1", "content": "用水"}], "tail_content": ""}
    assert client.message.send_msg_menu(FOLLOWER, menu)["errcode"] == 0
    assert client.message.send_template(FOLLOWER, "T1", {"a": {"value": "一"}})["msgid"] == 1000
    assert client.menu.get() is None
    client.menu.create(MENU)
    assert client.menu.get()["menu"]["button"][0]["sub_button"] == MENU["button"][0]["sub_button"]
    client.menu.delete()
    assert client.misc.get_wechat_ips() == ["198.51.100.1", "203.0.113.0/24"]
    assert client.media.download("M1").content == PICTURE
    fake.account.expire_tokens()
    assert client.message.send_text(FOLLOWER, "再次")["errcode"] == 0
    assert fake.texts(FOLLOWER) == ["您好 😀", "再次"]
    article = {"title": "一", "description": "二", "url": "", "picurl": ""}
    codes = []
    for attempt in (
        lambda: client.message.send_text("oNobody", "x"),
        lambda: client.message.send_text(FOLLOWER, "长" * 683),
        lambda: client.message.send_articles(FOLLOWER, [article, article]),
        lambda: client.media.download("gone"),
        lambda: client.message.send_template("oNobody", "T1", {}),
        lambda: client.message.send_template(FOLLOWER, "T2", {}),
        lambda: client.message.send_template(FOLLOWER, "T1", {"time3": {"value": "昨天"}}),
        lambda: [client.message.send_text(FOLLOWER, "x") for _ in range(3)],
    ):
        with pytest.raises(refused) as error:
            attempt()
        codes.append(vars(error.value)["errcode"])
    assert codes == [40003, 45002, 45008, 40007, 43004, 40037, 47003, 45047]


def test_co_wechat_api_gets_on_with_the_fake(fake: FakeWeChat) -> None:
    answer = _driven(fake.address, fake.account.app_id, fake.account.secret, FOLLOWER, "T1", "M1")
    assert answer["text"]["errcode"] == 0
    assert fake.texts(FOLLOWER)[0] == '您好，您的投诉已受理 😀 "引号" \\u4e2d'
    assert answer["stranger"]["code"] == 40003
    assert answer["long"]["code"] == 45002
    assert (answer["template"]["errcode"], answer["template"]["msgid"]) == (0, 1000)
    assert answer["notices"] == [43004, 40037, 47003]
    assert answer["noMenu"]["code"] == 46003
    assert answer["created"]["errcode"] == answer["removed"]["errcode"] == 0
    assert [button["name"] for button in answer["menu"]["menu"]["button"]] == ["办事咨询", "转人工"]
    assert answer["ip"]["ip_list"] == ["198.51.100.1", "203.0.113.0/24"]
    assert bytes.fromhex(answer["media"]) == PICTURE
    assert answer["noMedia"]["code"] == 40007
    assert answer["quota"] == [0, 0, 0, 0, 45047]


def _wechatpy(fake: FakeWeChat) -> tuple[Any, type[Exception]]:
    """Its client on the fake's address, with its token's address, which it has fixed, overridden; and its error."""
    base = importlib.import_module("wechatpy").WeChatClient

    def fetch_access_token(self: Any) -> Any:
        query = {"grant_type": "client_credential", "appid": self.appid, "secret": self.secret}
        return self._fetch_access_token(url=f"{fake.address}/cgi-bin/token", params=query)

    members = {"API_BASE_URL": f"{fake.address}/cgi-bin/", "fetch_access_token": fetch_access_token}
    client = type("Client", (base,), members)(fake.account.app_id, fake.account.secret, timeout=30)
    client._http.trust_env = False
    refused: type[Exception] = importlib.import_module("wechatpy.exceptions").WeChatClientException
    return client, refused


def _driven(*words: str) -> dict[str, Any]:
    """What tests/peers/drive-fake-wechat.cjs prints."""
    program = node("co-wechat-api")
    done = subprocess.run(
        [program, str(PEERS / "drive-fake-wechat.cjs"), *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
