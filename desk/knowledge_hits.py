"""A question tried (命中测试): what the model makes of it, what is found and why, and what would be said, now and with the drafts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from desk.answers import Asked, Context, reply_to, understand, weighed
from desk.articles import article_reply
from desk.desk import Desk
from desk.knowledge_gate import Gates
from desk.ports import DialogueDown, Parsed
from knowledge.article import Article
from knowledge.drafts import CHANNELS, as_if_whole
from knowledge.following import IN_WORK
from knowledge.library import Library
from knowledge.models import Card, HitTest
from knowledge.search.index import Hit, Result
from knowledge.search.text import normalise

MOST_LETTERS = 200
_MOST_DRAFTS = 200
_REASONS_SHOWN = 5
_MANY = 1_000  # articles above which nobody waits for the first index of drafts

REASON_NAMES: Mapping[str, str] = {
    "wording": "与标题、别名、相似问法的字面相近",
    "clause": "其中一句与相似问法相近",
    "sound": "读音相近",
    "told": "正文里讲到",
    "text": "正文检索得分",
    "name": "说出了事项的名称",
    "named": "关键词出现在名称里",
    "said": "关键词出现在名称和问法里",
    "mass": "说出的名称关键词多",
    "met": "用词在文章里都有",
    "asks": "问的正是这件事的主题",
    "foreign": "有文章里没有的词（减分）",
    "outside": "提到了知识库不收录的事项（减分）",
    "prior": "对话模型认为属于这一类",
}


async def try_question(desk: Desk, gates: Gates, text: str) -> dict[str, Any]:
    """What there is to see of a question, as it is kept."""
    text = " ".join(text.split())[:MOST_LETTERS]
    parsed = await _parsed(desk, text)
    asked = _asked(text, parsed)
    await desk.library.refresh()
    live = dict(desk.library.held())
    async with desk.database.read() as session:
        drafts = await drafts_in_work(desk, session)
    prior = asked.category_prior()
    now = desk.library.search(asked.text, today=desk.today(), category_prior=prior)
    found: dict[str, Any] = {"live": _side(desk, desk.library, asked, now, live)}
    if drafts and len(live) > _MANY and not gates.rehearsal.ready:
        gates.prepare(live, drafts)
        found["preparing"] = True
    elif drafts:
        (then,) = await gates.rehearsal.search(
            [asked.text], live, drafts, on=desk.today(), category_prior=prior
        )
        found["draft"] = _side(desk, desk.library.beside(drafts), asked, then, {**live, **drafts})
    return {"text": text, "parsed": _shown(parsed), "drafts": sorted(drafts), **found}


async def keep_hit_test(session: AsyncSession, outcome: dict[str, Any], *, by: str, desk: Desk) -> HitTest:
    """Put it into the history."""
    row = HitTest(text=outcome["text"], outcome=outcome, by=by, at=desk.clock())
    session.add(row)
    await session.flush()
    return row


async def drafts_in_work(desk: Desk, session: AsyncSession) -> dict[str, Article]:
    """What is being written, waits for review or for its time, as far as each goes."""
    query = select(Card).where(Card.state.in_(IN_WORK)).order_by(Card.changed_at.desc()).limit(_MOST_DRAFTS)
    return {card.key: as_if_whole(card.content, desk.today()) for card in await session.scalars(query)}


async def _parsed(desk: Desk, text: str) -> Parsed | None:
    try:
        return await desk.dialogue.parse(normalise(text))
    except DialogueDown:
        return None


def _asked(text: str, parsed: Parsed | None) -> Asked:
    if parsed is None:
        return Asked(normalise(text))
    return Asked(normalise(text), parsed.intent, parsed.confidence, parsed.ranking)


def _shown(parsed: Parsed | None) -> dict[str, Any] | None:
    if parsed is None:
        return None
    best = sorted(parsed.ranking.items(), key=lambda one: -one[1])[:4]
    return {"intent": parsed.intent, "confidence": parsed.confidence, "ranking": best}


def _side(
    desk: Desk, library: Library, asked: Asked, result: Result, articles: Mapping[str, Article]
) -> dict[str, Any]:
    result = weighed(result, asked.rejected())
    decision = understand(
        asked,
        Context(),
        result,
        answer_at=desk.calibration.answer_at,
        clarify_at=desk.calibration.clarify_at,
        titles={},
    )
    reply, _ = reply_to(replace(desk, library=library), asked, Context(), decision, result.aspect)
    return {
        "outcome": reply.outcome,
        "article": reply.article,
        # What was taken out while the search went on is shown no more.
        "hits": [_hit(desk, hit, article) for hit in result.hits if (article := articles.get(hit.key))],
        "replies": {
            channel: _said(desk, articles, reply.article, reply.aspect, channel) or reply.text
            for channel in CHANNELS
        },
        "buttons": [button.title for button in reply.buttons],
    }


def _said(
    desk: Desk, articles: Mapping[str, Article], key: str | None, aspect: str | None, channel: str
) -> str:
    """The answer in the words of a channel; "" where it has none of its own."""
    article = articles.get(key or "")
    if article is None or aspect not in article.variants.get(channel, {}):
        return ""
    return article_reply(article, aspect, channel, root=desk.public_url).text  # type: ignore[arg-type]


def _hit(desk: Desk, hit: Hit, article: Article) -> dict[str, Any]:
    weights = desk.calibration.rank
    counted = [
        (REASON_NAMES[name], round(weights.get(name, 0.0) * value, 2), round(value, 2))
        for name, value in hit.reasons.items()
        if name in REASON_NAMES
    ]
    best = sorted((one for one in counted if one[1]), key=lambda one: -abs(one[1]))[:_REASONS_SHOWN]
    return {
        "key": hit.key,
        "title": article.title,
        "confidence": round(hit.confidence, 3),
        "score": round(hit.score, 2),
        "reasons": best,
    }
