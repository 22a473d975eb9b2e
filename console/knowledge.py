"""The knowledge base: its list, and an article with its state and history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy.ext.asyncio import AsyncSession

from console.knowledge_files import UPLOAD_PATH
from console.knowledge_forms import whole_number
from console.pages import visitor
from console.routes import PREFIX, Console, Routes
from desk.article_problems import article_problems
from desk.knowledge import STATE_NAMES, STEP_NAMES
from knowledge import cards
from knowledge.article import ASPECT_NAMES, FILES, Download
from knowledge.autosaves import autosaves
from knowledge.card_lists import Listed, Place, Wanted, cards_page, listed, state_counts
from knowledge.catalogue import catalogue
from knowledge.drafts import CHANNELS, Content, as_if_whole
from knowledge.errors import CardMoved, CardRefused
from knowledge.following import IN_WORK
from knowledge.models import Card, CardState
from staff.actors import Actor
from staff.departments import departments
from staff.roles import Permission
from store.clock import CITY_ZONE

HERE = f"{PREFIX}/knowledge"
_PAGE = 50
_HISTORY = 20
_DUE_NAMES = {"check": "超过一年没有核对", "expiring": "30 天内到期或已到期"}
NOTICES = {
    "saved": "草稿已保存，尚未发布。",
    "submitted": "已提交审核，发布检验在后台进行。",
    "approved": "已发布，机器人即刻按新内容答复。",
    "scheduled": "已通过，到时间自动发布。",
    "sent-back": "已退回修改。",
    "withdrawn": "已撤回成草稿，审核人不再看到它等着审核。改好以后再提交。",
    "given-up": "已放弃草稿。放弃的内容留在历史版本里，可以恢复。",
    "archived": "已下线，机器人不再用它答复。",
    "restored": "已恢复成草稿，检查后再提交审核。",
    "same": "这个版本和现在的内容一样，没有改变。",
}


def knowledge_routes(routes: Routes) -> None:
    """`/console/knowledge` and an article's own page."""
    console = routes.console

    @routes.get("/knowledge", Permission.KNOWLEDGE_READ)
    async def page(
        request: Request,
        q: str = "",
        state: str = "",
        category: str = "",
        department: str = "",
        due: str = "",
        after: str = "",
    ) -> Response:
        actor = visitor(request).actor
        async with console.door.database.read() as session:
            names = {item.key: item.name for item in await departments(session)}
            wanted = Wanted(
                text=q.strip()[:60],
                state=state if state in set(CardState) else "",
                category=category if category in catalogue().categories else "",
                department=department if department in names else "",
                department_name=names.get(department, ""),
                due=due if due in _DUE_NAMES else "",
                live=not actor.may(Permission.KNOWLEDGE_DRAFTS),
            )
            found = await cards_page(
                session, wanted, today=console.desk.today(), after=_place(after), limit=_PAGE + 1
            )
            counts = await state_counts(session)
        return console.pages.show(
            request,
            "knowledge.html",
            rows=[_row(console, card, names) for card in found[:_PAGE]],
            wanted=wanted,
            departments=names,
            counts=counts,
            link=lambda **other: _link(wanted, **other),
            after=after,
            older=_written(found[_PAGE - 1]) if len(found) > _PAGE else "",
            due_names=_DUE_NAMES,
            **words(actor),
        )

    @routes.get("/knowledge/articles/{key}", Permission.KNOWLEDGE_READ)
    async def article(request: Request, key: str, said: str = "", before: str = "") -> Response:
        actor = visitor(request).actor
        async with console.door.database.read() as session:
            card = await cards.card_of(session, key)
            if card is None or not (card.live or actor.may(Permission.KNOWLEDGE_DRAFTS)):
                return nowhere(console, request)
            context = await _around(console, session, actor, card, whole_number(before))
        return console.pages.show(
            request,
            "knowledge_article.html",
            card=card,
            notice=NOTICES.get(said, ""),
            saved=said in ("saved", "submitted", "given-up"),
            **context,
        )


def nowhere(console: Console, request: Request) -> Response:
    """There is no such article."""
    return console.pages.trouble(request, 404, "没有这篇文章", "编号可能写错了，或它还没有发布。")


def refused_page(
    console: Console, request: Request, refused: CardRefused, key: str, *, saved: bool = False
) -> Response:
    """A step that was not taken, and why. `saved`: what was written is a draft all the same."""
    status = 409 if isinstance(refused, CardMoved) else 422
    return console.pages.show(
        request, "knowledge_refused.html", status=status, problem=str(refused), key=key, saved=saved
    )


def words(actor: Actor) -> dict[str, Any]:
    """What every page of the knowledge base names things with, and what the visitor may do."""
    return {
        "categories": catalogue().categories,
        "state_names": STATE_NAMES,
        "step_names": STEP_NAMES,
        "aspect_names": ASPECT_NAMES,
        "channels": CHANNELS,
        "may_edit": actor.may(Permission.KNOWLEDGE_EDIT),
        "may_publish": actor.may(Permission.KNOWLEDGE_PUBLISH),
        "sees_drafts": actor.may(Permission.KNOWLEDGE_DRAFTS),
    }


async def _around(
    console: Console, session: AsyncSession, actor: Actor, card: Card, before: int | None
) -> dict[str, Any]:
    desk = console.desk
    live = await cards.revision(session, card.key, card.live_number) if card.live_number else None
    look = await listed(session, card.key, live=True)
    shown = card.content if actor.may(Permission.KNOWLEDGE_DRAFTS) or live is None else live.content
    history = await cards.revisions(session, card.key, before=before, limit=_HISTORY + 1)
    return {
        "content": shown,
        "article": as_if_whole(shown, desk.today()),
        "downloads": _downloads(actor, shown),
        "problems": await article_problems(desk, card.content),
        "departments": {item.key: item.name for item in await departments(session)},
        "revisions": history[:_HISTORY],
        "older": history[_HISTORY - 1].number if len(history) > _HISTORY else None,
        "owners": await cards.owners(session, card) if card.state in IN_WORK else (),
        "autosaves": await autosaves(session, card.key),
        "look": look,
        **(look.marks(desk.today()) if look else {}),
        **words(actor),
    }


def _downloads(actor: Actor, content: Content) -> list[tuple[str, str]]:
    """Title and address of each; what the public does not get yet is fetched from the console."""
    drafts = actor.may(Permission.KNOWLEDGE_DRAFTS)
    found = []
    for one in content.get("downloads", ()):
        address = Download(one["title"], one["link"]).address()
        if drafts and address.startswith(FILES):
            address = f"{UPLOAD_PATH}{address.removeprefix(FILES).partition('/')[0]}"
        found.append((one["title"], address))
    return found


def _row(console: Console, card: Listed, names: dict[str, str]) -> dict[str, Any]:
    keepers = [names.get(keeper, keeper) for keeper in card.keepers.strip("|").split("|") if keeper]
    return {"card": card, "keepers": list(dict.fromkeys(keepers)), **card.marks(console.desk.today())}


def _link(wanted: Wanted, **other: str) -> str:
    fields = {
        "q": wanted.text,
        "state": wanted.state,
        "category": wanted.category,
        "department": wanted.department,
        "due": wanted.due,
        **other,
    }
    return f"{HERE}?" + urlencode({name: value for name, value in fields.items() if value})


def _written(card: Listed) -> str:
    return f"{card.changed_at.astimezone(CITY_ZONE).isoformat()}~{card.key}"


def _place(text: str) -> Place | None:
    at, _, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return Place(moment, key) if moment.tzinfo is not None and key else None
