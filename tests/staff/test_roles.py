"""What each role may do."""

from __future__ import annotations

from pathlib import Path

from staff.roles import PERMISSIONS, ROLE_DUTIES, ROLE_NAMES, Permission, Role, permissions_of


def test_every_role_has_a_name_a_duty_and_permissions() -> None:
    assert set(PERMISSIONS) == set(ROLE_NAMES) == set(ROLE_DUTIES) == set(Role)


def test_the_page_for_staff_says_what_each_role_does() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/staff/sign-in.md").read_text(encoding="utf-8")
    for role in Role:
        assert f"| {ROLE_NAMES[role]} | {ROLE_DUTIES[role]} |" in page, role


def test_everybody_has_an_own_account() -> None:
    assert all(Permission.OWN_ACCOUNT in PERMISSIONS[role] for role in Role)


def test_several_roles_may_what_each_of_them_may() -> None:
    both = permissions_of({Role.AGENT, Role.KNOWLEDGE_EDITOR})
    assert both == PERMISSIONS[Role.AGENT] | PERMISSIONS[Role.KNOWLEDGE_EDITOR]
    assert permissions_of(()) == frozenset()


def test_an_invited_supervisor_only_reads_and_sees_no_personal_data() -> None:
    allowed = PERMISSIONS[Role.INVITED_SUPERVISOR]
    assert allowed == {
        Permission.OWN_ACCOUNT,
        Permission.KNOWLEDGE_READ,
        Permission.TICKETS_READ,
        Permission.TICKETS_ALL_DEPARTMENTS,
        Permission.REPORTS_READ,
    }


def test_only_admins_manage_people() -> None:
    assert {role for role in Role if Permission.PEOPLE_MANAGE in PERMISSIONS[role]} == {Role.ADMIN}


def test_who_edits_an_article_does_not_publish_it() -> None:
    assert Permission.KNOWLEDGE_PUBLISH not in PERMISSIONS[Role.KNOWLEDGE_EDITOR]
    assert Permission.KNOWLEDGE_EDIT not in PERMISSIONS[Role.KNOWLEDGE_REVIEWER]
