"""`qifu wechat`: the account's menu, and whether everything is set so that it works."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import typer

from app.commands.common import console, fail, open_database, settings_or_exit
from app.settings import Settings
from app.wechat import open_api
from connectors.wechat.api import Capabilities, WeChatApi
from connectors.wechat.calls import CallFailed, Refused
from connectors.wechat.crypto import sign
from connectors.wechat.menu import as_json
from connectors.wechat.routes import PATH
from store.clock import utc_now

app = typer.Typer(no_args_is_help=True, help="微信公众号")
menu = typer.Typer(no_args_is_help=True, help="自定义菜单")
app.add_typer(menu, name="menu")

_CALLBACK_SECONDS = 10.0


@app.callback()
def group() -> None:
    """微信公众号"""


@menu.command()
def push() -> None:
    """把自定义菜单发布到公众号，几分钟后在手机上可见。"""
    _run(_push(_settings()))
    console.print("菜单已发布。", highlight=False)


@menu.command()
def show() -> None:
    """显示公众号上现在的自定义菜单。"""
    found = _run(_menu(_settings()))
    for line in _lines(found) or ["公众号还没有自定义菜单，用 qifu wechat menu push 发布。"]:
        console.print(line, highlight=False)


@app.command()
def check() -> None:
    """检查凭证、微信服务器的地址、回调地址和公众号有哪些接口。"""
    if not asyncio.run(_check(_settings())):
        raise typer.Exit(1)


def _settings() -> Settings:
    settings = settings_or_exit()
    if not settings.wechat_app_id:
        fail("没有设置 QIFU_WECHAT_APP_ID。")
    if not settings.wechat_app_secret.get_secret_value():
        fail("没有设置 QIFU_WECHAT_APP_SECRET。")
    return settings


def _run(work: Any) -> Any:
    try:
        return asyncio.run(work)
    except CallFailed as error:
        fail(_why(error))


async def _push(settings: Settings) -> None:
    async with _connected(settings) as api:
        await api.create_menu(as_json())


async def _menu(settings: Settings) -> dict[str, Any] | None:
    async with _connected(settings) as api:
        return await api.get_menu()


async def _check(settings: Settings) -> bool:
    """Every step says how it went; what needs the token is left out where there is none."""
    good = await _callback(settings)
    async with _connected(settings) as api:
        try:
            addresses = await api.get_callback_ip()
        except CallFailed as error:
            _say(False, f"接口凭证：{_why(error)}")
            return False
        _say(True, f"接口凭证有效；微信服务器的地址：{'、'.join(addresses)}")
        try:
            can = await api.capabilities()
        except CallFailed as error:
            _say(False, f"接口权限：{_why(error)}")
            return False
    return _tell(settings, can) and good


def _tell(settings: Settings, can: Capabilities) -> bool:
    for name, has in (
        ("客服消息", can.customer_service),
        ("模板消息", can.template),
        ("自定义菜单", can.menu),
    ):
        console.print(f"  {name}：{ {True: '有', False: '没有', None: '不清楚'}[has] }", highlight=False)
    if can.customer_service is False and settings.wechat_can_reply_later:
        _say(False, "公众号没有客服消息接口，请设置 QIFU_WECHAT_CAN_REPLY_LATER=False。")
        return False
    if can.customer_service and not settings.wechat_can_reply_later:
        _say(True, "公众号有客服消息接口，建议设置 QIFU_WECHAT_CAN_REPLY_LATER=True。")
    return True


async def _callback(settings: Settings) -> bool:
    """Ask our own address what WeChat would ask; from here, so that a firewall may still stand before WeChat."""
    if not settings.public_url:
        _say(False, "回调地址：没有设置 QIFU_PUBLIC_URL，无法检查。")
        return False
    url = f"{settings.public_url}{PATH}"
    timestamp, nonce, echo = str(int(utc_now().timestamp())), secrets.token_hex(8), secrets.token_hex(8)
    token = settings.wechat_token.get_secret_value()
    query = {"timestamp": timestamp, "nonce": nonce, "echostr": echo}
    query["signature"] = sign(token, timestamp, nonce)
    try:
        async with httpx.AsyncClient(timeout=_CALLBACK_SECONDS) as client:
            answer = await client.get(url, params=query)
    except httpx.HTTPError as error:
        _say(False, f"回调地址 {url} 访问不到：{type(error).__name__}")
        return False
    good = answer.status_code == 200 and answer.text == echo
    _say(good, f"回调地址 {url} " + ("可用" if good else f"的答复不对（HTTP {answer.status_code}）"))
    return good


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[WeChatApi]:
    async with open_database(settings) as database, open_api(settings, database, utc_now) as api:
        yield api


def _why(error: CallFailed) -> str:
    outcome = error.outcome
    if isinstance(outcome, Refused):
        return f"{outcome.meaning.staff}（{outcome.code}：{outcome.reason}）"
    return f"没有连上微信：{outcome.reason}"


def _lines(found: dict[str, Any] | None) -> list[str]:
    lines = []
    for button in (found or {}).get("button", []):
        lines.append(_line(button, ""))
        lines += [_line(sub, "  ") for sub in button.get("sub_button") or []]
    return lines


def _line(button: dict[str, Any], indent: str) -> str:
    key = button.get("key") or button.get("url") or ""
    return f"{indent}{button.get('name', '')}" + (f"（{key}）" if key else "")


def _say(good: bool, text: str) -> None:
    console.print(f"{'✓' if good else '✗'} {text}", style="green" if good else "red", highlight=False)
