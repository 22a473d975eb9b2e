"""Telegram, as the settings put it together, and its commands."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from telegram import WebhookInfo
from typer.testing import CliRunner

from app.cli import app as commands
from app.commands.telegram import tell_webhook
from app.main import create_app
from app.settings import ROOT, Settings
from connectors.telegram.routes import PATH
from store.migrate import upgrade
from tests.connectors.telegram.conftest import faults, faulty, front
from tests.connectors.telegram.faults import TOKEN, Faults
from tests.connectors.telegram.front import Front

__all__ = ["faults", "faulty", "front"]

URL = f"https://qifu.example.cn{PATH}"
WEBHOOK = {"telegram_webhook_url": URL, "telegram_webhook_secret": "s3cret"}


def settings(**more: Any) -> Settings:
    return Settings(**more)


def run(monkeypatch: pytest.MonkeyPatch, *words: str, **env: str) -> tuple[int, str]:
    for name, value in env.items():
        monkeypatch.setenv(f"QIFU_TELEGRAM_{name}", value)
    result = CliRunner().invoke(commands, ["telegram", *words])
    return result.exit_code, result.output.replace("\n", "")


def test_without_a_token_there_is_no_telegram() -> None:
    assert create_app(settings()).state.telegram is None


@pytest.mark.parametrize(("more", "status"), [({}, 404), (WEBHOOK, 403)])
async def test_the_webhook_is_there_where_its_address_is_set(more: dict[str, str], status: int) -> None:
    product = create_app(settings(telegram_token=TOKEN, **more))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(product), base_url="http://t") as web:
        assert (await web.post(PATH, json={"update_id": 1})).status_code == status
    await product.state.telegram.close()


@pytest.mark.parametrize(
    "wrong",
    [{"telegram_webhook_secret": ""}, {"telegram_webhook_url": "http://qifu.example.cn/webhooks/telegram"}],
)
def test_a_webhook_that_telegram_would_not_take_is_refused_at_the_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="QIFU_TELEGRAM_WEBHOOK"):
        settings(telegram_token=TOKEN, **{**WEBHOOK, **wrong})


def test_the_commands_name_what_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(monkeypatch, "check", TOKEN="")
    assert code == 1
    assert "QIFU_TELEGRAM_TOKEN" in said


def test_the_webhook_is_registered_with_its_secret_and_the_commands(
    monkeypatch: pytest.MonkeyPatch, faulty: str, faults: Faults
) -> None:
    env = {"TOKEN": TOKEN, "API_URL": faulty, "WEBHOOK_URL": URL, "WEBHOOK_SECRET": "s3cret"}
    code, said = run(monkeypatch, "webhook", "set", **env)
    assert (code, said) == (0, f"已登记：{URL}")
    [call] = faults.of("setWebhook")
    assert (call["url"], call["secret_token"]) == (URL, "s3cret")
    assert len(faults.of("setMyCommands")) == 2
    assert run(monkeypatch, "webhook", "delete")[0] == 0
    assert len(faults.of("deleteWebhook")) == 1


def test_a_wrong_token_is_told_without_showing_it(monkeypatch: pytest.MonkeyPatch, faulty: str) -> None:
    code, said = run(monkeypatch, "check", TOKEN="1:wrong-token-of-some-length", API_URL=faulty)
    assert code == 1
    assert "不认这个令牌" in said
    assert "wrong-token" not in said


@pytest.mark.parametrize(
    ("more", "registered", "waiting", "good"),
    [
        ({}, "", 0, True),
        ({}, URL, 0, False),
        (WEBHOOK, URL, 0, True),
        (WEBHOOK, "", 0, False),
        (WEBHOOK, URL, 3, False),
    ],
)
def test_the_check_compares_what_is_registered_with_the_settings(
    more: dict[str, str], registered: str, waiting: int, good: bool
) -> None:
    info = WebhookInfo(registered, False, waiting, last_error_message="Connection refused")
    assert tell_webhook(settings(telegram_token=TOKEN, **more), info) is good


def test_polling_is_refused_where_a_webhook_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(monkeypatch, "poll", TOKEN=TOKEN, WEBHOOK_URL=URL, WEBHOOK_SECRET="s3cret")
    assert code == 1
    assert "QIFU_TELEGRAM_WEBHOOK_URL" in said


async def test_polling_stores_and_answers_and_ends_at_a_signal(front: Front, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/qifu.db"
    upgrade(database)
    env = {
        **os.environ,
        "QIFU_DATABASE": database,
        "QIFU_DATA": str(tmp_path),
        "QIFU_TELEGRAM_TOKEN": TOKEN,
        "QIFU_TELEGRAM_API_URL": front.url,
    }
    command = [sys.executable, "-m", "app.cli", "telegram", "poll"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        await front.person(55, command="/help")
        async with asyncio.timeout(60):
            while not await front.calls("sendMessage"):
                await asyncio.sleep(0.1)
        [call] = await front.calls("sendMessage")
        assert "请直接输入您想办的事" in call["text"]
    finally:
        process.send_signal(signal.SIGTERM)
        said, _ = await asyncio.to_thread(process.communicate, timeout=30)
    assert process.returncode == 0, said
    assert TOKEN not in said
