"""`qifu telegram`: fetching messages where Telegram cannot reach us, the webhook, and whether everything is set."""

from __future__ import annotations

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer
from telegram import WebhookInfo

from app.commands.common import console, fail, settings_or_exit
from app.loops import deliver_pending
from app.main import create_app
from app.settings import Settings
from app.telegram import Telegram, guard_handlers, open_line, running
from connectors.rasa.client import RasaDialogue
from connectors.telegram.account import Account, webhook_problem
from connectors.telegram.line import Line
from connectors.telegram.outcomes import NotSent, Refused, RetryAfter, Trouble, Unknown
from connectors.telegram.poll import poll as poll_updates
from desk.desk import Desk

app = typer.Typer(no_args_is_help=True, help="Telegram 机器人")
webhook = typer.Typer(no_args_is_help=True, help="回调地址")
app.add_typer(webhook, name="webhook")


@app.callback()
def group() -> None:
    """Telegram 机器人"""


@app.command()
def poll() -> None:
    """不用回调地址，主动收取消息，直到按 Ctrl-C。产品要同时运行(qifu serve)。"""
    settings = _settings()
    if settings.telegram_webhook_url:
        fail("设置了 QIFU_TELEGRAM_WEBHOOK_URL，消息会推送到回调地址，不能同时主动收取。")
    logging.basicConfig(level=logging.WARNING)
    console.print("正在收取 Telegram 的消息，按 Ctrl-C 结束。", highlight=False)
    try:
        asyncio.run(_poll(settings))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return
    fail("Telegram 不认这个机器人的令牌，请检查 QIFU_TELEGRAM_TOKEN。")


@app.command()
def check() -> None:
    """检查令牌和回调地址。"""
    if not asyncio.run(_check(_settings())):
        raise typer.Exit(1)


@webhook.command("set")
def set_webhook() -> None:
    """把设置里的回调地址和命令列表登记到 Telegram。"""
    settings = _settings()
    url, secret = settings.telegram_webhook_url, settings.telegram_webhook_secret.get_secret_value()
    if problem := webhook_problem(url, secret):
        fail(problem)
    asyncio.run(_set(settings, url, secret))
    console.print(f"已登记：{url}", highlight=False)


@webhook.command("delete")
def delete_webhook() -> None:
    """取消回调地址；之后可以用 qifu telegram poll 收取消息。"""
    asyncio.run(_delete(_settings()))
    console.print("已取消。", highlight=False)


def _settings() -> Settings:
    settings = settings_or_exit()
    if not settings.telegram_token.get_secret_value():
        fail("没有设置 QIFU_TELEGRAM_TOKEN。")
    return settings


async def _poll(settings: Settings) -> None:
    """Store and answer; the running product takes the turns and sends what this process leaves behind."""
    product = create_app(settings)
    telegram: Telegram = product.state.telegram
    desk: Desk = product.state.desk
    this = asyncio.current_task()
    assert this is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    try:
        async with running(telegram):
            await poll_and_send(desk, telegram)
    finally:
        assert isinstance(desk.dialogue, RasaDialogue)
        await desk.dialogue.close()
        await desk.database.close()


async def poll_and_send(desk: Desk, telegram: Telegram, *, wait_seconds: int = 25) -> Refused:
    """Poll until cancelled, and send the answers from here, so that they need not wait for the product's next look."""
    stopping = asyncio.Event()
    await telegram.account.set_commands()
    sending = asyncio.create_task(deliver_pending(desk, [telegram.channel], random.random, stopping))
    try:
        return await poll_updates(
            telegram.account,
            telegram.conversation.accept,
            telegram.client.acknowledge,
            clock=desk.clock,
            jitter=random.random,
            wait_seconds=wait_seconds,
        )
    finally:
        stopping.set()
        desk.to_send.set()
        await sending


async def _set(settings: Settings, url: str, secret: str) -> None:
    async with _account(settings) as (account, _):
        if trouble := await account.set_webhook(url, secret) or await account.set_commands():
            fail(_why(trouble))


async def _delete(settings: Settings) -> None:
    async with _account(settings) as (account, _):
        if trouble := await account.delete_webhook():
            fail(_why(trouble))


async def _check(settings: Settings) -> bool:
    async with _account(settings) as (account, line):
        name = await account.username()
        if not isinstance(name, str):
            _say(False, f"令牌：{_why(name)}")
            return False
        _say(True, f"令牌有效，机器人是 @{name}")
        info = await line.call(line.api.get_webhook_info())
    if not isinstance(info, WebhookInfo):
        _say(False, f"回调地址：{_why(info)}")
        return False
    return tell_webhook(settings, info)


def tell_webhook(settings: Settings, info: WebhookInfo) -> bool:
    """Print how the webhook stands; whether it is as the settings have it."""
    wanted = settings.telegram_webhook_url
    console.print(f"  等待收取的消息：{info.pending_update_count} 条", highlight=False)
    if not wanted and not info.url:
        _say(True, "没有回调地址，用 qifu telegram poll 收取消息。")
        return True
    if info.url != wanted:
        advice = "set 登记" if wanted else "delete 取消"
        _say(False, f"Telegram 上登记的回调地址与设置不同，请用 qifu telegram webhook {advice}。")
        return False
    if problem := webhook_problem(wanted, settings.telegram_webhook_secret.get_secret_value()):
        _say(False, problem)
        return False
    if info.pending_update_count and info.last_error_message:
        _say(False, f"Telegram 推送不到回调地址：{info.last_error_message}")
        return False
    _say(True, f"回调地址 {wanted} 已登记")
    return True


@asynccontextmanager
async def _account(settings: Settings) -> AsyncIterator[tuple[Account, Line]]:
    line = open_line(settings)
    guard_handlers(line)
    try:
        yield Account(line), line
    finally:
        await line.close()


def _why(trouble: Trouble) -> str:
    match trouble:
        case Refused("token"):
            return "Telegram 不认这个令牌，请检查 QIFU_TELEGRAM_TOKEN。"
        case RetryAfter(seconds=seconds):
            return f"Telegram 要求 {seconds:.0f} 秒以后再试。"
        case NotSent(detail=detail):
            return f"没有连上 Telegram（{detail}）。访问不到时请设置 QIFU_TELEGRAM_PROXY。"
        case Unknown(detail=detail):
            return f"Telegram 没有答复（{detail}）。"
        case Refused(detail=detail):
            return f"Telegram 拒绝了（{detail}）。"


def _say(good: bool, text: str) -> None:
    console.print(f"{'✓' if good else '✗'} {text}", style="green" if good else "red", highlight=False)
