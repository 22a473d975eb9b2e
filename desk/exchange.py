"""Importing articles from a file: read, shown as what it would change, and taken after a yes; all of it or nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from desk import article_drafts
from desk.desk import Desk
from knowledge import cards, imports
from knowledge.article import Article
from knowledge.errors import CardRefused
from knowledge.exchange.aside import BOUNDS, Bounds, read_aside
from knowledge.exchange.plan import Change, Line, Named, compare
from knowledge.exchange.problems import Problem
from knowledge.exchange.reading import Record, article_of
from knowledge.models import ArticleImport
from knowledge.rows import from_content
from staff import audit
from staff.actors import Actor
from staff.audit import Action

KEPT = timedelta(hours=2)
_NAME_LETTERS = 120
_KEYS_TOLD = 20


class ImportRefused(ValueError):
    """The import cannot be taken; the message says why, for a person. `gone`: the preview is no more."""

    def __init__(self, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.gone = gone


@dataclass(frozen=True, slots=True)
class Wrong:
    """A file with problems: nothing of it is kept."""

    problems: Sequence[Problem]
    right: int  # articles that would have been fine


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would change. `moved`: articles that somebody changed since it was read; `absent`: how many it lacks."""

    file: ArticleImport
    lines: Sequence[Line]
    incoming: Mapping[str, Article]
    present: Mapping[str, Article]
    moved: Sequence[str]
    absent: int
    notes: Sequence[str]

    def count(self, change: str) -> int:
        """How many articles are new, changed, brought back or the same."""
        return sum(line.change == change for line in self.lines)


async def upload(
    desk: Desk, member: Actor, name: str, data: bytes, bounds: Bounds = BOUNDS
) -> ArticleImport | Wrong:
    """Read a file and keep it for a yes. Raises `FileRefused`."""
    found = await read_aside(data, name, bounds)
    if problems := [Problem(*one) for one in found.get("problems", ())]:
        return Wrong(problems, len(found["articles"]))
    now, document = desk.clock(), found.get("document")
    file = ArticleImport(
        id=desk.new_id(),
        account_id=member.account_id or "",
        made_by=member.username,
        made_at=now,
        expires_at=now + KEPT,
        file_name=_file_name(name),
        sha256=hashlib.sha256(data).hexdigest(),
        document=document is not None,
        title=document["title"] if document else "",
        content=document or {"articles": found["articles"], "notes": found["notes"]},
        taken_at=None,
        keys=[],
    )
    async with desk.database.write() as session:
        await imports.clear_over(session, now)
        if not document:
            keys = [content["key"] for _, content in found["articles"]]
            there = await article_drafts.standing(session, keys, desk.today())
            file.content["bases"] = {key: one.revision for key, one in there.items()}
        session.add(file)
    return file


async def preview(desk: Desk, member: Actor, id: str) -> Preview:
    """What the file would change as things stand now. Raises `ImportRefused`."""
    await desk.library.refresh()
    async with desk.database.read() as session:
        file = await waiting(desk, session, member, id)
        return await _preview(session, desk, file, desk.library.named)


async def waiting(desk: Desk, session: AsyncSession, member: Actor, id: str) -> ArticleImport:
    """The file that waits for a yes. Raises `ImportRefused`."""
    file = await imports.waiting(session, id, member.account_id or "")
    if file is None or (file.taken_at is None and file.expires_at <= desk.clock()):
        raise ImportRefused("没有这份预览：可能已经过期（保留两小时）、已经放弃，或是别人上传的。请重新上传。", gone=True)  # fmt: skip
    return file


