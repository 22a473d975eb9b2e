"""`qifu serve` and `qifu train`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import uvloop

from app.commands.common import console, fail, open_database, settings_or_exit
from app.prepare import Prepared, prepare
from app.rasa_process import RASA_PYTHON, RasaProcess
from app.serve import serve as serve_product
from app.settings import Settings
from app.trainer import startup_model
from app.training import Examples, TrainingFailed, model_file, trained
from app.training import train as train_model
from store.clock import utc_now

_Training = Callable[[Path, Callable[[str], None], Examples], Awaitable[Path]]


def serve() -> None:
    """启动产品：准备数据库和内容，必要时训练模型，然后提供服务。"""
    settings = settings_or_exit()
    uvloop.run(_serve(settings))


def train() -> None:
    """训练对话模型，显示进度、用时和保存的位置。"""
    settings = settings_or_exit()
    asyncio.run(_train_or_exit(settings, train_model))


async def _serve(settings: Settings) -> None:
    console.print("准备数据库和知识库……")
    _tell(await prepare(settings, utc_now))
    rasa = None if settings.rasa_url else await _rasa(settings)
    console.print("启动对话模型……")
    address = f"http://{settings.host}:{settings.port}/chat"
    if rasa is not None:
        await rasa.start()  # it takes longest: the rest is put together meanwhile
    await serve_product(
        settings,
        lambda: console.print(f"[bold green]已就绪[/]:{address}  （按 Ctrl-C 停止）", highlight=False),
        rasa,
    )


async def _rasa(settings: Settings) -> RasaProcess:
    """Rasa with the model that was chosen in the console, trained where it is missing; else with the shipped data's."""
    async with open_database(settings) as database:
        model, examples = await startup_model(database, settings.models)
    if not model.exists():
        try:
            await _train(settings, trained, examples)
        except TrainingFailed as failure:
            if not examples:
                fail(f"训练没有完成：\n{failure}")
            console.print(
                f"带着控制台里的例句没有训练成，先用系统自带的：\n{failure}", style="yellow", highlight=False
            )
            model, examples = model_file(settings.models), ()
            if not model.exists():
                await _train_or_exit(settings, trained)
    return RasaProcess(settings, model, examples)


async def _train_or_exit(settings: Settings, how: _Training) -> None:
    try:
        await _train(settings, how, ())
    except TrainingFailed as failure:
        fail(f"训练没有完成：\n{failure}")


async def _train(settings: Settings, how: _Training, examples: Examples) -> None:
    """Raises `TrainingFailed`."""
    if not RASA_PYTHON.exists():
        fail("没有找到 Rasa 的环境，请先运行 make run 或 make setup。")
    console.print("训练对话模型……")
    began = time.monotonic()
    model = await how(
        settings.models, lambda line: console.print(f"  {line}", style="dim", highlight=False), examples
    )
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
