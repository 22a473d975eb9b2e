"""Files brought in: what would change is shown, and taken after a yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from console.exchange import HERE, exchange_page
from console.knowledge_edit import editor_page
from console.pages import visitor
from console.routes import Console, Routes, seen_other
from desk import exchange
from desk.exchange import ImportRefused, Preview, Wrong
from knowledge.article import ASPECT_NAMES
from knowledge.catalogue import catalogue
from knowledge.drafts import MOST_SECTION
from knowledge.exchange.aside import BOUNDS, too_large
from knowledge.exchange.columns import COLUMNS, FIELD_NAMES, SOURCE_FORM
from knowledge.exchange.filled import content_of
from knowledge.exchange.plan import Change, differences
from knowledge.exchange.problems import FileRefused, Problem
from knowledge.models import ArticleImport
from staff.roles import Permission

UPLOAD_PATH = f"{HERE}/import"
# More than a file may have: what is somewhat too large is told with its size, and not cut off while it comes.
UPLOAD_BYTES = 64 * 1024 * 1024
# A document that a person completes comes back as a form: eight sections of 8,000 letters are 600 kB as browsers write them.
DOCUMENT_PATH = f"{HERE}/imports/"
DOCUMENT_BYTES = 1024 * 1024
_EDIT = Permission.KNOWLEDGE_EDIT
_PAGE = 50
_PROBLEMS = 200
_MOST_PARTS = 400
_GONE = "上传的文件已经不在了：它只保留两小时，或者已经放弃。您填写的都在下面，但还没有保存：请核对以后点“保存草稿”，不用重新上传。"


def import_routes(routes: Routes) -> None:
    """`/console/exchange/import` and `/console/exchange/imports/…`."""
    console = routes.console

    # No `Form()` here: FastAPI would take in the whole file before the gate has looked at who sends it.
    @routes.post("/exchange/import", _EDIT)
    async def upload(request: Request) -> Response:
        file = (await request.form()).get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            return await exchange_page(console, request, problem="请先选择一个文件。")
        try:
            if (file.size or 0) > BOUNDS.file:
                raise FileRefused(too_large(file.size or 0))
            found = await exchange.upload(
                console.desk, visitor(request).actor, file.filename, await file.read()
            )
        except FileRefused as refused:
            return await exchange_page(console, request, problem=f"{refused}什么也没有改。")
        if isinstance(found, Wrong):
            return _wrong(console, request, found, file.filename)
        return seen_other(f"{HERE}/imports/{found.id}")

    @routes.get("/exchange/imports/{id}", _EDIT)
    async def show(request: Request, id: str, after: str = "") -> Response:
        return await _show(console, request, id, after=after)

    @routes.post("/exchange/imports/{id}/apply", _EDIT)
    async def apply(request: Request, id: str) -> Response:
        try:
            await exchange.apply(console.desk, visitor(request).actor, id)
        except ImportRefused as refused:
            if refused.gone:
                return await exchange_page(console, request, problem=str(refused))
            return await _show(console, request, id, problem=str(refused))
        return seen_other(f"{HERE}/imports/{id}")

    @routes.post("/exchange/imports/{id}/document", _EDIT)
    async def apply_document(request: Request, id: str) -> Response:
        form = await request.form()
        fields = {name: str(form.get(name) or "") for name in COLUMNS}
        try:
            key, problems = await exchange.apply_document(console.desk, visitor(request).actor, id, fields)
        except ImportRefused as refused:
            if refused.gone:
                return await _without_file(console, request, fields)
            return await _show(console, request, id, problem=str(refused), filled=fields)
        if not key:
            return await _show(console, request, id, problems=problems, filled=fields)
        return seen_other(f"{HERE}/imports/{id}")

    @routes.post("/exchange/imports/{id}/give-up", _EDIT)
    async def give_up(request: Request, id: str) -> Response:
        await exchange.give_up(console.desk, visitor(request).actor, id)
        return seen_other(f"{HERE}?said=given-up")


async def _show(console: Console, request: Request, id: str, *, after: str = "", **told: Any) -> Response:
    """A file in whatever state it is."""
    try:
        found = await exchange.preview(console.desk, visitor(request).actor, id)
    except ImportRefused as refused:
        return await exchange_page(console, request, problem=str(refused))
    if found.file.taken_at is not None:
        return console.pages.show(request, "exchange_done.html", file=found.file)
    if found.file.document:
        return _document(console, request, found.file, **told)
    return _preview(console, request, found, after, problem=told.get("problem", ""))


async def _without_file(console: Console, request: Request, fields: Mapping[str, str]) -> Response:
    """The file is no more; what a person made of it goes on in the editor, where nothing has to be uploaded again."""
    key = fields["key"].strip().lower()
    content = content_of(fields)
    told = [_GONE]
    for aspect, text in content["sections"].items():
        if len(text) > MOST_SECTION:
            name = ASPECT_NAMES[aspect]
            told.append(f"“{name}”有 {len(text)} 字，最多 {MOST_SECTION} 字，请删短，不然多出的存不下。")
    return await editor_page(console, request, key, content, 0, problem="".join(told), new=True)


def _preview(
    console: Console, request: Request, found: Preview, after: str, *, problem: str = ""
) -> Response:
    lines = [line for line in found.lines if line.change != Change.SAME]
    begin = next((place + 1 for place, line in enumerate(lines) if line.key == after), 0)
    shown = lines[begin : begin + _PAGE]
    return console.pages.show(
        request,
        "exchange_preview.html",
        status=409 if problem else 200,
        found=found,
        lines=[(line, differences(found.present.get(line.key), found.incoming[line.key])) for line in shown],
        counts={change.value: found.count(change) for change in Change},
        most_parts=_MOST_PARTS,
        first=begin == 0,
        next=shown[-1].key if begin + _PAGE < len(lines) else "",
        problem=problem,
    )


def _wrong(console: Console, request: Request, found: Wrong, name: str) -> Response:
    return console.pages.show(
        request,
        "exchange_wrong.html",
        status=422,
        name=name[-120:],
        problems=found.problems[:_PROBLEMS],
        count=len(found.problems),
        right=found.right,
    )


def _document(
    console: Console,
    request: Request,
    file: ArticleImport,
    *,
    problem: str = "",
    problems: list[Problem] | None = None,
    filled: dict[str, str] | None = None,
) -> Response:
    """A form with what was read of a document, to be completed by a person."""
    content = file.content
    by_column: dict[str, list[str]] = {}
    for one in problems or ():
        by_column.setdefault(one.column, []).append(f"{one.wrong}{one.right}")
    today = console.desk.today().isoformat()
    suggested = {"title": file.title[:20], "valid_from": today, "checked_on": today, **content["sections"]}
    return console.pages.show(
        request,
        "exchange_document.html",
        status=422 if problems or problem else 200,
        file=file,
        content=content,
        fields=filled or suggested,
        names=FIELD_NAMES,
        aspects=ASPECT_NAMES,
        categories=catalogue().categories,
        source_form=SOURCE_FORM,
        wrong=by_column,
        problem="有几处要改，见下面标出的地方。还没有保存。" if problems else problem,
    )
