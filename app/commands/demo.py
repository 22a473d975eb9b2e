"""`qifu demo`: made-up data in an empty installation."""

from __future__ import annotations

import asyncio
import random
from typing import Annotated

import typer

from app.commands.common import console, fail, open_database, settings_or_exit
from app.demo.seed import is_used, seed
from app.demo.surroundings import Size, Surroundings
from app.prepare import ARTICLES
from app.settings import Settings
from desk.city import PINGDINGSHAN
from knowledge.markdown import read_folder
from store.clock import utc_now
from store.migrate import upgrade
from tickets.limits import TimeLimits
from tickets.timing import load_calendar

app = typer.Typer(no_args_is_help=True, help="演示数据")


@app.callback()
def demo() -> None:
    """演示数据"""


@app.command("seed")
def seed_(
    tickets: Annotated[int, typer.Option(help="工单张数", min=0, max=1_000_000)] = 200,
    messages: Annotated[int, typer.Option(help="消息条数", min=0, max=10_000_000)] = 4_000,
    chance: Annotated[int, typer.Option(help="随机种子：同样的种子生成同样的内容")] = 1,
) -> None:
    """在还没有人用过的库里写入演示用的企业、会话和工单；企业名称都标有“（演示）”，不会发给任何人。"""
    asyncio.run(_seed(settings_or_exit(), Size(tickets, messages), chance))


async def _seed(settings: Settings, size: Size, chance: int) -> None:
    settings.data.mkdir(parents=True, exist_ok=True)
    # Not `prepare`: that would tell the first admin's one-time password here, where nobody looks for it.
    await asyncio.to_thread(upgrade, settings.database_url())
    async with open_database(settings) as database:
        async with database.read() as session:
            if await is_used(session):
                fail("这个库里已经有人的会话。演示数据只能写入空库：请用 QIFU_DATA 指定另一个目录。")
            calendar = await load_calendar(session)
        around = Surroundings(
            city=PINGDINGSHAN, articles=read_folder(ARTICLES), calendar=calendar,
            limits=TimeLimits.parse(settings.ticket_limits), now=utc_now(), chance=random.Random(chance),  # noqa: S311
        )  # fmt: skip
        await seed(
            database, size, around, lambda line: console.print(f"  {line}", style="dim", highlight=False)
        )
    console.print("演示数据已写入。")
