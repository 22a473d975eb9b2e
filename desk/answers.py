"""Answering a question: which article is meant, in the light of what was talked about before."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rapidfuzz import fuzz

from desk.articles import COMPLAINT, HUMAN, REQUEST, TELL_ME, article_reply, option_buttons
from desk.desk import Desk
from desk.values import Button, Reply
from knowledge.article import Aspect
from knowledge.search.aspect import residue
from knowledge.search.decide import Answer, Clarify, Unknown, decide
from knowledge.search.index import Result

_REJECTING = ("not_covered", "out_of_scope", "individual_matter", "link", "unlink", "privacy", "erase")
_SURE = 0.5
# What the model's word counts for, in log odds: chosen on knowledge/search/calibration.tsv.
_TRUST = 0.8
_DOUBT = 4.0
# "燃气呢", "那用电的话": a new matter, the old aspect.
_SWITCH = re.compile(r"^(?:那么?|换成?)?.{1,8}(?:呢|的话|的呢|那边呢)[?？]?$")
_GIVES_UP_AFTER = 2
_ASKS = re.compile(
    r"怎么|咋|如何|哪|谁|什么|啥|多久|几天|多少|吗|能不能|可不可以|要不要|[?？]\s*$|不$|流程|平台|应该"
)
# Who says this does it, and asks nothing: a complaint begun, a ticket meant.
_ACTS = re.compile(
    r"(?:我们?|俺们?)(?:想|要|想要)?(?:投诉|举报)|^(?:投诉|举报|反映)|[A-Za-z]{2,4}-?\d{8}-?\d{4}|我的(?:工单|投诉|诉求)"
)
_GRIEVANCE = re.compile(
    r"投诉|没人管|不管|刁难|推诿|踢皮球|乱收|态度|不作为|欺负|拖着?不|不给(?:我|俺|办|送|退|接)|凭(?:什么|啥)|太(?:慢|差|黑|过分)"
)
_CLEARLY = 0.8
_LIKELY = 0.2
_VERY_SURE = 0.9
_LONGEST_QUESTION = 120


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and what the dialogue model made of it. `ranking`: intent -> probability."""

    text: str
    intent: str = ""
    confidence: float = 0.0
    ranking: Mapping[str, float] = field(default_factory=dict)
    picked_article: str | None = None
    picked_aspect: Aspect | None = None

    def category_prior(self) -> dict[str, float]:
        """Category -> probability, as far as the model tells."""
        return {
            name.removeprefix("topic_"): share
            for name, share in self.ranking.items()
            if name.startswith("topic_")
        }

    def rejected(self) -> float:
        """The probability that this is nothing for the knowledge base."""
        return sum(self.ranking.get(name, 0.0) for name in _REJECTING)


@dataclass(frozen=True, slots=True)
class Context:
    """What the talk is about: the article and aspect answered last, and how often the bot had no answer in a row."""

    article: str | None = None
    aspect: Aspect | None = None
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Vague:
    """The question names no matter at all."""


Decision = Answer | Clarify | Unknown | Vague


async def answer(desk: Desk, asked: Asked, context: Context) -> tuple[Reply, Context]:
    """The reply to a question and the context after it."""
    await desk.library.refresh()
    today = desk.today()
    if context.article and desk.library.article(context.article, today) is None:
        context = replace(context, article=None)  # it expired or was archived meanwhile
    result = weighed(
        desk.library.search(asked.text, today=today, category_prior=asked.category_prior()), asked.rejected()
    )
    decision = understand(
        asked,
        context,
        result,
        answer_at=desk.calibration.answer_at,
        clarify_at=desk.calibration.clarify_at,
        titles=desk.library.titles(
            tuple(h.key for h in result.hits) + ((context.article,) if context.article else ()), today
        ),
    )
    reply, after = reply_to(desk, asked, context, decision, result.aspect)
    if asked.picked_article or asked.picked_aspect:
        return reply, after
    return replace(reply, intent=asked.intent, confidence=round(asked.confidence, 4)), after