async def apply(desk: Desk, member: Actor, id: str) -> Sequence[str]:
    """Keep every article that is new, changed or brought back as a draft; the keys. A second yes changes nothing. Raises `ImportRefused`."""
    async with desk.database.write() as session:
        file = await waiting(desk, session, member, id)
        if file.taken_at is not None:
            return list(file.keys)
        if file.document:
            raise ImportRefused("这是一份文档，要先把各项填写完整，再存为草稿。")
        found = await _preview(session, desk, file, lambda _: ())
        if found.moved:
            raise ImportRefused(f"您上传以后，有人改过这些文章：{_some(found.moved)}。请重新上传，看过新的预览再确认。")  # fmt: skip
        keys = [line.key for line in found.lines if line.change != Change.SAME]
        bases: Mapping[str, int] = file.content.get("bases", {})
        if not await imports.take(session, file, keys, at=desk.clock()):
            raise ImportRefused("这份预览刚刚被用掉或过期了。请重新上传。", gone=True)
        why = f"导入文件 {file.file_name}"
        for key in keys:
            await _keep(desk, session, member, found.incoming[key], why, bases.get(key, 0))
        _record(desk, session, member, file, keys)
    return keys


async def apply_document(
    desk: Desk, member: Actor, id: str, fields: Mapping[str, Any]
) -> tuple[str, Sequence[Problem]]:
    """Keep the article that a person made of a document as a draft: its key, or what is wrong. Raises `ImportRefused`."""
    article, problems = article_of(Record("", fields))
    async with desk.database.write() as session:
        file = await waiting(desk, session, member, id)
        if file.taken_at is not None:
            return str(file.keys[0]), ()
        if not file.document:
            raise ImportRefused("这份文件里已经是写好的文章，请打开预览，点“确认，存为草稿”。")
        if article is None:
            return "", problems
        if await article_drafts.standing(session, [article.key], desk.today()):
            return "", [Problem("", "编号", f"已经有一篇“{article.key}”了。", "请另取一个编号。")]
        if not await imports.take(session, file, [article.key], at=desk.clock()):
            raise ImportRefused("这份预览刚刚被用掉或过期了。请重新上传。", gone=True)
        await _keep(desk, session, member, article, f"文档 {file.file_name}《{file.title}》", 0)
        _record(desk, session, member, file, [article.key])
    return article.key, ()


async def give_up(desk: Desk, member: Actor, id: str) -> None:
    """Forget a file that is not wanted after all."""
    async with desk.database.write() as session:
        await imports.give_up(session, id, member.account_id or "")


async def _preview(session: AsyncSession, desk: Desk, file: ArticleImport, named: Named) -> Preview:
    read = [(place, from_content(content)) for place, content in file.content.get("articles", ())]
    incoming = [(place, article_drafts.as_kept(article)) for place, article in read]
    there = await article_drafts.standing(session, [article.key for _, article in incoming], desk.today())
    bases: Mapping[str, int] = file.content.get("bases", {})
    present = {key: one.article for key, one in there.items()}
    archived = {key for key, one in there.items() if one.archived}
    return Preview(
        file,
        await asyncio.to_thread(compare, incoming, present, desk.today(), named, archived),
        {article.key: article for _, article in incoming},
        present,
        [key for key, one in there.items() if bases.get(key) != one.revision],
        await cards.total(session) - len(there),
        file.content.get("notes", ()),
    )


async def _keep(
    desk: Desk, session: AsyncSession, member: Actor, article: Article, why: str, base: int
) -> None:
    try:
        await article_drafts.keep(desk, session, member, article, why=why, base=base)
    except CardRefused as refused:
        raise ImportRefused(f"“{article.key}”没有存成：{refused}") from refused


def _record(
    desk: Desk, session: AsyncSession, member: Actor, file: ArticleImport, keys: Sequence[str]
) -> None:
    detail = {"文件": file.file_name, "SHA-256": file.sha256, "篇数": str(len(keys)), "文章": _some(keys)}
    audit.record(session, member, Action.ARTICLES_IMPORTED, at=desk.clock(), detail=detail)


def _some(keys: Sequence[str]) -> str:
    return "、".join(keys[:_KEYS_TOLD]) + ("等" if len(keys) > _KEYS_TOLD else "")


def _file_name(name: str) -> str:
    """Without folders, as some browsers send them, and without what no text holds."""
    plain = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable())
    return plain[-_NAME_LETTERS:] or "（没有名称）"
