"""Examples are confirmed by editors, trainings are asked for by admins."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
import yaml
from sqlalchemy import delete, func, select, text

from app.settings import ROOT
from conversations.models import Question
from desk.desk import Desk
from desk.learning.collecting import Collector
from desk.learning.deciding import answer_with
from desk.learning.intents import intent_names
from desk.learning.settling import settle
from desk.learning.trainings import LEASE, begun_with, claim, failed, finished, switched, wanted
from knowledge.drafts import whole
from knowledge.learning.models import DialogueModel, TrainingDecision, TrainingExample
from knowledge.models import Card
from knowledge.rows import save
from staff.actors import COMMAND_LINE
from staff.models import AuditEntry
from staff.roles import Role
from tests.console.visit import House, said
from tests.desk.asking import Asking
from tests.fakes import HandClock

EXAMPLES, TRAINING = "/console/training-examples", "/console/training"


def test_an_example_can_mean_every_intent_that_has_examples_and_no_other() -> None:
    shipped = {
        item["intent"]
        for file in (ROOT / "bot" / "data" / "nlu").rglob("*.yml")
        for item in yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
        if "intent" in item
    }
    assert set(intent_names()) == shipped


async def test_what_the_model_was_unsure_of_is_suggested_until_somebody_decides(
    house: House, stocked_desk: Desk
) -> None:
    desk, asking = stocked_desk, Asking(stocked_desk)
    sure = await asking.ask("a", "用水报装", "answered", intent="topic_water", confidence=0.97)
    one = await asking.ask("a", "水龙头不出水", intent="topic_gas", confidence=0.4)
    same = await asking.ask("c", "水龙头不出水。", intent="topic_gas", confidence=0.5)
    other = await asking.ask("b", "打13800001111找我", intent="nlu_fallback", confidence=0.2)
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    page = (await visit.get(EXAMPLES)).text
    order = [int(id) for id in re.findall(r"suggested/(\d+)/confirm", page)]
    assert order == [other, one] and not {sure, same} & set(order)
    assert "13800001111" not in page
    path = f"{EXAMPLES}/suggested/{one}"
    answer = await visit.post(f"{path}/confirm", {"text": "水龙头不出水！", "intent": ""})
    assert (answer.status_code, said(answer)) == (422, "请在列表里选择这句话的意思。")
    for _ in range(2):
        answer = await visit.post(f"{path}/confirm", {"text": "水龙头不出水！", "intent": "topic_water"})
        assert said(await visit.follow(answer)) == "例句已加入，下次训练时学会。"
    answer = await visit.post(EXAMPLES, {"text": "水龙头不出水", "intent": "topic_gas"})
    assert "已有同样的例句" in said(answer)
    answer = await visit.post(
        f"{EXAMPLES}/suggested/{other}/confirm", {"text": "打13800001111找我", "intent": "human"}
    )
    assert "请改写" in said(answer)
    await visit.post(f"{EXAMPLES}/suggested/{other}/decline")
    page = (await visit.get(EXAMPLES)).text
    assert "现在没有建议" in page and "水龙头不出水" in page
    async with desk.database.read() as session:
        (kept,) = await session.scalars(select(TrainingExample))
        details = [row.detail for row in await session.scalars(select(AuditEntry))]
    assert (kept.text, kept.intent) == ("水龙头不出水", "topic_water")
    assert "水龙头" not in str(details)
    await visit.post(f"{EXAMPLES}/{kept.id}/remove")
    assert said(await visit.follow(await visit.post(f"{EXAMPLES}/{kept.id}/remove"))) == "例句已删除。"


async def test_what_staff_answered_with_an_article_is_suggested_with_its_topic(
    house: House, stocked_desk: Desk
) -> None:
    asking = Asking(stocked_desk)
    asked = await asking.ask("a", "拉闸断水咋整", intent="complaint", confidence=0.9)
    await Collector(stocked_desk).round()
    (group,) = await asking.groups()
    await answer_with(stocked_desk, COMMAND_LINE, group.id, group.revision, "water-connection", [asked])
    async with stocked_desk.database.write() as session:
        written = whole((await session.get_one(Card, "water-connection")).content)
        await save(session, written, by="reviewer", at=stocked_desk.clock())
    assert await settle(stocked_desk) == 1
    page = (await (await house.member("editor", Role.KNOWLEDGE_EDITOR)).get(EXAMPLES)).text
    assert f"suggested/{asked}/confirm" in page and "工作人员已指明文章" in page
    assert 'value="topic_water" selected' in page


@pytest.mark.parametrize(
    "fields",
    [
        {"text": "", "intent": "greet"},
        {"text": "？？？", "intent": "greet"},
        {"text": "长" * 101, "intent": "greet"},
        {"text": "你好", "intent": "no_such"},
        {"text": "你好", "intent": "x" * 10_000},
        {"text": "联系人：李明", "intent": "greet"},
    ],
)
async def test_a_bad_example_gets_a_sentence(house: House, fields: dict[str, str]) -> None:
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    answer = await visit.post(EXAMPLES, fields)
    assert answer.status_code == 422 and said(answer).endswith("。")
    for address in ("?before=x&after=y", "?after=9_9", "?after=0.5_1", "?before=99999999999", "?after=nan_1"):
        assert (await visit.get(EXAMPLES + address)).status_code == 200
    assert (
        await visit.post(f"{EXAMPLES}/suggested/999/confirm", {"text": "好", "intent": "greet"})
    ).status_code == 422
    assert (await visit.post(f"{EXAMPLES}/suggested/{'9' * 30}/decline")).status_code == 303


async def test_an_example_of_a_meaning_that_is_no_more_gets_a_sentence(house: House, desk: Desk) -> None:
    async with desk.database.write() as session:
        session.add(TrainingExample(text="你好", intent="topic_gone", added_by="x", added_at=desk.clock()))
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    answer = await visit.post(EXAMPLES, {"text": "你好", "intent": "greet"})
    assert answer.status_code == 422 and "topic_gone" in said(answer)


async def in_the_way(desk: Desk) -> None:
    """Until another writer waits for the one that is under way; an embedded database has them queue by itself."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    while not desk.database.embedded:
        async with desk.database.read() as session:
            if await session.scalar(text(waiting)):
                return
        await asyncio.sleep(0.02)


