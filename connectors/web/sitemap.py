"""`/sitemap.xml` and `/robots.txt`: what search engines are told of the public pages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from connectors.web.articles import root
from connectors.web.freshness import conditional, last_modified
from connectors.web.pages import guarded
from desk.desk import Desk
from knowledge.article import Article
from knowledge.rows import changed_at
from store.clock import city_date

# The protocol's limit for one file, https://www.sitemaps.org/protocol.html
MOST = 50_000


def sitemap_router(desk: Desk, public_url: str = "") -> APIRouter:
    """Every article in force, with the day of its last change."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
    async def sitemap(request: Request) -> Response:
        await desk.library.refresh()
        articles = desk.library.in_force(desk.today())[: MOST - 1]
        async with desk.database.read() as session:
            changed = await changed_at(session)
        text = _sitemap(articles, changed, root(request, public_url))
        return conditional(request, guarded(Response(text, media_type="application/xml")))

    @router.api_route("/robots.txt", methods=["GET", "HEAD"])
    async def robots(request: Request) -> Response:
        # The console and the interfaces ask for a sign-in or a token anyway: this only spares crawlers the way.
        lines = ("User-agent: *", "Disallow: /console", "Disallow: /api/", "Disallow: /bot/")
        where = f"Sitemap: {root(request, public_url)}/sitemap.xml"
        return conditional(request, guarded(PlainTextResponse("\n".join((*lines, where, "")))))

    return router


def _sitemap(articles: list[Article], changed: Mapping[str, datetime], root: str) -> str:
    places = [f"<url><loc>{escape(f'{root}/articles')}</loc></url>"]
    for article in articles:
        moment = last_modified(article, changed.get(article.key))
        day = f"<lastmod>{city_date(moment).isoformat()}</lastmod>" if moment else ""
        places.append(f"<url><loc>{escape(f'{root}/articles/{quote(article.key)}')}</loc>{day}</url>")
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    )
    return "\n".join((head, *places, "</urlset>", ""))
