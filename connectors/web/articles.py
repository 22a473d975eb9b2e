"""`/articles` and `/articles/KEY`: the knowledge base as public pages, by category and by search. They need no JavaScript."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates

from connectors.web.freshness import conditional, last_modified
from connectors.web.pages import assets, guarded
from connectors.web.structured import faq
from desk.article_files import public_file
from desk.articles import hotline
from desk.attachments import Opened
from desk.desk import Desk
from desk.sent_files import SENT_FILES, sent_file
from knowledge.article import ASPECT_NAMES, FILES, Article, followed
from knowledge.catalogue import catalogue
from knowledge.rows import changed_at
from store.files import Files

MOST_LETTERS = 100
_FIRST = 8  # of a category on the front page
_PAGE = 50
_RELATED = 6
_DESCRIPTION = 110
_ITEM = re.compile(r"(?P<bullet>- )|(?P<number>\d+\. )")
_BOTH = ["GET", "HEAD"]


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a section that belong together: the items of a list, or one paragraph."""

    kind: Literal["p", "ul", "ol"]
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category with the articles shown of it, and how many it has."""

    key: str
    name: str
    articles: Sequence[Article]
    count: int


def article_router(desk: Desk, public_url: str = "", files: Files | None = None) -> APIRouter:
    """The pages of all articles in force, and the files that they carry; 404 for everything else.

    `public_url`: where the internet sees the product.
    """
    router = APIRouter(include_in_schema=False)
    templates = Jinja2Templates(Path(__file__).parent / "templates")

    def page(request: Request, template: str, status: int = 200, **context: Any) -> Response:
        common = {"city": desk.city.name, "assets": assets(), "most": MOST_LETTERS, "robots": "", "q": ""}
        context = {**common, "root": root(request, public_url), **context}
        return guarded(templates.TemplateResponse(request, template, context, status_code=status))

    async def handed(request: Request, opened: Opened | None, missing: str) -> Response:
        if opened is None:
            return page(request, missing, 404, robots="noindex")
        return Response(await asyncio.to_thread(opened.path.read_bytes), headers=opened.headers)

    @router.api_route("/articles", methods=_BOTH)
    async def contents(request: Request, q: str = "", category: str = "", after: str = "") -> Response:
        await desk.library.refresh()
        asked = " ".join(q.replace("\0", " ").split())
        if asked:
            return conditional(request, page(request, "articles_found.html", **_found(desk, asked)))
        articles = desk.library.in_force(desk.today())
        if category:
            shown = _of_category(articles, category, after)
            if shown is None:
                return page(request, "article_missing.html", 404, robots="noindex")
            return conditional(request, page(request, "articles_category.html", **shown))
        shelves = _shelves(articles)
        return conditional(
            request, page(request, "articles.html", shelves=shelves, robots="noindex" if q else "")
        )

    @router.api_route("/articles/{key}", methods=_BOTH)
    async def show(key: str, request: Request) -> Response:
        await desk.library.refresh()
        article = desk.library.article(key, desk.today())
        if article is None:
            return page(request, "article_missing.html", 404, robots="noindex")
        async with desk.database.read() as session:
            changed = await changed_at(session, [article.key])
        shown = page(request, "article.html", **_article(desk, article, root(request, public_url)))
        return conditional(request, shown, last_modified(article, changed.get(article.key)))

    @router.api_route(f"{FILES}{{id}}/{{name}}", methods=_BOTH)
    async def file(id: str, name: str, request: Request) -> Response:
        opened = await public_file(desk, files, id, name) if files else None
        return await handed(request, opened, "article_missing.html")

    @router.api_route(f"{SENT_FILES}{{id}}/{{name}}", methods=_BOTH)
    async def sent(id: str, name: str, request: Request) -> Response:
        opened = await sent_file(desk, files, id, name) if files else None
        return await handed(request, opened, "file_missing.html")

    return router


def root(request: Request, public_url: str) -> str:
    """Where addresses of pages begin, without a slash at the end."""
    return public_url or str(request.base_url).rstrip("/")


def _found(desk: Desk, asked: str) -> dict[str, Any]:
    """What the product's own search finds, as the chat would."""
    today = desk.today()
    context: dict[str, Any] = {"q": asked[:MOST_LETTERS], "hits": [], "sure": False, "robots": "noindex"}
    if len(asked) > MOST_LETTERS:
        return {**context, "problem": f"要找的话请控制在 {MOST_LETTERS} 字以内。"}
    hits = desk.library.search(asked, today=today).hits
    found = [desk.library.article(hit.key, today) for hit in hits]
    return {
        **context,
        "hits": [(article, summary(article)) for article in found if article],
        "sure": bool(hits) and hits[0].confidence >= desk.calibration.clarify_at,
        "categories": catalogue().categories,
    }


def _shelves(articles: Sequence[Article]) -> list[Shelf]:
    by_category: dict[str, list[Article]] = {key: [] for key in catalogue().categories}
    for article in articles:
        by_category.setdefault(article.category, []).append(article)
    return [
        Shelf(key, catalogue().categories.get(key, key), found[:_FIRST], len(found))
        for key, found in by_category.items()
        if found
    ]


def _of_category(articles: Sequence[Article], category: str, after: str) -> dict[str, Any] | None:
    within = [article for article in articles if article.category == category]
    if not within:
        return None
    left = [article for article in within if article.key > after]
    return {
        "name": catalogue().categories.get(category, category),
        "category": category,
        "count": len(within),
        "after": after,
        "articles": [(article, summary(article)) for article in left[:_PAGE]],
        "next": left[_PAGE - 1].key if len(left) > _PAGE else "",
    }


def _article(desk: Desk, article: Article, root: str) -> dict[str, Any]:
    return {
        "article": article,
        "category": catalogue().categories.get(article.category, article.category),
        "description": summary(article),
        "sections": [
            (aspect, ASPECT_NAMES[aspect], blocks(article.text(aspect)), article.citations(aspect))
            for aspect in article.aspects()
        ],
        "downloads": [(one.title, one.address()) for one in article.downloads if one.address()],
        "links": {source.id: source.link for source in article.sources if followed(source.link)},
        "related": _related(desk, article),
        "hotline": hotline(article.category),
        "structured": faq(article, f"{root}/articles/{article.key}"),
    }


def _related(desk: Desk, article: Article) -> list[Article]:
    """Of the same category, and what the search takes for something alike, which comes first."""
    today = desk.today()
    alike = [hit.key for hit in desk.library.search(article.title, today=today).hits]
    near = [found for key in alike if (found := desk.library.article(key, today))]
    same = [other for other in desk.library.in_force(today) if other.category == article.category]
    ranked = sorted(
        near, key=lambda other: other.category != article.category
    )  # stable: the search's order within
    unlike = {other.key: other for other in (*ranked, *same) if other.key != article.key}
    return list(unlike.values())[:_RELATED]


def summary(article: Article) -> str:
    """The beginning of what the article says, for lists and for search engines."""
    text = " ".join(article.text("overview").split()) if "overview" in article.sections else article.title
    return text if len(text) <= _DESCRIPTION else text[: _DESCRIPTION - 1] + "…"


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
