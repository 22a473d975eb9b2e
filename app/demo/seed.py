"""Rows of made-up enterprises: their talks with the bot, and their tickets. Nothing of it is sent to anybody."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import exists, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.demo.lives import Life, by, live
from app.demo.ratings import rating_of, work_off
from app.demo.surroundings import Size, Surroundings
from conversations.models import Author, Delivery, Holder, Message, Person, Question, Rating, Thread, Turn
from desk.intake.fields import subjects
from knowledge.article import Article
from staff.departments import DEPARTMENTS
from store.base import Base
from store.clock import city_date
from store.database import Database
from tickets.clocks import due_at
from tickets.limits import Level, Limit, Timed
from tickets.models import Kind, Serial, Ticket, TicketClock, TicketEvent
from tickets.states import OPEN, Step
from tickets.tickets import ticket_number

DAYS = 365
_AT_ONCE = 5_000  # rows of one statement
_WORDS = "华兴 顺达 鑫源 鹰城 中原 伏牛 白龟 天成 恒通 宏远 瑞丰 金泰 永盛 汇通 众诚 嘉禾".split()
_TRADES = "机械 食品 建材 商贸 电子 化工 纺织 农业 物流 餐饮 医药 陶瓷 新能源 包装 汽修 家具".split()
_FAMILIES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
_STORIES = (
    "报装申请交上去半个月了没有音信，打电话说在排队，车间等着开工。",
    "窗口每次说缺的材料都不一样，跑了四趟还没办成。",
    "这个月的费用比上个月多了一倍，要求复核，没有人答复。",
    "检查的人三天来了两拨，要的是同样的资料，影响生产。",
    "合同约定的款项拖了七个月没有付，催了多次没有结果。",
)
_UNKNOWN = 0.06
_SOLVED, _SATISFIED = 0.93, 0.96
_OUTSIDE = (
    "厂里想自己打一口井要批吗", "进口设备的关税怎么减免", "公司名下的货车年检去哪里", "外籍员工的工作证怎么办",
    "网站备案找哪个部门", "想申请高新技术企业要什么条件", "仓库里放酒精要办什么手续", "出口退税多久到账",
)  # fmt: skip
_NO_ANSWER = "抱歉，知识库里没有这个问题的可靠答案，不敢随意答复您，问题已经记下。"
_WISHES = ("请尽快办理", "请给一个书面答复", "请安排人上门核实", "请退还多收的费用")


async def is_used(session: AsyncSession) -> bool:
    """Whether anybody has written here: made-up rows do not belong among theirs."""
    return bool(await session.scalar(select(exists().where(Person.id.is_not(None)))))


async def seed(database: Database, size: Size, around: Surroundings, tell: Callable[[str], None]) -> None:
    """Write it all, in one transaction. The database must not be in use: see `is_used`."""
    made = _Made(size, around)
    async with database.write() as session:
        for model, rows in made.tables():
            written = 0
            while some := list(islice(rows, _AT_ONCE)):
                await session.execute(insert(model), some)
                written += len(some)
            tell(f"{model.__tablename__}: {written}")
        await work_off(session, made.rated, around, tell)
        if not database.embedded:
            # Rows whose id was given do not move the sequence on.
            table = func.pg_get_serial_sequence(Message.__tablename__, "id")
            await session.execute(select(func.setval(table, made.last_message)))


@dataclass(slots=True)
class _Made:
    size: Size
    around: Surroundings
    last_message: int = 0
    _serials: Counter[Any] = field(default_factory=Counter)
    _questions: list[dict[str, Any]] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _clocks: list[dict[str, Any]] = field(default_factory=list)
    _tickets: list[dict[str, Any]] = field(default_factory=list)
    rated: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)  # rating, its ticket

    def tables(self) -> Iterator[tuple[type[Base], Iterator[dict[str, Any]]]]:
        """Each table's rows, those first to which others point."""
        threads = [self._thread(number) for number in range(self.size.threads)]
        yield Person, (self._person(thread, number) for number, thread in enumerate(threads))
        yield Thread, iter(threads)
        yield Message, self._messages(threads)
        yield Question, iter(self._questions)
        yield Ticket, iter(self._tickets)
        yield TicketEvent, iter(self._events)
        yield TicketClock, iter(self._clocks)
        yield Rating, (rating for rating, _ in self.rated)
        yield Serial, ({"day": day, "last": last} for day, last in self._serials.items())

    def _thread(self, number: int) -> dict[str, Any]:
        around, chance = self.around, self.around.chance
        # The newest thread is the last: most of them have been silent for long.
        last = around.now - timedelta(days=DAYS * (1 - (number + 1) / self.size.threads))
        holder = chance.choices((Holder.BOT, Holder.WAITING, Holder.STAFF), (97, 2, 1))[0]
        channel = chance.choice(("web", "wechat", "telegram"))
        return {
            "id": around.id(last), "person_id": around.id(last - timedelta(minutes=1)), "channel": channel,
            "holder": holder, "waiting_since": last if holder is Holder.WAITING else None,
            "last_message_at": last, "created_at": last - timedelta(hours=3),
            "ended_at": last if holder is Holder.BOT and chance.random() < 0.2 else None,
        }  # fmt: skip

    def _person(self, thread: dict[str, Any], number: int) -> dict[str, Any]:
        return {
            "id": thread["person_id"], "channel": thread["channel"], "address": f"demo-{number}",
            "created_at": thread["created_at"],
        }  # fmt: skip

    def _messages(self, threads: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        each, more = divmod(self.size.messages // 2, len(threads))
        without = len(threads) - self.size.tickets
        for number, thread in enumerate(threads):
            turns = max(1, each + (number < more))
            for turn in range(turns):
                at = thread["last_message_at"] - timedelta(minutes=turns - turn)
                yield from self._turn(thread, at)
            if number >= without:
                self._ticket(thread, confirmed_by=self.last_message)

    def _turn(self, thread: dict[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
        """A question, and its answer or that there is none."""
        text, article, answer = self._said()
        outcome, key = ("answered", article.key) if article else ("unknown", None)
        asked, self.last_message = self.last_message + 1, self.last_message + 2
        self._questions.append(
            {"message_id": asked, "thread_id": thread["id"], "text": text, "outcome": outcome,
             "article": key, "asked_at": at}
        )  # fmt: skip
        common = {"thread_id": thread["id"], "channel": thread["channel"], "created_at": at}
        yield {
            **common, "id": asked, "author": Author.PERSON, "external_id": f"demo-{asked}", "answers_id": None,
            "text": text, "detail": {}, "turn": Turn.DONE, "delivery": Delivery.NONE,
        }  # fmt: skip
        yield {
            **common, "id": self.last_message, "author": Author.BOT, "external_id": None, "answers_id": asked,
            "text": answer, "detail": {"outcome": outcome, "article": key}, "turn": Turn.NONE,
            "delivery": Delivery.SENT,
        }  # fmt: skip

    def _said(self) -> tuple[str, Article | None, str]:
        """A question, the article that answers it, and what the bot said."""
        chance = self.around.chance
        if chance.random() < _UNKNOWN:
            return chance.choice(_OUTSIDE), None, _NO_ANSWER
        article = chance.choice(self.around.articles)
        return chance.choice(article.questions), article, article.text(article.aspects()[0])

    def _ticket(self, thread: dict[str, Any], confirmed_by: int) -> None:
        around, chance = self.around, self.around.chance
        at = thread["last_message_at"]
        level = chance.choice(list(Level))
        life = live(at, around.now, level, chance, calendar=around.calendar, limits=around.limits)
        id, department, day = around.id(at), chance.choice(list(DEPARTMENTS)), city_date(at)
        self._serials[day] += 1
        self._tickets.append(
            {"id": id, "number": ticket_number(around.city.prefix, day, self._serials[day]), "level": level,
             "kind": chance.choice(list(Kind)), "state": life.state, "person_id": thread["person_id"],
             "thread_id": thread["id"], "confirmed_by": confirmed_by, **_enterprise(confirmed_by, chance),
             "district": chance.choice(list(around.city.districts)), "subject": chance.choice(list(subjects())),
             "description": chance.choice(_STORIES), "wanted": chance.choice(_WISHES),
             "confidential": chance.random() < 0.03, "submitted_at": at,
             "enter_by": self._day(around.limits.of(Timed.ENTER, level).limit, at),
             "changed_at": life.events[-1].at,
             "decide_by": self._day(around.limits.of(Timed.DECIDE, level).limit, at),
             "department": department if len(life.events) > 2 else None, "handler": None,
             "supervised_at": at if life.state in OPEN and chance.random() < 0.02 else None}
        )  # fmt: skip
        self._add_life(id, life, confirmed_by)
        called = next((event.at for event in life.events if event.step is Step.CALLED_BACK), None)
        if called and (rating := rating_of(self._tickets[-1], called, around)):
            self.rated.append((rating, self._tickets[-1]))

    def _add_life(self, id: str, life: Life, confirmed_by: int) -> None:
        for event in life.events:
            first = event.before is None
            self._events.append(
                {"ticket_id": id, "step": event.step, "by": by(event.step, "demo"), "before": event.before,
                 "after": event.after, "at": event.at, "message_id": confirmed_by if first else None,
                 **self._answers(event.step)}
            )  # fmt: skip
        self._clocks += (
            {"ticket_id": id, "timed": ran.timed, "limit": ran.limit, "source": ran.source,
             "started_at": ran.started_at, "due_at": ran.due_at, "ended_at": ran.ended_at}
            for ran in life.clocks
        )  # fmt: skip

    def _answers(self, step: Step) -> dict[str, bool | None]:
        """What is said to the two questions of a call-back."""
        if step is not Step.CALLED_BACK:
            return {"solved": None, "satisfied": None}
        return {
            "solved": self.around.chance.random() < _SOLVED,
            "satisfied": self.around.chance.random() < _SATISFIED,
        }

    def _day(self, limit: Limit, at: datetime) -> Any:
        due = due_at(limit, at, self.around.calendar)
        assert due is not None, "only a suspended limit has no end"
        return city_date(due)


def _enterprise(number: int, chance: random.Random) -> dict[str, Any]:
    name = f"{chance.choice(_WORDS)}（演示）{chance.choice(_TRADES)}{number}号店"
    # 1000 is no mobile network's: nobody's number.
    return {
        "enterprise": name, "credit_code": None, "contact": f"{chance.choice(_FAMILIES)}经理",
        "phone": f"+861000{number % 10_000_000:07}",
    }  # fmt: skip
