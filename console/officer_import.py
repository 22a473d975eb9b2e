"""A list of officers from a file: shown line by line with what is wrong, then taken as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import Form, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from console.officers import EDIT, HERE
from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.officer_lists import HEADING, MOST_LINES, read_list, reread, write_list
from desk.officers import Entry, OfficerRefused, Preview, import_list, preview

# The paths that take more than a form: a list of so many bytes.
IMPORT_BYTES = 1_000_000
IMPORT_PATHS = (f"{PREFIX}/officers/~import", f"{PREFIX}/officers/~import/confirm")
_MOST_SHOWN = 200


def officer_import_routes(routes: Routes) -> None:
    """`/console/officers/~import`, and `/confirm` below it."""
    console = routes.console

    @routes.get("/officers/~import", EDIT)
    async def begin(request: Request) -> Response:
        return _page(console, request)

    @routes.post("/officers/~import", EDIT)
    async def look(request: Request) -> Response:
        file = (await request.form()).get("file")
        try:
            if not isinstance(file, UploadFile) or not file.filename:
                raise OfficerRefused("请选择要导入的文件。")
            entries = read_list(file.filename, await file.read())
        except OfficerRefused as refused:
            return _page(console, request, problem=str(refused))
        async with console.door.database.read() as session:
            shown = await preview(session, entries)
        return _page(console, request, shown=shown, entries=entries)

    @routes.post("/officers/~import/confirm", EDIT)
    async def confirm(
        request: Request, rows: Annotated[str, Form()] = "", state: Annotated[str, Form()] = ""
    ) -> Response:
        try:
            entries = reread(rows)
            shown, done = await import_list(console.desk, visitor(request).actor, entries, state)
        except OfficerRefused as refused:
            return _page(console, request, problem=str(refused))
        if not done:
            problem = "名单没有导入：" + (
                "有几行要改。" if shown.problems else "预览以后名单变过，请再核对一遍。"
            )
            return _page(console, request, shown=shown, entries=entries, problem=problem)
        return seen_other(f"{HERE}?said=imported")


def _page(
    console: Console,
    request: Request,
    *,
    shown: Preview | None = None,
    entries: Mapping[int, Entry] | None = None,
    problem: str = "",
) -> Response:
    wrong = bool(problem) or (shown is not None and bool(shown.problems))
    lines = [] if shown is None else shown.problems or shown.lines
    return console.pages.show(
        request,
        "officer_import.html",
        status=422 if wrong else 200,
        shown=shown,
        lines=lines[:_MOST_SHOWN],
        hidden=max(0, len(lines) - _MOST_SHOWN),
        rows=write_list(entries.items()) if entries else "",
        heading=HEADING,
        most=MOST_LINES,
        problem=problem,
    )