async def answers_surely(desk: Desk, asked: Asked) -> bool:
    """Whether the knowledge base answers what sounds like an act: 投诉平台怎么用, 打了12345在哪查进度."""
    if _ACTS.search(asked.text) or len(asked.text) > _LONGEST_QUESTION:
        return False
    await desk.library.refresh()
    result = weighed(
        desk.library.search(asked.text, today=desk.today(), category_prior=asked.category_prior()),
        asked.rejected(),
    )
    if not result.hits:
        return False
    sure = result.hits[0].confidence
    if _ASKS.search(asked.text) or asked.confidence < _CLEARLY:
        return sure >= (desk.calibration.answer_at if _GRIEVANCE.search(asked.text) else _LIKELY)
    return sure >= _VERY_SURE


def understand(
    asked: Asked,
    context: Context,
    result: Result,
    *,
    answer_at: float,
    clarify_at: float,
    titles: Mapping[str, str],
) -> Decision:
    """Which article is meant. `titles` of the hits and of the article talked about."""
    if asked.picked_article:
        return Answer(asked.picked_article, asked.picked_aspect)
    if asked.picked_aspect:
        return Answer(context.article, asked.picked_aspect) if context.article else Vague()
    rest = residue(asked.text)
    if not rest:
        return Answer(context.article, result.aspect) if context.article and result.aspect else Vague()
    found = decide(result, answer_at=answer_at, clarify_at=clarify_at)
    if context.article is None:
        return found
    if _SWITCH.match(asked.text) and result.aspect is None:
        return _switched(found, context, titles)
    return _stays(asked, context, found, result) or found


def weighed(result: Result, rejected: float) -> Result:
    """The same hits, surer or less sure by what the dialogue model says: `rejected`, that it is nothing of ours."""
    shift = _TRUST - _DOUBT * rejected
    return replace(
        result, hits=tuple(replace(hit, confidence=shifted(hit.confidence, shift)) for hit in result.hits)
    )


def shifted(probability: float, shift: float) -> float:
    """A probability with `shift` added to its log odds."""
    odds = probability / max(1e-9, 1.0 - probability) * math.exp(shift)
    return odds / (1.0 + odds)


def _switched(found: Decision, context: Context, titles: Mapping[str, str]) -> Decision:
    """Another matter of the same kind: 用水报装 and "燃气呢" mean 用气报装."""
    if isinstance(found, Answer):
        return replace(found, aspect=context.aspect)
    keys = found.keys if isinstance(found, Clarify) else ()
    old = titles.get(context.article or "", "")
    alike = sorted(((fuzz.ratio(old, titles.get(key, "")), key) for key in keys), reverse=True)
    if alike and alike[0][0] >= 50 and (len(alike) == 1 or alike[0][0] - alike[1][0] >= 10):
        return Answer(alike[0][1], context.aspect)
    return found


def _stays(asked: Asked, context: Context, found: Decision, result: Result) -> Decision | None:
    """The matter talked about, where the question is a follow-up that does not clearly name another."""
    follows_up = asked.intent == "ask_aspect" and asked.confidence >= _SURE
    if context.article is None or not (follows_up or result.aspect):
        return None
    options = found.keys if isinstance(found, Clarify) else ()
    if context.article in options or (follows_up and not isinstance(found, Answer)):
        return Answer(context.article, result.aspect)
    return None


def reply_to(
    desk: Desk, asked: Asked, context: Context, decision: Decision, aspect: Aspect | None
) -> tuple[Reply, Context]:
    """What is said to a question that was understood as `decision`, and the context after it."""
    today = desk.today()
    match decision:
        case Answer(key, wanted):
            article = desk.library.article(key, today)
            if article is None:
                return _unknown(desk, asked, context, Unknown(()))
            reply = article_reply(article, wanted, root=desk.public_url)
            return reply, Context(key, wanted, 0)
        case Clarify(keys):
            titles = list(desk.library.titles(keys, today).items())
            return _clarify(titles, aspect), replace(context, aspect=aspect, unknown=0)
        case Unknown():
            return _unknown(desk, asked, context, decision)
        case Vague():
            return _vague(), context


