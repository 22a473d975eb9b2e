"""What we ask of WeChat's API: messages, typing, menu, media and what the account may do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from connectors.wechat.calls import CallFailed, Failure, Outcome, Refused, Sent, Unknown, call
from connectors.wechat.codes import Todo
from connectors.wechat.media import Download, download
from connectors.wechat.token import AccessTokens

_Answer = TypeVar("_Answer")
_SEND = "/cgi-bin/message/custom/send"
_TEMPLATE = "/cgi-bin/message/template/send"
_CREATE_MENU = "/cgi-bin/menu/create"
_NO_MENU = 46003
# "No permission for this path" and "the account has no such interface".
_NOT_ALLOWED = {76022, 48001}


@dataclass(frozen=True, slots=True)
class Choice:
    """An item of a menu message: tapped, it comes back as a text with `label` and, mostly, this `id`."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """`values`: field of the template -> text. `id` (at most 32 characters) sent twice is delivered once."""

    template: str
    values: Mapping[str, str]
    url: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which interfaces the account has; `None` where WeChat does not tell. Menu messages cannot be asked for."""

    customer_service: bool | None
    template: bool | None
    menu: bool | None


class WeChatApi:
    """One account. Sending never raises: see `Outcome`. A rejected token is refreshed once, a call repeated once."""

    def __init__(self, client: httpx.AsyncClient, tokens: AccessTokens) -> None:
        self._client = client
        self._tokens = tokens

    async def send_text(self, openid: str, text: str) -> Outcome:
        """A text of at most 2048 bytes through the customer-service interface."""
        return await self._send(_SEND, {"touser": openid, "msgtype": "text", "text": {"content": text}})

    async def send_menu(self, openid: str, head: str, choices: Sequence[Choice], tail: str = "") -> Outcome:
        """A text with choices to tap. Not for every kind of account: then `Refused` with 40200."""
        menu = {
            "head_content": head,
            "list": [{"id": choice.id, "content": choice.label} for choice in choices],
            "tail_content": tail,
        }
        return await self._send(_SEND, {"touser": openid, "msgtype": "msgmenu", "msgmenu": menu})

    async def typing(self, openid: str, *, on: bool = True) -> Outcome:
        """Show for 15 s that an answer is being written. Passes only within 30 s of the person's message."""
        command = "Typing" if on else "CancelTyping"
        return await self._send("/cgi-bin/message/custom/typing", {"touser": openid, "command": command})

    async def send_template(self, openid: str, message: TemplateMessage) -> Outcome:
        """A service notice outside the 48 hours. `Sent` means taken: the result comes as an event."""
        body: dict[str, Any] = {
            "touser": openid,
            "template_id": message.template,
            "data": {name: {"value": value} for name, value in message.values.items()},
        }
        if message.url:
            body["url"] = message.url
        if message.id:
            body["client_msg_id"] = message.id
        return await self._send(_TEMPLATE, body)

    async def get_menu(self) -> dict[str, Any] | None:
        """The custom menu in WeChat's form, or nothing where there is none. Raises `CallFailed`."""
        answer = await self._call("/cgi-bin/menu/get")
        if isinstance(answer, Refused) and answer.code == _NO_MENU:
            return None
        menu: dict[str, Any] = _needed(answer).get("menu") or {}
        return menu

    async def create_menu(self, menu: Mapping[str, Any]) -> None:
        """Replace the custom menu; phones show it within minutes. Raises `CallFailed`."""
        _needed(await self._call(_CREATE_MENU, menu))

    async def delete_menu(self) -> None:
        """Remove the custom menu. Raises `CallFailed`."""
        _needed(await self._call("/cgi-bin/menu/delete"))

    async def get_callback_ip(self) -> list[str]:
        """The addresses and networks that WeChat's pushes come from. Raises `CallFailed`."""
        return [
            str(address) for address in _needed(await self._call("/cgi-bin/getcallbackip")).get("ip_list", [])
        ]

    async def download_media(self, media_id: str, *, most_bytes: int) -> Download:
        """What a person sent; WeChat keeps it for 3 days."""
        return await self._with_token(
            lambda token: download(self._client, media_id, token=token, most_bytes=most_bytes)
        )

    async def capabilities(self) -> Capabilities:
        """What the account may do, asked by its quotas, which changes nothing. Raises `CallFailed`."""
        return Capabilities(
            customer_service=await self._may(_SEND),
            template=await self._may(_TEMPLATE),
            menu=await self._may(_CREATE_MENU),
        )

    async def _may(self, path: str) -> bool | None:
        answer = await self._call("/cgi-bin/openapi/quota/get", {"cgi_path": path})
        if isinstance(answer, Refused) and answer.code in _NOT_ALLOWED:
            return False
        quota = _needed(answer).get("quota")
        limit = quota.get("daily_limit") if isinstance(quota, dict) else None
        return limit > 0 if isinstance(limit, int) else None

    async def _send(self, path: str, body: Mapping[str, Any]) -> Outcome:
        answer = await self._call(path, body)
        if not isinstance(answer, dict):
            return answer
        if "errcode" not in answer:
            return Unknown("no errcode in the answer")
        return Sent(str(answer.get("msgid", "")))

    async def _call(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any] | Failure:
        return await self._with_token(lambda token: call(self._client, path, token=token, body=body))

    async def _with_token(self, attempt: Callable[[str], Awaitable[_Answer | Failure]]) -> _Answer | Failure:
        token = await self._tokens.current()
        if not isinstance(token, str):
            return token
        answer = await attempt(token)
        if not (isinstance(answer, Refused) and answer.meaning.todo is Todo.REFRESH):
            return answer
        await self._tokens.invalidate(token)
        token = await self._tokens.current()
        return await attempt(token) if isinstance(token, str) else token


def _needed(answer: dict[str, Any] | Failure) -> dict[str, Any]:
    if isinstance(answer, dict):
        return answer
    raise CallFailed(answer)
