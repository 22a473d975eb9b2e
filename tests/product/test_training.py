"""A model trained with an example of the console's, evaluated, taken into use under load, and left again: real Rasa."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from app.rasa_process import RASA_PYTHON
from app.scratch import Product, scratch_product
from app.settings import ROOT, load_settings
from app.training import model_file, trained
from conversations.models import Message as Row
from conversations.models import Question, Turn
from desk.learning.examples import add_example
from desk.learning.trainings import TrainingRefused, ask_for_training, choose, models, runs, wanted
from knowledge.learning.models import DialogueModel, RunState, TrainingRun
from knowledge.questions import keep_question
from staff.actors import COMMAND_LINE
from tests.conftest import missing

EXAMPLE = "我厂里的水龙头一滴都不流了"
PATIENCE = 400


@pytest.fixture
async def product(tmp_path: Path, database_url: str) -> AsyncIterator[Product]:
    """A product of its own, with a folder of models that holds the shipped one."""
    if not RASA_PYTHON.exists():
        missing("Rasa's environment is not installed")
    base = await trained(ROOT / "models", print)
    folder = tmp_path / "models"
    folder.mkdir()
    shutil.copy(base, model_file(folder))
    settings = load_settings().model_copy(update={"models": folder})
    async with scratch_product(settings, database=database_url) as running:
        yield running


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_trained_model_is_taken_into_use_under_load_without_a_lost_message(product: Product) -> None:
    desk = product.desk
    first = await _registered(product)
    await add_example(desk, COMMAND_LINE, EXAMPLE, "topic_water")
    async with desk.database.write() as session:
        for text in (EXAMPLE, "公司接自来水要带哪些材料"):  # the first is an example: it counts as one
            await keep_question(session, text, "water-connection", by="editor", at=desk.clock())
    await ask_for_training(desk, COMMAND_LINE)
    with pytest.raises(TrainingRefused, match="已有一次训练"):
        await ask_for_training(desk, COMMAND_LINE)
    run = await _ended(product)
    assert run.state is RunState.DONE, run.problem
    assert run.examples == 1 and run.after["examples_right"] == 1
    assert run.before["similar"] == run.after["similar"] > 300
    assert run.after["similar_right"] >= 0.95 * run.after["similar"]
    assert (run.after["questions"], run.after["questions_right"]) == (1, 1)
    assert await _name_in_use(product) == first
    pid = product.rasa.pid()

    stop, talking = asyncio.Event(), [_Talk(product.url, number) for number in range(4)]
    tasks = [asyncio.create_task(talk.go_on(stop)) for talk in talking]
    await choose(desk, COMMAND_LINE, run.model)
    await _in_use(product, run.model)
    assert product.rasa.pid() != pid
    await choose(desk, COMMAND_LINE, first)  # and back
    await _in_use(product, first)
    stop.set()
    await asyncio.gather(*tasks)
    assert sum(talk.said for talk in talking) > 20
    for talk in talking:
        assert await talk.unanswered() == []
    async with desk.database.read() as session:
        assert not await session.scalar(select(func.count()).select_from(Row).where(Row.turn == Turn.WAITING))
        asked = await session.scalar(select(func.count()).select_from(Question))
    assert asked == sum(talk.said for talk in talking)

    await _breaks(product, run.model)
    await _clashes(product)


async def _breaks(product: Product, name: str) -> None:
    """A model that cannot be loaded is not taken, and the one in use goes on."""
    desk, before = product.desk, await _name_in_use(product)
    product.rasa.model.with_name(f"{name}.tar.gz").write_bytes(b"no model")
    pid = product.rasa.pid()
    await choose(desk, COMMAND_LINE, name)
    async with asyncio.timeout(PATIENCE):
        while not (broken := await _model(product, name)).problem:
            await asyncio.sleep(0.3)
    assert "启动不了" in broken.problem
    assert (product.rasa.pid(), await _name_in_use(product)) == (pid, before)
    assert await _Talk(product.url, 99).once() == "answered"


async def _clashes(product: Product) -> None:
    """A training that fails changes nothing, and says why."""
    await add_example(product.desk, COMMAND_LINE, "隐私政策", "topic_water")
    await ask_for_training(product.desk, COMMAND_LINE)
    run = await _ended(product)
    assert run.state is RunState.FAILED and "隐私政策" in run.problem
    assert len(await _models(product)) == 2


class _Talk:
    """An enterprise that goes on asking."""

    def __init__(self, url: str, number: int) -> None:
        self._http = httpx.AsyncClient(base_url=url, timeout=60)
        self._number, self.said = number, 0
        self._path = ""
        self._headers: dict[str, str] = {}

    async def go_on(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self.once()

    async def once(self) -> str:
        """Ask; the outcome, empty where the answer comes later."""
        if not self._path:
            begun = (await self._http.post("/api/conversations")).raise_for_status().json()
            self._path = f"/api/conversations/{begun['id']}/messages"
            self._headers = {"Authorization": f"Bearer {begun['token']}"}
        self.said += 1
        body = {"id": f"{self._number}-{self.said}", "text": "用水报装要什么材料"}
        turn = (await self._http.post(self._path, json=body, headers=self._headers)).raise_for_status().json()
        await asyncio.sleep(0.05)
        return str(turn["replies"][-1]["outcome"]) if turn["replies"] else ""

    async def unanswered(self) -> list[str]:
        """The messages that have not got their one answer, after a while for what waited."""
        for _ in range(100):
            found = []
            for number in range(1, self.said + 1):
                body = {"id": f"{self._number}-{number}", "text": "用水报装要什么材料"}
                turn = (await self._http.post(self._path, json=body, headers=self._headers)).json()
                outcomes = [reply["outcome"] for reply in turn["replies"]]
                if outcomes != ["answered"]:
                    found.append(f"{body['id']}: {outcomes}")
            if not found:
                break
            await asyncio.sleep(0.3)
        await self._http.aclose()
        return found


async def _registered(product: Product) -> str:
    async with asyncio.timeout(PATIENCE):
        while not (name := await _name_in_use(product)):
            await asyncio.sleep(0.2)
    return name


async def _ended(product: Product) -> TrainingRun:
    async with asyncio.timeout(PATIENCE):
        while True:
            async with product.desk.database.read() as session:
                run = (await runs(session, 1))[0]
            if run.ended_at is not None:
                return run
            await asyncio.sleep(0.5)


async def _in_use(product: Product, name: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while product.rasa.model.name != f"{name}.tar.gz" or (await _model(product, name)).running_at is None:
            await asyncio.sleep(0.1)


async def _name_in_use(product: Product) -> str:
    async with product.desk.database.read() as session:
        found = await wanted(session)
    return found.name if found else ""


async def _models(product: Product) -> list[DialogueModel]:
    async with product.desk.database.read() as session:
        return list(await models(session))


async def _model(product: Product, name: str) -> DialogueModel:
    return next(model for model in await _models(product) if model.name == name)