def _clarify(titles: list[tuple[str, str]], aspect: Aspect | None) -> Reply:
    none_of_them = Button("都不是", "/unsolved")
    one = len(titles) == 1
    text = f"您是想问“{titles[0][1]}”吗？" if one else "您想问的是哪一件？请点选，或回复序号。"
    buttons = option_buttons(titles, aspect)
    return Reply(
        text=text,
        outcome="clarify",
        options=tuple(key for key, _ in titles),
        buttons=(*buttons, none_of_them, HUMAN),
        default=buttons[0].payload if one else None,
    )


def _unknown(desk: Desk, asked: Asked, context: Context, found: Unknown) -> tuple[Reply, Context]:
    if asked.intent == "individual_matter" and asked.confidence >= _SURE:
        return _individual(), context
    if asked.intent == "out_of_scope" and asked.confidence >= _SURE:
        return _small_talk(desk.city.name), context
    streak = context.unknown + 1
    titles = list(desk.library.titles(found.nearest, desk.today()).items())
    offers = option_buttons(titles, None)
    if streak >= _GIVES_UP_AFTER:
        reply = Reply(
            text="很抱歉，连续两次没能答上您的问题。需要我为您转人工，或者登记成诉求由主管部门答复吗？",
            outcome="unknown",
            options=tuple(key for key, _ in titles),
            buttons=(HUMAN, REQUEST, *offers, TELL_ME),
            default=HUMAN.payload,
        )
    else:
        near = "您可以换个说法再问一次，也可以看看下面相近的事项，" if titles else "您可以换个说法再问一次，"
        reply = Reply(
            text="抱歉，知识库里没有这个问题的可靠答案，不敢随意答复您，问题已经记下。\n"
            f"{near}或者转人工、拨打 12345 咨询。",
            outcome="unknown",
            options=tuple(key for key, _ in titles),
            buttons=(*offers, HUMAN, TELL_ME),
        )
    return reply, replace(context, unknown=streak)


def _individual() -> Reply:
    return Reply(
        text="这是个人办理的事项，我只答复企业和个体工商户的经营事项，不便给您指路指错。"
        "个人事项请拨打 12345 咨询，或在河南省政务服务网、豫事办上查询办理。",
        outcome="unknown",
        buttons=(HUMAN,),
    )


def _small_talk(city: str) -> Reply:
    return Reply(
        text=f"这个我答不了。我是{city}企业服务助手，可以答复水电气报装、企业开办变更注销、税务社保、"
        "工程建设等企业事项，也可以为您登记投诉和诉求。",
        outcome="smalltalk",
        buttons=(Button("你能做什么", "/capabilities"), HUMAN),
    )


def _vague() -> Reply:
    return Reply(
        text="请告诉我您想办哪件事，比如“用水报装要什么材料”“公司注销流程”“停电了找谁”。",
        outcome="clarify",
        buttons=(Button("你能做什么", "/capabilities"), COMPLAINT, HUMAN),
    )


def nothing_solved(context: Context) -> Reply:
    """The bot's answer did not help: offer a person or a ticket. Recorded as a question without an answer."""
    return Reply(
        text="抱歉没能解决您的问题，已经记下，会用来改进答复。需要为您转人工，或者登记成诉求由主管部门答复吗？"
        "您也可以换个说法再问一次。",
        outcome="unknown",
        article=context.article,
        buttons=(HUMAN, REQUEST, COMPLAINT, TELL_ME),
        default=HUMAN.payload,
        intent="unsolved",
    )
