"""The page of a thread: what was said, who has it, and whose it is."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from console import talk
from console.card import card_of
from console.inbox import HERE
from console.numbers import row_id
from console.pages import visitor
from console.routes import Console, Routes
from conversations import changes, mentions
from conversations.models import Thread
from desk.parts import reader_of, sight_of
from desk.takeover import see, see_mentions
from staff import accounts, audit, canned_replies
from staff.audit import Action
from staff.roles import Permission

_NOTICES = {
    "taken": "您已接入，机器人不再说话。",
    "given-back": "已交还机器人，机器人会继续回答。",
    "handed-over": "已转给同事。",
    "noted": "备注已保存，只有工作人员看得到。",
    "resent": "已重新发送。",
    "replied": "已发送。",
    "filed": "工单已登记，回执会发给企业。",
    "question": "已记为待答问题。",
    "question-known": "这个问题已经在待答列表里了。",
}
MOST_LETTERS = 2000


def thread_routes(routes: Routes) -> None:
    """`/console/inbox/{thread_id}`, `/console/inbox/{thread_id}/reveal`."""
    console = routes.console

    @routes.get("/inbox/{thread_id}", Permission.CONVERSATIONS_READ)
    async def thread(request: Request, thread_id: str, before: str = "", said: str = "") -> Response:
        return await thread_page(
            console, request, thread_id, before=row_id(before), notice=_NOTICES.get(said, "")
        )

    @routes.post("/inbox/{thread_id}/reveal", Permission.CONVERSATIONS_READ)
    async def reveal(request: Request, thread_id: str) -> Response:
        actor = visitor(request).actor
        if not actor.may(Permission.PERSONAL_DATA_REVEAL):
            return console.pages.trouble(request, 403, "没有权限", "您的角色不能查看个人信息。")
        async with console.door.database.write() as session:
            if await session.get(Thread, thread_id) is not None:
                shown = await card_of(session, thread_id, sight_of(actor))
                detail = {"内容": "对话里的姓名、电话、证件和代码、邮箱"}
                if shown.tickets:
                    detail["工单"] = "、".join(row.ticket.number for row in shown.tickets)
                audit.record(
                    session,
                    actor,
                    Action.PERSONAL_DATA_REVEALED,
                    audit.thread(thread_id),
                    at=console.door.clock(),
                    detail=detail,
                )
        return await thread_page(console, request, thread_id, revealed=True)


async def thread_page(
    console: Console,
    request: Request,
    thread_id: str,
    *,
    before: int | None = None,
    revealed: bool = False,
    notice: str = "",
    problem: str = "",
    status: int = 200,
    text: str = "",
    note: str = "",
) -> Response:
    """The page; 404 where there is no such thread. `text`: what was written and could not be sent; `note`: nor be saved."""
    actor, now = visitor(request).actor, console.door.clock()
    reader, account = reader_of(actor), actor.account_id or ""
    async with console.door.database.read() as session:
        mark = await changes.newest_mark(session)
        head = await talk.head(session, thread_id, reader, now)
        if head is None:
            return console.pages.trouble(request, 404, "没有这段对话", "地址可能写错了，或对话已经删除。")
        log = await talk.log(
            console.desk, session, thread_id, reader, actor=actor, before=before, revealed=revealed
        )
        card = await card_of(session, thread_id, reader.sight, revealed=revealed)
        call = await talk.call(session, head.thread, reader, revealed=revealed)
        colleagues = await accounts.who_may(session, Permission.CONVERSATIONS_ANSWER)
        readers = await accounts.who_may(session, Permission.CONVERSATIONS_READ)
        may_answer = actor.may(Permission.CONVERSATIONS_ANSWER)
        canned = await canned_replies.of(session, account) if may_answer else []
    if before is None and may_answer and log.newest > head.thread.staff_seen:
        await see(console.desk, thread_id, log.newest)
        console.live.touch(thread_id)
    if request.state.counts["mentions"]:
        await see_mentions(console.desk, thread_id, account)
        async with console.door.database.read() as session:
            request.state.counts = {"mentions": await mentions.unseen(session, account)}
    others = {who: one for who, one in console.live.presence.at(thread_id).items() if who != account}
    return console.pages.show(
        request,
        "thread.html",
        status=status,
        head=head,
        log=log,
        card=card,
        call=call,
        revealed=revealed,
        mark=mark,
        now=now,
        others=list(others.values()),
        colleagues=[one for one in colleagues if one.id != account],
        readers=[one for one in readers if one.id != account],
        canned=canned,
        note=note,
        may_answer=may_answer,
        sends_files=may_answer and console.files is not None,
        most_file=f"{console.desk.attachments.most_bytes / 1024 / 1024:.3g} MB",
        may_reveal=actor.may(Permission.PERSONAL_DATA_REVEAL),
        ticket_line=talk.ticket_line,
        key=console.door.new_id(),
        most_letters=MOST_LETTERS,
        latest=before is None,
        inbox=HERE,
        notice=notice,
        problem=problem,
        text=text,
    )
