"""Files to download with an article: uploaded in its editor, and fetched by who may see drafts."""

from __future__ import annotations

import asyncio

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from console.pages import visitor
from console.routes import PREFIX, Console, Routes
from desk.article_files import FileNotTaken, staff_file, take_file
from desk.keeping import too_large
from staff.roles import Permission

UPLOAD_PATH = f"{PREFIX}/knowledge/files/"
# More than a file may have: what is somewhat too large is told so, and not cut off while it comes.
UPLOAD_BYTES = 32 * 1024 * 1024


def knowledge_file_routes(routes: Routes) -> None:
    """`/console/knowledge/files/{…}`: to upload with the key of the article, to fetch with the id of the file."""
    console = routes.console

    # No `File()` here: FastAPI would take in the whole file before the gate has looked at who sends it.
    @routes.post("/knowledge/files/{article}", Permission.KNOWLEDGE_EDIT)
    async def upload(request: Request, article: str) -> Response:
        file = (await request.form()).get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return JSONResponse({"problem": "请先选择一个文件。"}, 422)
        try:
            taken = await _take(console, request, article, file)
        except FileNotTaken as refused:
            return JSONResponse({"problem": f"没有收下“{file.filename[-60:]}”：{refused}"}, 422)
        return JSONResponse(taken)

    @routes.get("/knowledge/files/{id}", Permission.KNOWLEDGE_DRAFTS)
    async def fetch(request: Request, id: str) -> Response:
        opened = await staff_file(console.desk, console.files, id) if console.files else None
        if opened is None:
            return console.pages.trouble(request, 404, "没有这个文件", "链接可能写错了。")
        return Response(await asyncio.to_thread(opened.path.read_bytes), headers=opened.headers)


async def _take(console: Console, request: Request, article: str, file: UploadFile) -> dict[str, str]:
    if console.files is None:
        raise FileNotTaken("这个系统没有存文件的地方。")
    most = console.desk.attachments.most_bytes
    if (file.size or 0) > most:
        raise FileNotTaken(too_large(most))
    found = await take_file(
        console.desk,
        console.files,
        console.scan,
        visitor(request).actor,
        article,
        file.filename or "",
        await file.read(),
    )
    return {"title": found.title, "link": found.link}
