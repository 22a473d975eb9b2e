"""Staff keep the list of who looks after which enterprise: one by one, or a whole list at once, all of it or nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from stdnum.cn import uscc
from stdnum.exceptions import InvalidChecksum, ValidationError

from desk.desk import Desk
from staff import audit
from staff.accounts import who_may
from staff.actors import Actor
from staff.audit import Action
from staff.models import Account
from staff.roles import Permission
from tickets.models import Officer
from tickets.officers import officer_of, officers_of

MOST_NAME = 100


class OfficerRefused(ValueError):
    """It cannot be kept so; the message says why, for a person."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was filled in. `officer` and `deputy`: a user name, or in a list also the name of one person only."""

    code: str = ""
    enterprise: str = ""
    officer: str = ""
    deputy: str = ""


@dataclass(frozen=True, slots=True)
class Checked:
    """What can be kept: accounts by their ids."""

    code: str
    enterprise: str
    officer: str
    deputy: str | None

    def same(self, row: Officer | None) -> bool:
        """Whether the row says just that."""
        return row is not None and (row.enterprise, row.officer, row.deputy) == (
            self.enterprise,
            self.officer,
            self.deputy,
        )


@dataclass(frozen=True, slots=True)
class Acting:
    """Who looks after an enterprise today. `deputises`: for an officer whose account is disabled."""

    account: Account
    deputises: bool = False

    @property
    def name(self) -> str:
        """As people read it."""
        return f"{self.account.name}（副职代）" if self.deputises else self.account.name


async def acting(session: AsyncSession, code: str | None) -> Acting | None:
    """Who looks after the enterprise with that code today; None where nobody does."""
    row = await officer_of(session, code)
    if row is None:
        return None
    officer = await session.get_one(Account, row.officer)
    if officer.active:
        return Acting(officer)
    deputy = await session.get(Account, row.deputy) if row.deputy else None
    return Acting(deputy, deputises=True) if deputy and deputy.active else None


class People:
    """Who can look after an enterprise: active accounts that read tickets."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        self.accounts = accounts
        self._by_username = {account.username: account for account in accounts}
        self._by_name: dict[str, list[Account]] = {}
        for account in accounts:
            self._by_name.setdefault(account.name, []).append(account)

    def find(self, written: str, part: str) -> str:
        """The account's id. Raises `OfficerRefused`."""
        if account := self._by_username.get(written.lower()):
            return account.id
        named = self._by_name.get(written, [])
        if len(named) > 1:
            raise OfficerRefused(f"{part}“{written[:40]}”有 {len(named)} 个同名的账号，请写用户名。")
        if not named:
            raise OfficerRefused(f"{part}“{written[:40]}”没有能看工单的账号，或账号已停用。")
        return named[0].id


async def people(session: AsyncSession) -> People:
    """Everybody who can be an officer now."""
    return People(await who_may(session, Permission.TICKETS_READ))


def checked_code(written: str) -> str:
    """A unified social credit code as it is kept. Raises `OfficerRefused`."""
    code = re.sub(r"[\s-]", "", written).upper()
    if len(code) != 18:
        raise OfficerRefused("统一社会信用代码应为 18 位数字和大写字母，请对照营业执照填写。")
    try:
        return str(uscc.validate(code))
    except InvalidChecksum as error:
        raise OfficerRefused("统一社会信用代码的校验码不对，可能写错了一位，请对照营业执照核对。") from error
    except ValidationError as error:
        raise OfficerRefused(
            "统一社会信用代码里有不会出现的字符（不含字母 I、O、S、V、Z），请核对。"
        ) from error


def checked(entry: Entry, among: People) -> Checked:
    """What was filled in, as it is kept. Raises `OfficerRefused`."""
    code = checked_code(entry.code)
    enterprise = " ".join(entry.enterprise.split())
    if not 2 <= len(enterprise) <= MOST_NAME:
        raise OfficerRefused(f"请填写企业名称（2 到 {MOST_NAME} 个字）。")
    if not entry.officer.strip():
        raise OfficerRefused("请填写首席服务官。")
    officer = among.find(entry.officer.strip(), "首席服务官")
    deputy = among.find(entry.deputy.strip(), "副职") if entry.deputy.strip() else None
    if officer == deputy:
        raise OfficerRefused("首席服务官和副职不能是同一个人。")
    return Checked(code, enterprise, officer, deputy)


async def keep(desk: Desk, member: Actor, entry: Entry, seen: str = "") -> None:
    """Add an enterprise, or change the one whose row was `seen` (its `version`). The same again changes nothing.

    Raises `OfficerRefused`, also where somebody else has changed it meanwhile.
    """
    async with desk.database.write() as session:
        wanted = checked(entry, await people(session))
        row = await session.get(Officer, wanted.code, with_for_update=True)
        if wanted.same(row):
            return
        if row is None and seen:
            raise OfficerRefused("这家企业刚被别人移出了名单，没有保存。要重新加入请用“新增”。")
        if row is not None and version(row) != seen:
            now = "已经在名单里，请在名单里修改" if not seen else "刚被别人改过，没有保存。请看过新的内容再改"
            raise OfficerRefused(f"这家企业{now}。")
        await _put(session, [wanted], {row.credit_code: row} if row else {}, desk.clock())
        names = await _names(session, [wanted])
        audit.record(
            session, member, Action.OFFICER_SET, audit.enterprise(wanted.code), at=desk.clock(),
            detail={"首席服务官": names[wanted.officer], "副职": names.get(wanted.deputy or "", "（无）")},
        )  # fmt: skip


