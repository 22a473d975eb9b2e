"""`qifu attachments`: list and save what people sent."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from app.commands.common import console, fail, open_database, settings_or_exit
from app.settings import Settings
from conversations.models import Attachment
from desk.attachments import described, open_attachment
from store.clock import CITY_ZONE
from store.files import Files
from tickets.tickets import by_number

app = typer.Typer(no_args_is_help=True, help="图片和文件")


@app.command("list")
def list_(
    ticket: Annotated[str, typer.Option(help="只列出这张工单的")] = "",
    limit: Annotated[int, typer.Option(help="最多列出多少个", min=1)] = 50,
) -> None:
    """列出企业发来的图片和文件，新的在前。"""
    asyncio.run(_list(settings_or_exit(), ticket, limit))


@app.command()
def save(attachment: Annotated[str, typer.Argument(help="编号")], file: Path) -> None:
    """把一个附件另存为文件；不会覆盖已有的文件。"""
    asyncio.run(_save(settings_or_exit(), attachment, file))


async def _list(settings: Settings, number: str, limit: int) -> None:
    async with open_database(settings) as database, database.read() as session:
        wanted = select(Attachment).order_by(Attachment.created_at.desc(), Attachment.id.desc()).limit(limit)
        if number:
            ticket = await by_number(session, number.upper())
            if ticket is None:
                fail(f"没有工单 {number}")
            wanted = wanted.where(Attachment.ticket_id == ticket.id)
        for attachment in await session.scalars(wanted):
            at = f"{attachment.created_at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}"
            console.print(f"{at} {described(attachment)}", markup=False, highlight=False, soft_wrap=True)


async def _save(settings: Settings, attachment_id: str, file: Path) -> None:
    async with open_database(settings) as database:
        opened = await open_attachment(database, Files(settings.attachments_folder()), attachment_id)
    if opened is None:
        fail("没有这个附件，或者它没有收下。用 qifu attachments list 查看。")
    try:
        with opened.path.open("rb") as content, file.open("xb") as out:
            shutil.copyfileobj(content, out)
    except FileExistsError:
        fail(f"{file} 已经存在，没有覆盖。")
    except OSError as error:
        fail(f"写不了 {file}：{error.strerror}")
    console.print(f"已保存“{opened.name}”到 {file}", markup=False, highlight=False, soft_wrap=True)
