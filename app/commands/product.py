"""`qifu serve` and `qifu train`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from app.commands.common import console, fail, settings_or_exit
from app.prepare import Prepared, prepare
from app.rasa_process import RASA_PYTHON
from app.serve import serve as serve_product
from app.settings import Settings
from app.training import TrainingFailed, model_file, trained
from app.training import train as train_model
from store.clock import utc_now

_Training = Callable[[Path, Callable[[str], None]], Awaitable[Path]]


def serve() -> None:
    """启动产品：准备数据库和内容，必要时训练模型，然后提供服务。"""
    settings = settings_or_exit()
    uvloop.run(_serve(settings))


def train() -> None:
    """训练对话模型，显示进度、用时和保存的位置。"""
    settings = settings_or_exit()
    asyncio.run(_train(settings, train_model))


async def _serve(settings: Settings) -> None:
    console.print("准备数据库和知识库……")
    _tell(await prepare(settings, utc_now))
    if not settings.rasa_url and not model_file(settings.models).exists():
        await _train(settings, trained)
    console.print("启动对话模型……")
    address = f"http://{settings.host}:{settings.port}/chat"
    await serve_product(
        settings,
        lambda: console.print(f"[bold green]已就绪[/]:{address}  （按 Ctrl-C 停止）", highlight=False),
    )


async def _train(settings: Settings, how: _Training) -> None:
    if not RASA_PYTHON.exists():
        fail("没有找到 Rasa 的环境，请先运行 make run 或 make setup。")
    console.print("训练对话模型……")
    began = time.monotonic()
    try:
        model = await how(
            settings.models, lambda line: console.print(f"  {line}", style="dim", highlight=False)
        )
    except TrainingFailed as failure:
        fail(f"训练没有完成：\n{failure}")
    console.print(f"训练完成，用时 {time.monotonic() - began:.0f} 秒，模型保存在 {model}", highlight=False)


def _tell(prepared: Prepared) -> None:
    imported = prepared.imported
    total = sum(len(keys) for keys in (imported.added, imported.changed, imported.same, imported.kept))
    console.print(
        f"知识库 {total} 篇：新增 {len(imported.added)}，更新 {len(imported.changed)}，"
        f"人工改过而保留 {len(imported.kept)}",
        highlight=False,
    )
    if prepared.admin:
        console.print(
            f"\n[bold]首个管理员[/]：{prepared.admin.username}\n"
            f"[bold]一次性密码[/]：{prepared.admin.one_time_password}\n"
            "（只显示这一次，首次登录后必须修改）\n",
            highlight=False,
        )
