"""The page on which canned replies are kept."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Form, Request
from fastapi.responses import Response

from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.canned import VARIABLES, unknown_variables
from staff import canned_replies
from staff.actors import Actor
from staff.canned_replies import CannedRefused, Written, may_change
from staff.models import CannedReply
from staff.roles import Permission

HERE = f"{PREFIX}/canned"
_KEEP = Permission.CANNED_REPLIES
_NOTICES = {"added": "快捷回复已保存。", "changed": "已修改。", "removed": "已删除。"}


def canned_routes(routes: Routes) -> None:
    """`/console/canned`, `/console/canned/{reply}`, `/console/canned/{reply}/remove`."""
    console = routes.console

    @routes.get("/canned", _KEEP)
    async def kept(request: Request, said: str = "") -> Response:
        return await _page(console, request, notice=_NOTICES.get(said, ""))

    @routes.post("/canned", _KEEP)
    async def add(
        request: Request,
        key: Annotated[str, Form()] = "",
        title: Annotated[str, Form()] = "",
        category: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        shared: Annotated[str, Form()] = "",
    ) -> Response:
        written = Written(title, category, text, shared == "yes")
        actor = visitor(request).actor
        try:
            _check(written)
            if not _is_key(key):
                raise CannedRefused("请刷新页面后再保存。")
            async with console.door.database.write() as session:
                await canned_replies.add(session, actor, key, written, at=console.door.clock())
        except CannedRefused as refused:
            return await _page(console, request, problem=str(refused), filled=written, status=422)
        return seen_other(f"{HERE}?said=added")

    @routes.get("/canned/{reply}", _KEEP)
    async def edit(request: Request, reply: str) -> Response:
        return await _edit_page(console, request, reply)

    @routes.post("/canned/{reply}", _KEEP)
    async def change(
        request: Request,
        reply: str,
        seen: Annotated[str, Form()] = "",
        title: Annotated[str, Form()] = "",
        category: Annotated[str, Form()] = "",
        text: Annotated[str, Form()] = "",
        shared: Annotated[str, Form()] = "",
    ) -> Response:
        written = Written(title, category, text, shared == "yes")
        try:
            _check(written)
            async with console.door.database.write() as session:
                actor, at = visitor(request).actor, console.door.clock()
                await canned_replies.change(session, actor, reply, written, seen=seen, at=at)
        except CannedRefused as refused:
            return await _edit_page(console, request, reply, problem=str(refused), filled=written)
        except LookupError:
            return _none(console, request)
        return seen_other(f"{HERE}?said=changed")

    @routes.post("/canned/{reply}/remove", _KEEP)
    async def remove(request: Request, reply: str) -> Response:
        try:
            async with console.door.database.write() as session:
                await canned_replies.remove(session, visitor(request).actor, reply, at=console.door.clock())
        except LookupError:
            return _none(console, request)
        return seen_other(f"{HERE}?said=removed")


def _check(written: Written) -> None:
    written.checked()
    if unknown := unknown_variables(written.text):
        names = "、".join(f"{{{name}}}" for name in VARIABLES)
        raise CannedRefused(f"不认识 {{{unknown[0]}}}。可以用的有：{names}。")


def _is_key(text: str) -> bool:
    return text.isascii() and text.isalnum() and 8 <= len(text) <= 64


async def _page(
    console: Console,
    request: Request,
    *,
    notice: str = "",
    problem: str = "",
    filled: Written | None = None,
    status: int = 200,
) -> Response:
    actor = visitor(request).actor
    async with console.door.database.read() as session:
        replies = await canned_replies.of(session, actor.account_id or "")
    return console.pages.show(
        request,
        "canned.html",
        status=status,
        replies=[(reply, may_change(actor, reply)) for reply in replies],
        filled=filled or Written("", "", "", shared=False),
        key=console.door.new_id(),
        notice=notice,
        problem=problem,
        **_words(actor),
    )


async def _edit_page(
    console: Console, request: Request, reply_id: str, *, problem: str = "", filled: Written | None = None
) -> Response:
    actor = visitor(request).actor
    async with console.door.database.read() as session:
        reply = await canned_replies.one(session, reply_id, actor.account_id or "")
    if reply is None or not may_change(actor, reply):
        return _none(console, request)
    return console.pages.show(
        request,
        "canned_reply.html",
        status=422 if problem else 200,
        reply=reply,
        filled=filled or _as_written(reply),
        seen=canned_replies.version(reply),
        problem=problem,
        **_words(actor),
    )


def _as_written(reply: CannedReply) -> Written:
    return Written(reply.title, reply.category, reply.text, reply.owner is None)


def _words(actor: Actor) -> dict[str, Any]:
    return {
        "variables": VARIABLES,
        "may_share": actor.may(Permission.CANNED_REPLIES_SHARED),
        "most": canned_replies,
    }


def _none(console: Console, request: Request) -> Response:
    return console.pages.trouble(
        request, 404, "没有这条快捷回复", "可能已经删除，或不是您的；共用的由督办或管理员维护。"
    )
