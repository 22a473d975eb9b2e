"""`qifu db`: upgrade, backup, restore."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.commands.common import console, fail, open_database, settings_or_exit
from app.settings import Settings
from store.backup import BackupRefused, back_up, restore_into
from store.files import Files
from store.migrate import upgrade as upgrade_database

app = typer.Typer(no_args_is_help=True, help="数据库")


@app.command()
def upgrade() -> None:
    """升级数据库的表结构。"""
    settings = settings_or_exit()
    settings.data.mkdir(parents=True, exist_ok=True)
    upgrade_database(settings.database_url())
    console.print("数据库已是最新")


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="备份文件，.zip")]) -> None:
    """把整个数据库和附件备份成一个文件；SQLite 和 PostgreSQL 通用。"""
    counts = asyncio.run(_backup(settings_or_exit(), file))
    console.print(f"已备份 {sum(counts.values())} 行到 {file}", highlight=False)


@app.command()
def restore(file: Annotated[Path, typer.Argument(help="备份文件", exists=True, dir_okay=False)]) -> None:
    """从备份恢复到一个空的数据库和空的附件文件夹。"""
    settings = settings_or_exit()
    settings.data.mkdir(parents=True, exist_ok=True)
    upgrade_database(settings.database_url())
    try:
        counts = asyncio.run(_restore(settings, file))
    except BackupRefused as refusal:
        fail(str(refusal))
    console.print(f"已恢复 {sum(counts.values())} 行", highlight=False)


async def _backup(settings: Settings, file: Path) -> dict[str, int]:
    async with open_database(settings) as database:
        return await back_up(database, file, Files(settings.attachments_folder()))


async def _restore(settings: Settings, file: Path) -> dict[str, int]:
    async with open_database(settings) as database:
        return await restore_into(database, file, Files(settings.attachments_folder()))
