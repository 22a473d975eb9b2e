"""Canned replies filled in for a thread: what stands for what, and what is not known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from desk.parts import sight_of
from staff import audit, canned_replies
from staff.actors import Actor
from staff.audit import Action
from staff.roles import Permission
from tickets import lists

HOTLINE = "12345"
VARIABLES: Mapping[str, str] = {
    "企业": "企业名称",
    "联系人": "联系人姓名",
    "工单号": "最近一张工单的编号",
    "坐席": "您的姓名",
    "热线": f"服务热线 {HOTLINE}",
    "城市": "本市名称",
}
_PERSONAL = ("企业", "联系人")
_VARIABLE = re.compile(r"\{([^{}\n]{1,20})\}")


@dataclass(frozen=True, slots=True)
class Filled:
    """The text, and the variables that stay in it as nobody knows what they stand for."""

    text: str
    missing: tuple[str, ...]


def variables(text: str) -> list[str]:
    """The known variables that a text holds."""
    return [name for name in _VARIABLE.findall(text) if name in VARIABLES]


def unknown_variables(text: str) -> list[str]:
    """What looks like a variable and is none."""
    return [name for name in _VARIABLE.findall(text) if name not in VARIABLES]


async def fill(desk: Desk, actor: Actor, thread_id: str, reply_id: str) -> Filled | None:
    """The canned reply filled in for the thread, and counted as used; None where there is none of this actor's.

    Who sees a person's name by it is written into the audit log.
    """
    async with desk.database.write() as session:
        reply = await canned_replies.use(session, reply_id, actor.account_id or "")
        if reply is None:
            return None
        known = await _known(desk, session, actor, thread_id)
        named = [name for name in variables(reply.text) if name in _PERSONAL and known.get(name)]
        if named:
            detail = {"内容": "、".join(VARIABLES[name] for name in dict.fromkeys(named)), "用于": "快捷回复"}
            audit.record(
                session,
                actor,
                Action.PERSONAL_DATA_REVEALED,
                audit.thread(thread_id),
                at=desk.clock(),
                detail=detail,
            )
        return filled(reply.text, known)


def filled(text: str, known: Mapping[str, str]) -> Filled:
    """The text with what is known in its place."""
    missing = tuple(dict.fromkeys(name for name in variables(text) if not known.get(name)))
    return Filled(_VARIABLE.sub(lambda found: known.get(found[1]) or found[0], text), missing)


async def _known(desk: Desk, session: AsyncSession, actor: Actor, thread_id: str) -> dict[str, str]:
    known = {"坐席": actor.name, "热线": HOTLINE, "城市": desk.city.name}
    tickets = await lists.of_thread(session, thread_id, sight_of(actor))
    if tickets:
        known["工单号"] = tickets[0].number
        if actor.may(Permission.PERSONAL_DATA_REVEAL):
            known |= {"企业": tickets[0].enterprise, "联系人": tickets[0].contact}
    return known
