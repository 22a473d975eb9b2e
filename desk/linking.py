"""Linking channels: a one-time code from one, said in the other, makes both see the same tickets."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count

from sqlalchemy.ext.asyncio import AsyncSession

from conversations.circles import join, leave, linked_to
from conversations.codes import end_others, note_wrong, use, wrong_since
from conversations.models import LinkCode, Person, Thread
from desk.articles import HUMAN
from desk.desk import Desk
from desk.notices import tell
from desk.values import CHANNEL_NAMES, Button, Reply

VALID_FOR = timedelta(minutes=10)
DIGITS = 8
MOST_LINKED = 8
# A hundred guesses an hour at 10^8 codes: with ten codes open all the time somebody gets in once in ten years or so.
_WITHIN = timedelta(hours=1)
_GUESSES = 5
_GUESSES_OF_ALL = 100

_CODE = re.compile(r"(?<![\dA-Za-z-])(\d{4})[ -]?(\d{4})(?![\dA-Za-z-])")
_LABELLED = re.compile(r"绑定码?[:\s]*(\d{4,})")
_TOO_OFTEN = "输错的次数太多，为保护企业信息，请一小时以后再试。着急的话可以转人工。"
_WRONG = "绑定码不对。请核对后再发一次，写成“绑定 12345678”这样。"
_OVER = "这个绑定码已经过期。请在另一个渠道重新说“绑定”，取一个新的（10 分钟内有效）。"
_USED = "这个绑定码已经用过了，一个绑定码只能用一次。请在另一个渠道重新说“绑定”，取一个新的。"
_OWN = "这个绑定码就是在这里取的，请到要绑定的另一个渠道（微信、Telegram 或网页）里发给我。"
_FULL = f"一家企业最多绑定 {MOST_LINKED} 个账号，已经满了。请先在不用的账号里说“解绑”。"


def code_in(text: str) -> str | None:
    """The digits that a text offers as a code, of whatever number; None where it asks for one."""
    folded = unicodedata.normalize("NFKC", text)
    if found := _CODE.search(folded):
        return found[1] + found[2]
    labelled = _LABELLED.search(folded)
    return labelled[1] if labelled else None


def is_bare_code(text: str) -> bool:
    """Whether a text is a code and nothing else."""
    return bool(_CODE.fullmatch(unicodedata.normalize("NFKC", text).strip().rstrip("。.")))


async def link(desk: Desk, thread_id: str, message_id: int, text: str) -> Reply:
    """A new code, or what came of the code in the text. The same message gets the same code, and uses one once."""
    code = code_in(text)
    async with desk.database.write() as session:
        person = await person_of(session, thread_id)
        if code is None:
            said = await _issue(desk, session, person, message_id)
        else:
            said = await _redeem(desk, session, person, message_id, code)
    desk.to_send.set()
    buttons = (HUMAN,) if said == _TOO_OFTEN else ()
    return Reply(said, outcome="smalltalk", buttons=buttons)


async def unlink(desk: Desk, thread_id: str) -> Reply:
    """Ask once whether it is meant, and say what changes."""
    async with desk.database.read() as session:
        person = await person_of(session, thread_id)
        others = await linked_to(session, person)
    if not others:
        return Reply(
            "这里现在没有绑定其他渠道。要绑定的话，说“绑定”，我给您一个绑定码。", outcome="smalltalk"
        )
    sure = Button("确定解绑", "/unlink_surely")
    return Reply(
        f"这里与{names_of(others)}绑定着。解绑以后，在这里只能查到在这里提交的工单，那边也看不到这里的；"
        "已经提交的工单照常办理，报工单编号和电话后四位仍然能查。确定解绑吗？",
        outcome="smalltalk",
        buttons=(sure, Button("不解绑", "/deny")),
        default=sure.payload,
    )


async def unlink_surely(desk: Desk, thread_id: str, message_id: int) -> Reply:
    """Take this channel out, and tell the others."""
    async with desk.database.write() as session:
        await part(desk, session, await person_of(session, thread_id), key=f"unlinked:{message_id}")
    desk.to_send.set()
    return Reply("已解除绑定。以后在这里只能查到在这里提交的工单。", outcome="smalltalk")


async def part(desk: Desk, session: AsyncSession, person: Person, *, key: str) -> None:
    """Take a person out of their circle and tell who was in it."""
    if person.circle is None:
        return
    here = CHANNEL_NAMES.get(person.channel, person.channel)
    for other in await leave(session, person):
        text = f"{here}已与这里解除绑定，以后在这里查不到在那边提交的工单；报工单编号和电话后四位仍然能查。"
        await tell(desk, session, other, text, key=f"{key}:{other.id}")


async def person_of(session: AsyncSession, thread_id: str) -> Person:
    """Whose thread it is."""
    thread = await session.get_one(Thread, thread_id)
    return await session.get_one(Person, thread.person_id)


def names_of(people: Sequence[Person]) -> str:
    """The channels of people: 微信、网页."""
    return "、".join(dict.fromkeys(CHANNEL_NAMES.get(person.channel, person.channel) for person in people))


async def _issue(desk: Desk, session: AsyncSession, person: Person, message_id: int) -> str:
    now = desk.clock()
    await end_others(session, person.id, made_by=message_id, now=now)
    for attempt in count():
        code = code_for(desk.link_key, message_id, attempt)
        known = await session.get(LinkCode, digest_of(desk.link_key, code))
        if known is None:
            session.add(
                LinkCode(
                    digest=digest_of(desk.link_key, code),
                    person_id=person.id,
                    made_by=message_id,
                    expires_at=now + VALID_FOR,
                )
            )
        if known is None or known.made_by == message_id:
            break
    linked = names_of(await linked_to(session, person))
    already = f"这里已与{linked}绑定。要再绑定一个，" if linked else ""
    return (
        f"{already}绑定码：{code}，10 分钟内有效，只能用一次。\n"
        f"请在另一个渠道（微信、Telegram 或网页）里对我说“绑定 {code}”。绑定以后，在哪边都能查询、催办、补充和撤回"
        "两边提交的工单，包括保密的。请不要把绑定码告诉别人。\n"
        "如果手里已经有另一个渠道给的绑定码，直接发给我就行。"
    )


async def _redeem(desk: Desk, session: AsyncSession, person: Person, message_id: int, code: str) -> str:
    now, digest = desk.clock(), digest_of(desk.link_key, code)
    found = await session.get(LinkCode, digest)
    if found is not None and found.used_by == message_id:
        return _linked(await linked_to(session, person))
    if await _guesses_too_often(session, person, now):
        return _TOO_OFTEN
    if found is not None and found.person_id == person.id and found.used_by is None:
        return _OWN
    if found is None or found.used_by is not None or found.expires_at <= now:
        await note_wrong(session, message_id, person.id, now)
        return _WRONG if found is None else _USED if found.used_by is not None else _OVER
    giver = await session.get_one(Person, found.person_id)
    if person.circle is not None and person.circle == giver.circle:
        return f"这里与{names_of(await linked_to(session, person))}本来就绑定着，不用再绑定。"
    here, there = await linked_to(session, person), await linked_to(session, giver)
    if len(here) + len(there) + 2 > MOST_LINKED:
        return _FULL
    if not await use(session, digest, message_id, now):
        return _USED
    await join(session, giver, person, desk.new_id)
    return _linked(await _tell_others(desk, session, person, message_id))


async def _tell_others(
    desk: Desk, session: AsyncSession, person: Person, message_id: int
) -> Sequence[Person]:
    others = await linked_to(session, person)
    here = CHANNEL_NAMES.get(person.channel, person.channel)
    for other in others:
        text = (
            f"这里已与{here}绑定，两边都能查询和办理两边提交的工单。如果不是您本人操作的，请马上回复“解绑”。"
        )
        await tell(desk, session, other, text, key=f"linked:{message_id}:{other.id}")
    return others


async def _guesses_too_often(session: AsyncSession, person: Person, now: datetime) -> bool:
    since = now - _WITHIN
    return (
        await wrong_since(session, since, person.id) >= _GUESSES
        or await wrong_since(session, since) >= _GUESSES_OF_ALL
    )


def _linked(others: Sequence[Person]) -> str:
    return (
        f"绑定成功：这里已与{names_of(others)}绑定。两边提交的工单，在哪边都能查询、催办、补充和撤回；"
        "工单的消息仍发到提交它的那一边。不想绑定了，说“解绑”。"
    )


def code_for(key: bytes, message_id: int, attempt: int) -> str:
    """The code that a message gets: nobody without the key can tell it, and a repeated message gets it again."""
    seed = hmac.new(key, f"code:{message_id}:{attempt}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(seed) % 10**DIGITS:0{DIGITS}}"


def digest_of(key: bytes, code: str) -> str:
    """What is kept of a code: with the key, since eight digits alone are soon tried through."""
    return hmac.new(key, f"digest:{code}".encode(), hashlib.sha256).hexdigest()
