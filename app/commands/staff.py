"""`qifu staff`: accounts from the command line, also when nobody can sign in any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncSession

from app.commands.common import console, fail, open_database, settings_or_exit
from staff import accounts
from staff.accounts import NewAccount, Profile
from staff.actors import COMMAND_LINE
from staff.addresses import unlock_address
from staff.departments import departments
from staff.errors import StaffError
from staff.passwords import Hashing
from staff.roles import Role
from store.clock import CITY_ZONE, utc_now
from store.ids import new_id

app = typer.Typer(no_args_is_help=True, help="工作人员")

_Value = TypeVar("_Value")


@app.command()
def add(
    username: str,
    name: Annotated[str, typer.Option(help="姓名")],
    role: Annotated[list[Role] | None, typer.Option(help="角色，可以写几次；不写就是坐席")] = None,
    department: Annotated[str, typer.Option(help="部门代码，见 qifu staff departments")] = "",
) -> None:
    """新增账号，一次性密码只显示一次。"""
    profile = Profile(name, department or None, frozenset(role or [Role.AGENT]))
    one_time = Hashing().issue()
    _show_password(
        _write(
            lambda session: accounts.add(
                session, COMMAND_LINE, username, profile, one_time, id=new_id(), at=utc_now()
            )
        )
    )


@app.command("list")
def list_() -> None:
    """列出全部账号。"""
    table = Table("用户名", "姓名", "部门", "角色", "两步验证", "状态", "最近登录")
    for row in _write(_rows):
        table.add_row(*map(escape, row))
    console.print(table)


@app.command("departments")
def departments_() -> None:
    """列出部门和它们的代码。"""
    table = Table("代码", "部门")
    for department in _write(departments):
        table.add_row(department.key, escape(department.name))
    console.print(table)


@app.command()
def disable(username: str) -> None:
    """停用账号，已登录的立即退出。"""
    _write(lambda session: accounts.disable(session, COMMAND_LINE, username, at=utc_now()))
    console.print(f"账号 {username} 已停用。", highlight=False)


@app.command()
def enable(username: str) -> None:
    """重新启用账号。"""
    _write(lambda session: accounts.enable(session, COMMAND_LINE, username, at=utc_now()))
    console.print(f"账号 {username} 已启用。", highlight=False)


@app.command("reset-password")
def reset_password(
    username: str,
    without_second_factor: Annotated[
        bool, typer.Option("--without-second-factor", help="手机和恢复码都丢了：一并关闭两步验证")
    ] = False,
) -> None:
    """换一个一次性密码，已登录的立即退出。"""
    one_time = Hashing().issue()
    _show_password(
        _write(
            lambda session: accounts.reset_password(
                session,
                COMMAND_LINE,
                username,
                one_time,
                without_second_factor=without_second_factor,
                at=utc_now(),
            )
        )
    )


@app.command()
def unlock(username: str) -> None:
    """解除因多次输错而暂停的登录。"""
    _write(lambda session: accounts.unlock(session, COMMAND_LINE, username, at=utc_now()))
    console.print(f"账号 {username} 可以登录了。", highlight=False)


@app.command("unlock-address")
def unlock_address_(address: str) -> None:
    """解除一个网络地址因失败次数多而有的限制。"""
    _write(lambda session: unlock_address(session, COMMAND_LINE, address, at=utc_now()))
    console.print(f"地址 {address} 的限制已解除。", highlight=False)


def _show_password(account: NewAccount) -> None:
    console.print(f"账号 {account.username} 的一次性密码：{account.one_time_password}", highlight=False)


async def _rows(session: AsyncSession) -> list[tuple[str, ...]]:
    found = await accounts.find(session)
    roles = await accounts.all_roles(session, [account.id for account in found])
    names = {department.key: department.name for department in await departments(session)}
    return [
        (
            account.username,
            account.name,
            names.get(account.department or "", ""),
            accounts.role_names(roles.get(account.id, ())),
            "已启用" if account.totp_secret else "",
            "正常" if account.active else "已停用",
            f"{account.last_sign_in_at.astimezone(CITY_ZONE):%Y-%m-%d %H:%M}"
            if account.last_sign_in_at
            else "",
        )
        for account in found
    ]


def _write(work: Callable[[AsyncSession], Awaitable[_Value]]) -> _Value:
    async def run() -> _Value:
        async with open_database(settings_or_exit()) as database, database.write() as session:
            return await work(session)

    try:
        return asyncio.run(run())
    except StaffError as error:
        fail(str(error))
