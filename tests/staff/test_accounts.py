"""What an admin does with accounts."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from staff import accounts
from staff.accounts import Profile, add_first_admin
from staff.actors import COMMAND_LINE, Actor
from staff.departments import DEPARTMENTS, add_departments, departments
from staff.errors import (
    AccountUnknown,
    DepartmentUnknown,
    LastAdmin,
    NameRefused,
    OwnAccount,
    RolesRefused,
    StaffError,
    UsernameRefused,
    UsernameTaken,
)
from staff.models import AuditEntry, Department
from staff.roles import Permission, Role
from staff.sign_in import Door, Refused
from tests.staff.people import HERE, PASSWORD, account_of, employ, enrol, enter, visitor_of

AGENT = Profile("张三", None, frozenset({Role.AGENT}))


async def added(door: Door, username: str, profile: Profile) -> str:
    async with door.database.write() as session:
        one_time = await door.hashing.issued()
        account = await accounts.add(
            session, COMMAND_LINE, username, profile, one_time, id=door.new_id(), at=door.clock()
        )
    return account.one_time_password


@pytest.mark.parametrize(
    ("username", "profile", "error"),
    [
        ("Zhang", AGENT, UsernameRefused),
        ("z", AGENT, UsernameRefused),
        ("张三", AGENT, UsernameRefused),
        ("li.si", AGENT, UsernameTaken),
        ("zhang", Profile("  ", None, AGENT.roles), NameRefused),
        ("zhang", Profile("长" * 33, None, AGENT.roles), NameRefused),
        ("zhang", Profile("张三", None, frozenset()), RolesRefused),
        ("zhang", Profile("张三", "nowhere", AGENT.roles), DepartmentUnknown),
    ],
)
async def test_an_account_that_cannot_be_is_refused_and_leaves_nothing(
    username: str, profile: Profile, error: type[StaffError], door: Door
) -> None:
    await employ(door, "li.si")
    with pytest.raises(error):
        await added(door, username, profile)
    async with door.database.read() as session:
        assert [account.username for account in await accounts.find(session)] == ["li.si"]


async def test_an_account_has_several_roles_and_a_department(door: Door) -> None:
    async with door.database.write() as session:
        await add_departments(session)
    both = frozenset({Role.HANDLER, Role.REVIEWER})
    await added(door, "zhang.san", Profile(" 张  三 ", "water", both))
    account = await account_of(door.database, "zhang.san")
    async with door.database.read() as session:
        assert await accounts.roles_of(session, account.id) == both
    assert (account.name, account.department) == ("张 三", "water")
    _, visitor = await enter(door, account)
    assert (visitor.actor.roles, visitor.department) == (both, "供水单位")


async def test_the_first_admin_is_made_once(door: Door) -> None:
    async with door.database.write() as session:
        first = await add_first_admin(session, id=door.new_id(), at=door.clock())
    async with door.database.write() as session:
        second = await add_first_admin(session, id=door.new_id(), at=door.clock())
    assert first is not None and second is None


async def test_a_change_counts_from_the_next_request_on_and_says_what_it_was(door: Door) -> None:
    account = await employ(door, "zhang.san")
    token, _ = await enter(door, account)
    profile = Profile(account.name, None, frozenset({Role.DISPATCHER}))
    for _ in range(2):  # the second time there is nothing to change, and nothing to write down
        async with door.database.write() as session:
            await accounts.change(session, COMMAND_LINE, "zhang.san", profile, at=door.clock())
    visitor = await visitor_of(door, token)
    assert visitor is not None and visitor.actor.roles == {Role.DISPATCHER}
    async with door.database.read() as session:
        entries = (await session.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert [(entry.action, entry.detail) for entry in entries[1:]] == [
        ("account_changed", {"角色": "坐席 → 派单员"})
    ]


async def test_the_last_admin_stays_one(door: Door) -> None:
    await employ(door, "boss", Role.ADMIN)
    await employ(door, "former", Role.ADMIN)
    async with door.database.write() as session:
        await accounts.disable(session, COMMAND_LINE, "former", at=door.clock())
    with pytest.raises(LastAdmin):
        async with door.database.write() as session:
            await accounts.disable(session, COMMAND_LINE, "boss", at=door.clock())
    with pytest.raises(LastAdmin):
        async with door.database.write() as session:
            await accounts.change(session, COMMAND_LINE, "boss", AGENT, at=door.clock())


async def test_two_admins_cannot_shut_each_other_out_at_once(door: Door) -> None:
    for name in ("one", "two"):
        await employ(door, f"admin.{name}", Role.ADMIN)

    async def shut_out(username: str) -> bool:
        try:
            async with door.database.write() as session:
                await accounts.disable(session, COMMAND_LINE, username, at=door.clock())
        except LastAdmin:
            return False
        return True

    assert sorted(await asyncio.gather(shut_out("admin.one"), shut_out("admin.two"))) == [False, True]


async def test_nobody_disables_or_resets_the_own_account(door: Door) -> None:
    account = await employ(door, "boss", Role.ADMIN)
    await employ(door, "deputy", Role.ADMIN)
    boss = Actor(account.id, "boss", "", None, frozenset({Role.ADMIN}), "")
    with pytest.raises(OwnAccount):
        async with door.database.write() as session:
            await accounts.disable(session, boss, "boss", at=door.clock())
    with pytest.raises(OwnAccount):
        async with door.database.write() as session:
            one_time = await door.hashing.issued()
            await accounts.reset_password(
                session, boss, "boss", one_time, without_second_factor=False, at=door.clock()
            )


@pytest.mark.parametrize("lost", [True, False])
async def test_a_reset_ends_every_session_and_the_second_factor_only_where_it_is_lost(
    lost: bool, door: Door
) -> None:
    account = await employ(door, "zhang.san")
    await enrol(door, account)
    token, _ = await enter(door, await account_of(door.database, "zhang.san"), second_factor=True)
    async with door.database.write() as session:
        one_time = await door.hashing.issued()
        await accounts.reset_password(
            session, COMMAND_LINE, "zhang.san", one_time, without_second_factor=lost, at=door.clock()
        )
    assert await visitor_of(door, token) is None
    assert await door.sign_in("zhang.san", PASSWORD, HERE) == Refused()
    after = await account_of(door.database, "zhang.san")
    assert (after.totp_secret is None, after.password_is_one_time) == (lost, True)


async def test_an_unknown_account_is_told(door: Door) -> None:
    with pytest.raises(AccountUnknown, match="nobody"):
        async with door.database.write() as session:
            await accounts.unlock(session, COMMAND_LINE, "nobody", at=door.clock())


async def test_people_are_found_by_name_user_name_or_department_page_by_page(door: Door) -> None:
    async with door.database.write() as session:
        await add_departments(session)
    for number in range(4):
        await employ(door, f"person{number}", department="gas" if number % 2 else None)
    async with door.database.read() as session:

        async def found(text: str, after: str = "", limit: int | None = None) -> list[str]:
            return [a.username for a in await accounts.find(session, text, after=after, limit=limit)]

        assert await found("燃气") == ["person1", "person3"]
        assert await found("姓名person2") == ["person2"]
        assert await found("100%") == []
        assert await found("", limit=2) == ["person0", "person1"]
        assert await found("", after="person1", limit=2) == ["person2", "person3"]


async def test_departments_are_filled_once_and_stay_as_they_were_changed(door: Door) -> None:
    async with door.database.write() as session:
        await add_departments(session)
        (await session.get_one(Department, "water")).name = "市自来水公司"
        await session.delete(await session.get_one(Department, "talent"))
    async with door.database.write() as session:
        await add_departments(session)
        names = {department.key: department.name for department in await departments(session)}
    assert names["water"] == "市自来水公司"
    assert set(names) == set(DEPARTMENTS) - {"talent"}


async def test_of_two_who_add_the_same_name_at_once_one_is_told_that_it_is_taken(door: Door) -> None:
    outcomes = await asyncio.gather(
        *(added(door, "zhang.san", AGENT) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["UsernameTaken"] * 3 + ["str"]


@pytest.mark.parametrize("way", ["change", "disable", "both"])
async def test_admins_who_take_each_others_role_at_once_leave_one(way: str, door: Door) -> None:
    names = ["anna", "bo", "chen", "ding"]
    staff = [await employ(door, name, Role.ADMIN) for name in names]

    async def take(number: int) -> None:
        victim = staff[number]
        other = staff[(number + 1) % len(staff)]
        actor = Actor(other.id, other.username, other.name, None, frozenset({Role.ADMIN}), "")
        async with door.database.write() as session:
            if way == "disable" or (way == "both" and number % 2):
                await accounts.disable(session, actor, victim.username, at=door.clock())
            else:
                await accounts.change(session, actor, victim.username, AGENT, at=door.clock())
            await asyncio.sleep(0.05)

    outcomes = await asyncio.gather(*(take(number) for number in range(4)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome] == [LastAdmin]
    async with door.database.read() as session:
        left = await accounts.who_may(session, Permission.PEOPLE_MANAGE)
    assert len(left) == 1


async def test_two_changes_of_one_account_at_once_leave_one_of_them_whole(door: Door) -> None:
    account = await employ(door, "zhang.san", Role.AGENT)
    wanted = [
        Profile("张三", None, frozenset({Role.REVIEWER})),
        Profile("张山", None, frozenset({Role.SUPERVISOR})),
    ]

    async def change(profile: Profile) -> None:
        async with door.database.write() as session:
            await accounts.change(session, COMMAND_LINE, "zhang.san", profile, at=door.clock())
            await asyncio.sleep(0.05)

    await asyncio.gather(*map(change, wanted))
    async with door.database.read() as session:
        fresh = await accounts.by_username(session, "zhang.san")
        assert Profile(fresh.name, None, await accounts.roles_of(session, account.id)) in wanted
        details = await session.scalars(
            select(AuditEntry.detail).where(AuditEntry.action == "account_changed").order_by(AuditEntry.id)
        )
        first, second = (detail["角色"].split(" → ") for detail in details)
    assert first[1] == second[0]