async def end(desk: Desk, member: Actor, code: str, seen: str) -> None:
    """Take an enterprise off the list; nothing happens where it is gone. Raises `OfficerRefused`."""
    async with desk.database.write() as session:
        row = await session.get(Officer, code, with_for_update=True)
        if row is None:
            return
        if version(row) != seen:
            raise OfficerRefused("这家企业刚被别人改过，没有移出。请看过新的内容再决定。")
        await session.delete(row)
        audit.record(session, member, Action.OFFICER_ENDED, audit.enterprise(code), at=desk.clock())


def version(row: Officer) -> str:
    """What tells whether a row is still as somebody saw it."""
    told = f"{row.credit_code}|{row.enterprise}|{row.officer}|{row.deputy}|{row.changed_at.isoformat()}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list. `number`: as a table program counts; `problem`: why it cannot be kept, or nothing."""

    number: int
    entry: Entry
    problem: str = ""
    becomes: str = ""  # 新增, 修改, 没有变化


@dataclass(frozen=True, slots=True)
class Preview:
    """What a list would do. `state`: of the rows that it would touch, as they are now."""

    lines: Sequence[Line]
    state: str

    @property
    def problems(self) -> list[Line]:
        """The lines that stand in the way."""
        return [line for line in self.lines if line.problem]

    def count(self, becomes: str) -> int:
        """How many lines would do that."""
        return sum(line.becomes == becomes and not line.problem for line in self.lines)


async def preview(session: AsyncSession, entries: Mapping[int, Entry]) -> Preview:
    """What the list would do. Nothing is changed."""
    return (await _judged(session, entries))[0]


async def import_list(
    desk: Desk, member: Actor, entries: Mapping[int, Entry], state: str
) -> tuple[Preview, bool]:
    """Keep a whole list, and whether that was done: not where a line is wrong, or rows changed since the preview."""
    async with desk.database.write() as session:
        shown, wanted = await _judged(session, entries)
        if shown.problems or not wanted:
            return shown, False
        changing = [one for one, line in zip(wanted, shown.lines, strict=True) if line.becomes != _SAME]
        if not changing:  # a second press
            return shown, True
        if shown.state != state:
            return shown, False
        rows = await officers_of(session, [one.code for one in changing])
        await _put(session, changing, rows, desk.clock())
        detail = {"新增": str(shown.count(_NEW)), "修改": str(shown.count(_CHANGED))}
        audit.record(session, member, Action.OFFICERS_IMPORTED, at=desk.clock(), detail=detail)
    return shown, True


_NEW, _CHANGED, _SAME = "新增", "修改", "没有变化"


async def _judged(session: AsyncSession, entries: Mapping[int, Entry]) -> tuple[Preview, list[Checked]]:
    among = await people(session)
    lines: list[Line] = []
    wanted: list[Checked] = []
    first: dict[str, int] = {}
    for number, entry in entries.items():
        try:
            one = checked(entry, among)
            if one.code in first:
                raise OfficerRefused(f"与第 {first[one.code]} 行是同一家企业。")
        except OfficerRefused as refused:
            lines.append(Line(number, entry, problem=str(refused)))
            continue
        first[one.code] = number
        wanted.append(one)
        lines.append(Line(number, replace(entry, code=one.code, enterprise=one.enterprise)))
    rows = await officers_of(session, first)
    good = iter(wanted)
    lines = [line if line.problem else replace(line, becomes=_becomes(next(good), rows)) for line in lines]
    return Preview(lines, _state(rows.values())), wanted


def _becomes(one: Checked, rows: Mapping[str, Officer]) -> str:
    row = rows.get(one.code)
    return _SAME if one.same(row) else _CHANGED if row else _NEW


def _state(rows: Iterable[Officer]) -> str:
    told = "".join(sorted(map(version, rows)))
    return hashlib.sha256(told.encode()).hexdigest()[:16]


async def _put(
    session: AsyncSession, wanted: Sequence[Checked], rows: Mapping[str, Officer], at: datetime
) -> None:
    """`rows`: those that were there when it was decided; one that came since belongs to somebody else.

    Raises `OfficerRefused` where there is one.
    """
    for one in wanted:
        row = rows.get(one.code) or Officer(credit_code=one.code)
        row.enterprise, row.officer, row.deputy, row.changed_at = one.enterprise, one.officer, one.deputy, at
        session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        raise OfficerRefused("刚有别人把同一家企业加入了名单，没有保存。请看过名单再试。") from error


async def _names(session: AsyncSession, wanted: Sequence[Checked]) -> dict[str, str]:
    ids = {one.officer for one in wanted} | {one.deputy for one in wanted if one.deputy}
    rows = await session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    return {row[0]: row[1] for row in rows}
