"""`qifu ask` and `qifu chat`: talking to the bot from a terminal, over the same API as everybody."""

from __future__ import annotations

import json
import uuid
from typing import Annotated, Any

import httpx
import typer

from app.commands.common import console, fail, settings_or_exit

Url = Annotated[str, typer.Option(help="产品的地址；默认取设置里的地址和端口")]


class Talk:
    """One conversation over HTTP."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30.0)
        begun = self._client.post("/api/conversations")
        begun.raise_for_status()
        conversation = begun.json()
        self._path = f"/api/conversations/{conversation['id']}/messages"
        self._headers = {"Authorization": f"Bearer {conversation['token']}"}

    def say(self, text: str) -> dict[str, Any]:
        """The turn: message, replies, pending."""
        answer = self._client.post(
            self._path, json={"id": uuid.uuid4().hex, "text": text}, headers=self._headers
        )
        if answer.is_error:
            fail(str(answer.json().get("detail", answer.text)))
        turn: dict[str, Any] = answer.json()
        return turn


def ask(
    question: Annotated[str, typer.Argument(help="要问的问题")],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    url: Url = "",
) -> None:
    """问一句，打印答复。产品要先启动(make run)。"""
    turn = _begin(url).say(question)
    if as_json:
        typer.echo(json.dumps(turn["replies"], ensure_ascii=False, indent=2))
        return
    _show(turn)


def chat(url: Url = "") -> None:
    """在终端里对话，输入空行或按 Ctrl-D 结束。"""
    talk = _begin(url)
    console.print("您好，请说您想办的事。（空行结束）", style="green")
    while True:
        try:
            text = console.input("[bold]您:[/]").strip()
        except (EOFError, KeyboardInterrupt):
            return
        if not text:
            return
        _show(talk.say(text))


def _begin(url: str) -> Talk:
    settings = settings_or_exit()
    try:
        return Talk(url or f"http://{settings.host}:{settings.port}")
    except httpx.HTTPError:
        return fail("连接不上产品，请先用 make run 启动。")


def _show(turn: dict[str, Any]) -> None:
    if turn["pending"]:
        console.print("对话模型正在启动，答复稍后送达。", style="yellow")
    for reply in turn["replies"]:
        console.print(reply["text"], markup=False, highlight=False)
        for number, button in enumerate(reply["buttons"], start=1):
            console.print(f"  {number}. {button['title']}", style="cyan", markup=False, highlight=False)
