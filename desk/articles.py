"""An article as a reply: the asked aspect first, its source line, and what else can be asked."""

from __future__ import annotations

import json
from collections.abc import Sequence

from desk.values import Button, Reply
from knowledge.article import ASPECT_NAMES, Article, Aspect
from knowledge.check import MAX_REPLY_BYTES

UNSOLVED = Button("没有解决", "/unsolved")
HUMAN = Button("转人工", "/human")
COMPLAINT = Button("提交投诉", "/complaint")
REQUEST = Button("提交诉求", "/request")
# The desk alone can pick it: see desk/learning/telling.py.
TELL_ME = Button("有答案时告诉我", "/tell_me")

# Who is asked where the knowledge base has no answer: national hotlines, see knowledge/allowed.yml.
_HOTLINES = {
    "tax": "12366（纳税服务热线）",
    "social": "12333（人社服务热线）",
    "electricity": "95598（国家电网供电服务热线）",
    "registration": "12315 或 12345",
    "regulation": "12315 或 12345",
    "customs": "12360（海关热线）",
    "justice": "12348（公共法律服务热线）",
}
_MAX_SOURCES = 3
_MAX_DOWNLOADS = 3
_MOST_BYTES = 1_600  # of a reply with links: WeChat's options still fit into the same message


def hotline(category: str) -> str:
    """Where to ask about a category."""
    return _HOTLINES.get(category, "12345（政务服务便民热线）")


def article_reply(article: Article, aspect: Aspect | None, channel: str = "", *, root: str = "") -> Reply:
    """The answer from an article, in the channel's own words where it has some.

    An aspect that it does not cover is said to be missing, not guessed. `root`: where our own addresses begin for people;
    without one, files of our own are left out.
    """
    shown: Aspect = aspect if aspect in article.sections else "overview"  # type: ignore[assignment]
    parts = [f"【{article.title}·{ASPECT_NAMES[shown]}】", article.text(shown, channel)]
    if aspect is not None and aspect != shown:
        parts.insert(
            0,
            f"知识库没有收录这件事的“{ASPECT_NAMES[aspect]}”，不好随意答复您，"
            f"可以拨打 {hotline(article.category)} 咨询。已知的情况是：",
        )
    sources = source_line(article, shown)
    if shown == ("materials" if "materials" in article.sections else "overview"):
        parts.append(_downloads(article, root, len("\n".join((*parts, sources)).encode())))
    parts.append(sources)  # last: the chat page sets it in small type
    others = [other for other in article.aspects() if other not in (shown, aspect)]
    return Reply(
        text="\n".join(part for part in parts if part),
        outcome="answered",
        article=article.key,
        aspect=aspect or shown,
        buttons=(*(aspect_button(article.key, other) for other in others), UNSOLVED, HUMAN),
    )


def _downloads(article: Article, root: str, said: int) -> str:
    """可下载：申请表 https://… as far as there is room beside the `said` bytes; else where all of it is."""
    found = [(one.title, one.address(root)) for one in article.downloads]
    lines = [f"{title} {address}" for title, address in found if address and (root or address[0] != "/")]
    if not lines:
        return ""
    whole = "\n".join(("可下载：" + lines[0], *lines[1:]))
    if len(lines) <= _MAX_DOWNLOADS and said + len(whole.encode()) <= _MOST_BYTES:
        return whole
    page = f"有 {len(lines)} 份表格可下载：{root}/articles/{article.key}" if root else ""
    return page if said + len(page.encode()) <= MAX_REPLY_BYTES else ""


def source_line(article: Article, aspect: Aspect) -> str:
    """依据：《…》（文号，日期）第…条；…。核对日期：…"""
    citations = article.citations(aspect)
    names = "；".join(citation.line() for citation in citations[:_MAX_SOURCES])
    more = "等" if len(citations) > _MAX_SOURCES else ""
    checked = f"核对日期：{article.checked_on.isoformat()}"
    return f"\n依据：{names}{more}\n{checked}" if names else f"\n{checked}"


def aspect_button(key: str, aspect: Aspect) -> Button:
    """Asks for another aspect of an article."""
    return Button(ASPECT_NAMES[aspect], _payload("pick_aspect", article=key, aspect=aspect))


def article_button(key: str, title: str, aspect: Aspect | None) -> Button:
    """Picks an article among several."""
    named = {"article": key, **({"aspect": aspect} if aspect else {})}
    return Button(title, _payload("pick_article", **named))


def option_buttons(titles: Sequence[tuple[str, str]], aspect: Aspect | None) -> tuple[Button, ...]:
    """One button for each (key, title)."""
    return tuple(article_button(key, title, aspect) for key, title in titles)


def _payload(intent: str, **entities: str) -> str:
    return f"/{intent}{json.dumps(entities, ensure_ascii=False)}"
