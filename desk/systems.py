"""Admins connect other systems: every act is in the audit log, and no secret is."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from desk.announcing import push_test
from desk.desk import Desk
from desk.events import EVENTS, event_name
from staff import audit
from staff.actors import Actor
from staff.audit import Action
from systems import pushes, subscriptions, tokens
from systems.errors import SystemsError, Unknown
from systems.models import ApiToken, Subscription

_MOST_ID = 2**31 - 1


class SwitchedOff(SystemsError):
    """Nothing is pushed there at present."""

    def __init__(self) -> None:
        super().__init__("推送已经停用，请先启用。")


async def make_token(desk: Desk, actor: Actor, wish: tokens.Wish) -> tuple[ApiToken, str]:
    """A token and its row. Raises `SystemsError`."""
    async with desk.database.write() as session:
        at = desk.clock()
        row, token = await tokens.add(session, wish, by=actor.username, at=at, new_id=desk.new_id)
        audit.record(
            session,
            actor,
            Action.API_TOKEN_MADE,
            audit.api_token(row.name),
            at=at,
            detail={"权限": "、".join(row.scopes), "尾号": row.hint},
        )
    return row, token


async def revoke_token(desk: Desk, actor: Actor, id: str) -> None:
    """Revoke a token; once. Raises `SystemsError`."""
    async with desk.database.write() as session:
        at = desk.clock()
        if row := await tokens.revoke(session, id, at=at):
            audit.record(session, actor, Action.API_TOKEN_REVOKED, audit.api_token(row.name), at=at)


async def subscribe(desk: Desk, actor: Actor, wish: subscriptions.Wish) -> tuple[Subscription, str]:
    """A subscription and its secret as it is shown. Raises `SystemsError`."""
    secrets = desk.webhook_secrets()
    async with desk.database.write() as session:
        row = await subscriptions.add(
            session, wish, secrets, known=EVENTS, by=actor.username, at=desk.clock(), new_id=desk.new_id
        )
        _record(desk, session, actor, Action.WEBHOOK_ADDED, row, _told(wish))
    return row, secrets.shown(row.id, row.generation)


async def change_subscription(
    desk: Desk, actor: Actor, id: str, wish: subscriptions.Wish, *, generation: int
) -> None:
    """Change what is pushed where. Raises `SystemsError`."""
    async with desk.database.write() as session:
        row = await subscriptions.change(session, id, wish, known=EVENTS, generation=generation)
        _record(desk, session, actor, Action.WEBHOOK_CHANGED, row, _told(wish))


async def rotate_secret(desk: Desk, actor: Actor, id: str, *, generation: int) -> tuple[Subscription, str]:
    """Another secret, shown this once. Raises `SystemsError`."""
    secrets = desk.webhook_secrets()
    async with desk.database.write() as session:
        row = await subscriptions.rotate(session, id, secrets, generation=generation, at=desk.clock())
        _record(desk, session, actor, Action.WEBHOOK_SECRET_CHANGED, row)
    return row, secrets.shown(row.id, row.generation)


async def end_previous_secret(desk: Desk, actor: Actor, id: str, *, generation: int) -> None:
    """The former secret signs no longer. Raises `SystemsError`."""
    async with desk.database.write() as session:
        row = await subscriptions.end_previous(session, id, generation=generation)
        _record(desk, session, actor, Action.WEBHOOK_SECRET_CHANGED, row, {"内容": "旧密钥立即失效"})


async def switch_subscription(desk: Desk, actor: Actor, id: str, *, on: bool) -> None:
    """Switch it on or off; once. Raises `SystemsError`."""
    async with desk.database.write() as session:
        row = await subscriptions.subscription(session, id)
        if on and await subscriptions.switch_on(session, id, at=desk.clock()):
            _record(desk, session, actor, Action.WEBHOOK_SWITCHED_ON, row)
        if not on and await subscriptions.switch_off(session, id, "", at=desk.clock()):
            _record(desk, session, actor, Action.WEBHOOK_SWITCHED_OFF, row)


async def send_test(desk: Desk, id: str) -> None:
    """Push a test event. Raises `SystemsError`."""
    async with desk.database.write() as session:
        row = await subscriptions.subscription(session, id)
        if row.off_at is not None:
            raise SwitchedOff
        await push_test(desk, session, row)


async def resend_delivery(desk: Desk, actor: Actor, id: str, delivery: str) -> bool:
    """Push it once more. False: it is under way already. Raises `SystemsError`."""
    number = int(delivery) if delivery.isdecimal() and len(delivery) <= 10 else 0
    if not 0 < number <= _MOST_ID:
        raise Unknown
    async with desk.database.write() as session:
        row = await subscriptions.subscription(session, id)
        again = await pushes.resend(session, id, number, at=desk.clock())
        if again:
            _record(desk, session, actor, Action.WEBHOOK_RESENT, row, {"推送": delivery})
    return again


def _record(
    desk: Desk,
    session: AsyncSession,
    actor: Actor,
    action: Action,
    row: Subscription,
    detail: dict[str, str] | None = None,
) -> None:
    audit.record(session, actor, action, audit.subscription(row.name), at=desk.clock(), detail=detail or {})


def _told(wish: subscriptions.Wish) -> dict[str, str]:
    # Without its query: some put a password there.
    told = {
        "地址": wish.url.partition("?")[0],
        "事件": "、".join(event_name(event) for event in sorted(wish.events)),
    }
    if wish.confidential:
        told["保密工单"] = "也推送"
    return told
