"""`qifu staff`: add an account."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from app.commands.common import console, fail, open_database, settings_or_exit
from app.settings import Settings
from staff.accounts import NewAccount
from staff.accounts import add as add_account
from staff.errors import StaffError
from staff.models import Role
from store.clock import utc_now
from store.ids import new_id

app = typer.Typer(no_args_is_help=True, help="工作人员")


@app.callback()
def group() -> None:
    """工作人员"""


@app.command()
def add(
    username: str,
    name: Annotated[str, typer.Option(help="姓名")],
    role: Annotated[Role, typer.Option(help="角色")] = Role.AGENT,
) -> None:
    """新增账号，一次性密码只显示一次。"""
    try:
        account = asyncio.run(_add(settings_or_exit(), username, name, role))
    except StaffError as error:
        fail(str(error))
    console.print(f"账号 {account.username} 的一次性密码：{account.one_time_password}", highlight=False)


async def _add(settings: Settings, username: str, name: str, role: Role) -> NewAccount:
    async with open_database(settings) as database, database.write() as session:
        return await add_account(session, id=new_id(), username=username, name=name, role=role, at=utc_now())