async def test_of_two_who_add_the_same_at_once_the_second_is_told(stocked_desk: Desk, house: House) -> None:
    desk = stocked_desk
    message = await Asking(desk).ask("a", "水龙头不出水", intent="topic_gas", confidence=0.4)
    visit = await house.member("editor", Role.KNOWLEDGE_EDITOR)
    example = {"text": "水龙头不出水", "intent": "topic_water"}
    for path, fields in (
        (EXAMPLES, example),
        (f"{EXAMPLES}/suggested/{message}/confirm", {**example, "text": "水管不出水"}),
        (f"{EXAMPLES}/suggested/{message}/decline", {}),
    ):
        async with desk.database.write() as session:
            await session.execute(delete(TrainingDecision))
        async with desk.database.write() as session:
            if path == EXAMPLES:
                session.add(
                    TrainingExample(
                        intent="topic_water", text="水龙头不出水", added_by="x", added_at=desk.clock()
                    )
                )
            else:
                thread = (await session.get_one(Question, message)).thread_id
                session.add(TrainingDecision(message_id=message, thread_id=thread, taken=True))
            await session.flush()
            second = asyncio.create_task(visit.post(path, fields))
            await in_the_way(desk)
        answer = await second
        # On one writer the second comes after the first, and finds it done.
        assert answer.status_code == 303 or "刚刚由别人" in said(answer), path
        assert answer.status_code == (303 if desk.database.embedded else 422), path
    async with desk.database.read() as session:
        assert await session.scalar(select(func.count()).select_from(TrainingDecision)) == 1


def model(name: str, base: str = "base") -> DialogueModel:
    return DialogueModel(name=name, base=base, examples=[])


async def test_one_training_at_a_time_and_one_whose_process_died_has_failed(
    house: House, desk: Desk, clock: HandClock
) -> None:
    visit = await house.member("admin", Role.ADMIN)
    answer = await visit.post(TRAINING)
    assert "QIFU_RASA_URL" in said(answer)
    await begun_with(desk, model("first"))
    assert "已排上" in said(await visit.follow(await visit.post(TRAINING)))
    assert "已有一次训练" in said(await visit.post(TRAINING))
    run = await claim(desk)
    assert run is not None and await claim(desk) is None
    assert "正在训练" in (await visit.get(f"{TRAINING}/progress")).text
    clock.advance(LEASE + timedelta(seconds=1))
    assert await claim(desk) is None
    assert "进程中断" in (await visit.get(TRAINING)).text
    assert (await visit.post(TRAINING)).status_code == 303


async def test_a_model_is_used_when_it_is_chosen_and_one_that_fails_gives_way(
    house: House, desk: Desk, clock: HandClock
) -> None:
    async def in_use() -> str:
        async with desk.database.read() as session:
            found = await wanted(session)
        return found.name if found else ""

    visit = await house.member("admin", Role.ADMIN)
    await begun_with(desk, model("first"))
    for name in ("second", "third", "fourth"):
        await visit.post(TRAINING)
        run = await claim(desk)
        assert run is not None
        clock.advance(timedelta(minutes=1))
        figures = {"questions": 9, "questions_right": 8, "examples": 1, "examples_right": 1}
        gone = await finished(
            desk, run, model(name), figures, {**figures, "lost": ["水价"], "won": []}, keep=3
        )
    assert list(gone) == []  # the first is the fourth newest, and in use
    assert await in_use() == "first"
    page = (await visit.get(TRAINING)).text
    assert "原来答对的：水价" in page and "8 / 9" in page and "新模型学过" in page
    clock.advance(timedelta(minutes=1))
    answer = await visit.post(f"{TRAINING}/models/fourth/choose")
    assert "正在换用" in said(await visit.follow(answer)) and await in_use() == "fourth"
    await switched(desk, "fourth", "这个模型启动不了，已继续使用原来的模型。")
    assert await in_use() == "first"
    assert "启动不了" in (await visit.get(TRAINING)).text
    clock.advance(timedelta(minutes=1))
    await visit.post(f"{TRAINING}/models/second/choose")
    assert await in_use() == "second"
    answer = await visit.post(f"{TRAINING}/models/nowhere/choose")
    assert answer.status_code == 422 and "没有这个模型" in said(answer)
    clock.advance(timedelta(minutes=1))
    await begun_with(desk, model("upgraded", "another base"))
    assert await in_use() == "upgraded"
    assert "升级以前" in said(await visit.post(f"{TRAINING}/models/first/choose"))
    await visit.post(TRAINING)
    run = await claim(desk)
    assert run is not None
    await failed(desk, run, "train.py: <b>the rules contradict</b>")
    page = (await visit.get(TRAINING)).text
    assert "什么都没有改变" in page and "<b>the rules" not in page
