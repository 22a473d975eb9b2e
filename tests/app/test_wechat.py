"""The WeChat channel in the whole product: there where it is set, gone where it is not."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from typer.testing import CliRunner

from app.cli import app as commands
from app.main import create_app
from app.settings import Settings
from connectors.wechat.crypto import sign
from connectors.wechat.menu import MENU
from connectors.wechat.routes import PATH
from store.clock import utc_now
from store.migrate import upgrade
from tests.connectors.wechat.fake_account import UNVERIFIED_SERVICE, Account
from tests.connectors.wechat.fake_api import FakeWeChat, served
from tests.connectors.wechat.vectors import KEY

WECHAT: dict[str, Any] = {
    "wechat_app_id": "wx0123456789abcdef", "wechat_app_secret": SecretStr("s" * 32),
    "wechat_token": SecretStr("abc123"), "wechat_aes_key": SecretStr(KEY),
}  # fmt: skip


def settings(folder: Path, **values: Any) -> Settings:
    return Settings(data=folder, rasa_url="http://127.0.0.1:9", **values)


async def asked(given: Settings, method: str, **request: Any) -> httpx.Response:
    transport = httpx.ASGITransport(create_app(given))
    async with httpx.AsyncClient(transport=transport, base_url="http://qifu") as client:
        return await client.request(method, PATH, **request)


def verification() -> dict[str, str]:
    timestamp, nonce = str(int(utc_now().timestamp())), secrets.token_hex(8)
    signature = sign("abc123", timestamp, nonce)
    return {"timestamp": timestamp, "nonce": nonce, "signature": signature, "echostr": "4375120948345356249"}


async def test_there_is_no_webhook_where_no_account_is_set(tmp_path: Path) -> None:
    assert (await asked(settings(tmp_path), "GET", params=verification())).status_code == 404


async def test_the_verification_passes_where_an_account_is_set(tmp_path: Path) -> None:
    answer = await asked(settings(tmp_path, **WECHAT), "GET", params=verification())
    assert (answer.status_code, answer.text) == (200, "4375120948345356249")


async def test_no_size_of_a_push_is_answered_in_json(tmp_path: Path) -> None:
    for size in (0, 63_000, 200_000):
        answer = await asked(settings(tmp_path, **WECHAT), "POST", content=b"x" * size)
        assert answer.status_code in (400, 413)
        assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("template", ["", "T1"])
async def test_the_product_starts_and_ends_with_the_channel(template: str, tmp_path: Path) -> None:
    given = settings(tmp_path, **WECHAT, wechat_ticket_template=template)
    upgrade(given.database_url())
    app = create_app(given)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://qifu") as client:
            assert (await client.get(PATH, params=verification())).status_code == 200


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"wechat_token": SecretStr("")}, "QIFU_WECHAT_TOKEN"),
        ({"wechat_aes_key": SecretStr("")}, "QIFU_WECHAT_AES_KEY"),
        ({"wechat_app_secret": SecretStr("")}, "QIFU_WECHAT_APP_SECRET"),
        ({"wechat_aes_key": SecretStr("short")}, "EncodingAESKey"),
        ({"wechat_ticket_template": "T1", "wechat_can_reply_later": False}, "QIFU_WECHAT_TICKET_TEMPLATE"),
        ({"wechat_ticket_template": "T1", "wechat_ticket_template_fields": "a=b"}, "number, state, date"),
        ({"public_url": "qifu.example.cn"}, "https://"),
    ],
)
def test_an_account_that_is_set_by_half_is_refused(
    change: dict[str, Any], named: str, tmp_path: Path
) -> None:
    with pytest.raises(ValidationError, match=named):
        settings(tmp_path, **{**WECHAT, **change})


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """An account at a fake of WeChat's API, set in the environment of the commands."""
    fake = FakeWeChat(Account(utc_now))
    with served(fake):
        upgrade(f"sqlite:///{tmp_path / 'qifu.db'}")
        for name, value in {
            "DATA": str(tmp_path), "WECHAT_APP_ID": fake.account.app_id, "WECHAT_TOKEN": "abc123",
            "WECHAT_APP_SECRET": fake.account.secret, "WECHAT_AES_KEY": KEY, "WECHAT_API_URL": fake.address,
        }.items():  # fmt: skip
            monkeypatch.setenv(f"QIFU_{name}", value)
        yield fake


def test_the_menu_is_pushed_and_shown(account: FakeWeChat) -> None:
    run = CliRunner().invoke
    assert "qifu wechat menu push" in run(commands, ["wechat", "menu", "show"]).output
    assert run(commands, ["wechat", "menu", "push"]).exit_code == 0
    shown = run(commands, ["wechat", "menu", "show"]).output
    assert all(item.label in shown for item in MENU)


def test_the_check_tells_what_the_account_may_do(account: FakeWeChat) -> None:
    account.account.kind = UNVERIFIED_SERVICE
    result = CliRunner().invoke(commands, ["wechat", "check"])
    assert result.exit_code == 1
    assert "客服消息：没有" in result.output
    assert "QIFU_WECHAT_CAN_REPLY_LATER" in result.output
    assert "QIFU_PUBLIC_URL" in result.output


def test_a_wrong_secret_is_told_in_words(account: FakeWeChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QIFU_WECHAT_APP_SECRET", "wrong")
    result = CliRunner().invoke(commands, ["wechat", "menu", "push"])
    assert result.exit_code == 1
    assert "AppSecret" in result.output
