"""`/articles/KEY`: an article as a public page, whole, for who got a part of it in a message. Needs no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from fastapi.templating import Jinja2Templates

from connectors.web.pages import assets, guarded
from desk.desk import Desk
from knowledge.article import ASPECT_NAMES

_ITEM = re.compile(r"(?P<bullet>- )|(?P<number>\d+\. )")


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a section that belong together: the items of a list, or one paragraph."""

    kind: Literal["p", "ul", "ol"]
    lines: tuple[str, ...]


def article_router(desk: Desk) -> APIRouter:
    """The pages of all articles in force; 404 for every other key."""
    router = APIRouter(include_in_schema=False)
    templates = Jinja2Templates(Path(__file__).parent / "templates")

    @router.get("/articles/{key}", response_class=HTMLResponse)
    async def show(key: str, request: Request) -> Response:
        await desk.library.refresh()
        article = desk.library.article(key, desk.today())
        context: dict[str, Any] = {
            "city": desk.city.name,
            "assets": assets(),
            "article": article,
            "sections": [],
        }
        if article is not None:
            context["sections"] = [
                (ASPECT_NAMES[aspect], blocks(article.text(aspect)), article.citations(aspect))
                for aspect in article.aspects()
            ]
        return guarded(
            templates.TemplateResponse(request, "article.html", context, status_code=200 if article else 404)
        )

    return router


def blocks(text: str) -> Sequence[Block]:
    """A section's paragraphs and lists, in order."""
    found: list[Block] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        item = _ITEM.match(line)
        kind: Literal["p", "ul", "ol"] = "p" if item is None else "ul" if item["bullet"] else "ol"
        said = line if item is None else line[item.end() :]
        if kind != "p" and found and found[-1].kind == kind:
            found[-1] = Block(kind, (*found[-1].lines, said))
        else:
            found.append(Block(kind, (said,)))
    return found
