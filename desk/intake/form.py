"""The form of a complaint or request: what one message changes, and what to ask next."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from desk.city import City
from desk.intake.corrections import correction
from desk.intake.extract import extract, told_only
from desk.intake.fields import MAX_TEXT, SKIPPED, Field, Refused, complaint_fields, guessed_subject
from tickets.models import KIND_NAMES, Kind

SUMMARY = "confirmed"
CANCELLING = "cancelling"
FAILURES_BEFORE_HELP = 3

# About the person, not about the matter.
_WISHES = ("link", "unlink", "privacy", "erase")
_LONGEST_WISH = 20
# Intents that a form leaves to the other rules when the text is not the answer it waits for.
_ACTS_ELSEWHERE = {
    "ask_aspect", "progress", "urge", "withdraw", "human", "greet", "thanks", "capabilities",
    "individual_matter", "out_of_scope", "not_covered", "pick_article", "pick_aspect",
    *_WISHES,
}  # fmt: skip
_SURE = 0.5
_QUESTION = re.compile(
    r"[?？]\s*$|吗$|呢$|怎么|咋|如何|多少|多久|几天|什么|啥|哪里|哪儿|在哪|谁能|能不能|可以不|要不要"
)
_YES = re.compile(
    r"(?:嗯+|对+|是的?|好的?|行|可以|没错|没问题|没有问题|正确|确认|确定|提交|无误|ok|yes|就这样|对的|都对|同意|吧|了|呀|啊|哦|[,，。.!！\s])+",
    re.IGNORECASE,
)
_NO = re.compile(r"^(?:不|没|否|先别|别|修改|改|有错|错)")
_CANCEL = re.compile(
    r"^(?:我?(?:想|要)?(?:取消|退出|不填|不办|算了|不投诉|不弄|停|终止)(?:吧|了|填写|投诉)*[,，。!！\s]*)+$"
)
_CANCEL_YES = re.compile(
    r"(?:确定|确认|是的?|对|嗯+|好的?|取消|不填|算了|退出|可以|行)(?:取消|不填|退出|吧|了|[,，。!！\s])*"
)
_SKIP = re.compile(
    r"^(?:跳过|不填|略过|没有|无|暂无|不知道|不清楚|不记得|忘了|先不填|先跳过|以后再说|不方便|手边没有|没带)(?:[,，]?.{0,6})$"
)
# Where the field may be left empty this is an answer; elsewhere it leaves the form.
_SKIP_THIS = re.compile(r"(?:先|这[个项一]*)?不填(?:这[个项])?[吧。,，!！\s]*")
_SECOND = re.compile(r"还有一件|另外一件|另一件事|第二件|两件事|还有个(?:问题|事)|另外还(?:有|要)|二是|其二")


# 我要投诉 and the like, before the story itself.
_ANNOUNCES = re.compile(
    r"^(?:你好|您好)?[,，!！\s]*(?:我们?|俺们?)?(?:想|要|想要)?(?:投诉|举报|反映|提个?诉求)(?:一下|个?问题)?"
)
_STORY_LETTERS = 14


class Outcome(StrEnum):
    """Where the form stands after a message."""

    GOING = "going"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"
    DIGRESSED = "digressed"


@dataclass(frozen=True, slots=True)
class Said:
    """A message, with what the model thinks it is."""

    text: str
    intent: str
    confidence: float

    def sure(self) -> bool:
        """Whether the model is."""
        return self.confidence >= _SURE

    def elsewhere(self) -> bool:
        """Whether the message is one for another rule: a question, a greeting, a call for a person."""
        topic = self.intent.startswith("topic_") or self.intent == "ask_aspect"
        wish = self.intent in _WISHES and len(self.text) <= _LONGEST_WISH
        return self.sure() and (
            wish
            or (topic and bool(_QUESTION.search(self.text)))
            or self.intent in ("human", "pick_article", "pick_aspect")
        )


@dataclass(frozen=True, slots=True)
class Form:
    """What is filled in, which field is being asked for, and how often an answer to it failed."""

    values: Mapping[str, str]
    asking: str | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """The form after a message, and what to say before the next question."""

    form: Form
    say: tuple[str, ...] = ()
    outcome: Outcome = Outcome.GOING


@dataclass(frozen=True, slots=True)
class Intake:
    """The rules of the form for one city."""

    city: City
    fields: Mapping[str, Field] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "fields", {f.name: f for f in complaint_fields(self.city)})

    def begin(self, kind: Kind, said: Said) -> Step:
        """The form as the first message fills it: everything that the enterprise has told already counts."""
        values: Mapping[str, str] = {}
        if len(re.sub(r"\W", "", _ANNOUNCES.sub("", said.text))) >= _STORY_LETTERS:
            values = self._accept("description", said.text, {})
        values = self._told(said.text, values)
        told = (f"已记下{self._labels(values, {})}。",) if values else ()
        return self._next(values, say=(_opening(kind), *told, *_one_matter(said.text)))

    def hear(self, form: Form, said: Said) -> Step:
        """The form after one more message."""
        if form.asking == CANCELLING:
            return self._cancelling(form, said)
        asked = self.fields.get(form.asking or "")
        if asked is not None and asked.optional and _SKIP_THIS.fullmatch(said.text):
            return self._skipped(form, asked)
        if (said.intent == "cancel" and said.confidence >= _SURE and len(said.text) <= 15) or _CANCEL.match(
            said.text
        ):
            return Step(Form(form.values, CANCELLING))
        if change := correction(said.text, strict=asked is not None and asked.free):
            found = extract(said.text, self.city)
            if (
                change.field in found and len(found) > 1
            ):  # 公司：…，联系人：…，电话：… tells more than one thing
                told = {**form.values, **found}
                return self._next(told, say=(f"已记下{self._labels(told, form.values)}。",))
            return self._correct(form, change.field, change.value)
        if form.asking == SUMMARY:
            return self._summary(form, said)
        if asked is None:
            return self._next(self._told(said.text, form.values))
        return self._answer(form, asked, said)

    def next_field(self, values: Mapping[str, str]) -> str:
        """What to ask for next; `SUMMARY` when everything is there."""
        return next((name for name in self.fields if name not in values), SUMMARY)

    def _answer(self, form: Form, asked: Field, said: Said) -> Step:
        if said.intent == "explain" and said.confidence >= _SURE and len(said.text) <= 20:
            return Step(Form(form.values, asked.name, form.failures), (asked.why,))
        if _SKIP.match(said.text) and asked.optional:
            return self._skipped(form, asked)
        if said.intent == "skip" and said.sure() and _SKIP.match(said.text):
            return Step(
                Form(form.values, asked.name, form.failures + 1),
                (f"{asked.label}是办理时必须用到的，不能跳过。",),
            )
        if self._elsewhere(asked, said):
            return Step(form, outcome=Outcome.DIGRESSED)
        if asked.free and told_only(said.text, extract(said.text, self.city)):
            return self._failed(form, asked, said, asked.question)
        try:
            value = asked.read(said.text)
        except Refused as refusal:
            return self._failed(form, asked, said, str(refusal))
        values = {**form.values, asked.name: value}
        if asked.free:
            return self._next(self._told(said.text, values), say=_one_matter(said.text))
        return self._next(self._told(said.text, values))

    def _skipped(self, form: Form, asked: Field) -> Step:
        return self._next({**form.values, asked.name: SKIPPED}, say=(f"好的，{asked.label}先不填。",))

    def _failed(self, form: Form, asked: Field, said: Said, refusal: str) -> Step:
        told = self._told(said.text, form.values)
        if told != form.values:  # not this answer, but another one
            return self._next(told, say=(f"已记下{self._labels(told, form.values)}。",))
        if asked.optional and said.intent in ("deny", "skip"):
            return self._skipped(form, asked)
        if "description" in form.values and len(re.sub(r"\W", "", said.text)) >= _STORY_LETTERS:
            story = {"description": f"{form.values['description']}\n{said.text.strip()}"[:MAX_TEXT]}
            kept = "这句已补充到事情经过里。"
            return Step(Form({**form.values, **story}, asked.name, form.failures + 1), (kept,))
        return Step(Form(form.values, asked.name, form.failures + 1), (refusal,))

    def _elsewhere(self, asked: Field, said: Said) -> bool:
        if said.intent in ("pick_article", "pick_aspect", "human"):
            return said.confidence >= _SURE
        act = said.intent in _ACTS_ELSEWHERE or said.intent.startswith("topic_")
        if not act or said.confidence < _SURE:
            return False
        asks = bool(_QUESTION.search(said.text)) or not said.intent.startswith("topic_")
        if asked.free:  # "停水三天没人管怎么办" is the story itself; a short question is a question
            return (asks and len(said.text) <= 16 and asked.name != "wanted") or (
                bool(_QUESTION.search(said.text)) and len(said.text) <= 20
            )
        try:
            asked.read(said.text)
        except Refused:
            return True
        return asks and asked.name in ("enterprise", "contact") and bool(_QUESTION.search(said.text))

    def _cancelling(self, form: Form, said: Said) -> Step:
        if said.intent != "deny" and _CANCEL_YES.fullmatch(said.text.strip()):
            return Step(form, outcome=Outcome.CANCELLED)
        if said.elsewhere():  # who calls for a person here has not said that they go on
            return Step(form, outcome=Outcome.DIGRESSED)
        return self._next(form.values, say=("好的，我们接着填。",))

    def _summary(self, form: Form, said: Said) -> Step:
        text = said.text.strip()
        meant = said.intent == "affirm" and said.sure() and len(text) <= 12 and not _NO.match(text)
        if meant or _YES.fullmatch(text):  # 没错 begins like a no
            return Step(Form({**form.values, SUMMARY: "是"}), outcome=Outcome.CONFIRMED)
        if said.intent == "supplement" and len(text) > 6:
            added = form.values["description"] + "\n补充：" + text
            return self._next({**form.values, "description": added}, say=("已补充到事情经过里。",))
        if said.intent == "deny" or _NO.match(text):
            return Step(
                Form(form.values, SUMMARY), ("哪一项要改？直接说就行，比如“电话改成 13900000000”“改区县”。",)
            )
        told = self._told(text, form.values, replace=True)
        if told != form.values:
            return self._next(told, say=(f"已更新{self._labels(told, form.values)}。",))
        act = said.intent in _ACTS_ELSEWHERE or said.intent.startswith("topic_")
        if act and said.confidence >= _SURE:
            return Step(form, outcome=Outcome.DIGRESSED)
        return Step(
            Form(form.values, SUMMARY, form.failures + 1),
            ("没有看明白。核对无误请回复“确认提交”；要改请说“电话改成……”；不办了请说“取消”。",),
        )

    def _correct(self, form: Form, name: str, said: str | None) -> Step:
        asked = self.fields[name]
        if said is None:
            values = {key: value for key, value in form.values.items() if key != name}
            return Step(Form(values, name), (f"好的，重新填{asked.label}。",))
        try:
            value = asked.read(said)
        except Refused as refusal:
            values = {key: value for key, value in form.values.items() if key != name}
            return Step(Form(values, name), (str(refusal),))
        return self._next(
            {**form.values, name: value}, say=(f"已把{asked.label}改为：{shown(name, value)}。",)
        )

    def _accept(self, name: str, text: str, values: Mapping[str, str]) -> dict[str, str]:
        try:
            return {**values, name: self.fields[name].read(text)}
        except Refused:
            return dict(values)

    def _told(self, text: str, values: Mapping[str, str], *, replace: bool = False) -> dict[str, str]:
        found = extract(text, self.city)
        if (subject := guessed_subject(values.get("description", ""))) and "subject" not in values:
            found["subject"] = subject
        return {**values, **found} if replace else {**found, **values}

    def _labels(self, after: Mapping[str, str], before: Mapping[str, str]) -> str:
        return "、".join(f.label for f in self.fields.values() if after.get(f.name) != before.get(f.name))

    def _next(self, values: Mapping[str, str], *, say: tuple[str, ...] = ()) -> Step:
        return Step(Form(values, self.next_field(values)), say)


def shown(name: str, value: str) -> str:
    """A value as the enterprise reads it."""
    if value == SKIPPED:
        return "未填"
    if name == "phone":
        return value.removeprefix("+86") if len(value) == 14 else "0" + value.removeprefix("+86")
    return value


def _opening(kind: Kind) -> str:
    return (
        f"好的，我来为您登记{KIND_NAMES[kind]}。一次问一项，可以一句话说几项，随时能改、能取消；"
        "您确认之前不会提交。"
    )


def _one_matter(text: str) -> tuple[str, ...]:
    if not _SECOND.search(text):
        return ()
    return ("您说的好像不止一件事。一张工单只办一件，我们先办这一件，提交后可以接着再开一张。",)
