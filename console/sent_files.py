"""Sending a file to the enterprise from a thread."""

from __future__ import annotations

import re

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from console.inbox import HERE
from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from console.thread import thread_page
from console.thread_acts import whose
from conversations.models import Thread
from desk.article_files import FileNotTaken
from desk.keeping import too_large
from desk.sent_files import Outgoing, send_file
from desk.takeover import NotYours
from desk.values import WEB
from staff.roles import Permission

SEND_PATH = f"{PREFIX}/files-to-send/"
# More than a file may have: what is somewhat too large is told so, and not cut off while it comes.
SEND_BYTES = 32 * 1024 * 1024
_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")


def sent_file_routes(routes: Routes) -> None:
    """`/console/files-to-send/{thread_id}`."""
    console = routes.console

    # No `File()` here: FastAPI would take in the whole file before the gate has looked at who sends it.
    @routes.post("/files-to-send/{thread_id}", Permission.CONVERSATIONS_ANSWER)
    async def send(request: Request, thread_id: str) -> Response:
        form = await request.form()
        file, key = form.get("file"), form.get("key")
        async with console.door.database.read() as session:
            thread = await session.get(Thread, thread_id)
        if thread is None:
            return await thread_page(console, request, thread_id)
        try:
            if not isinstance(file, UploadFile) or not file.filename:
                raise FileNotTaken("请先选择一个文件。")
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                raise FileNotTaken("请刷新页面后再发送。")
            await _send(console, request, thread, file, key)
        except FileNotTaken as refused:
            problem = f"文件没有发送：{refused}"
            return await thread_page(console, request, thread_id, problem=problem, status=422)
        except NotYours as refused:
            problem = await whose(console, refused)
            return await thread_page(console, request, thread_id, problem=problem, status=409)
        return seen_other(f"{HERE}/{thread_id}?said=replied")


async def _send(console: Console, request: Request, thread: Thread, file: UploadFile, key: str) -> None:
    desk = console.desk
    if console.files is None:
        raise FileNotTaken("这个系统没有存文件的地方。")
    if (file.size or 0) > desk.attachments.most_bytes:
        raise FileNotTaken(too_large(desk.attachments.most_bytes))
    # The chat page stands where this page does; for other channels somebody has to say where that is.
    here = str(request.base_url).rstrip("/") if thread.channel == WEB else ""
    sent = Outgoing(file.filename or "", await file.read(), key, desk.public_url or here)
    await send_file(
        desk, console.files, console.scan, thread.id, visitor(request).actor.account_id or "", sent
    )
