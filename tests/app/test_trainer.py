"""A training goes on beside the switches of models, and is judged by the stored questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from app import trainer as trainer_module
from app.loops import train_when_asked
from app.rasa_process import NotReady, RasaProcess, Ready
from app.trainer import Trainer
from app.training import Examples, fingerprint, model_file
from connectors.rasa.client import RasaDialogue
from desk.answers import Asked
from desk.desk import Desk
from desk.learning.evaluating import Kind, figures, right_ones, stored_questions
from desk.learning.trainings import ask_for_training, choose, runs, wanted
from desk.ports import DialogueDown
from knowledge.learning.models import DialogueModel, RunState, TrainingRun
from knowledge.questions import keep_question
from staff.actors import COMMAND_LINE
from tests.fakes import HandClock

PATIENCE = 20


class Process:
    """A Rasa that is always ready; beside it none comes up."""

    def __init__(self, model: Path) -> None:
        self.model = model

    async def switch(self, model: Path, ready: Ready, move: Callable[[str], Awaitable[None]]) -> None:
        self.model = model

    @asynccontextmanager
    async def beside(self, model: Path, ready: Ready) -> AsyncIterator[None]:
        raise NotReady("none beside")
        yield


class Dialogue:
    """What is understood, once the gate is open. With `down` the model is gone."""

    def __init__(self) -> None:
        self.gate, self.asked, self.down = asyncio.Event(), 0, False

    async def understand(self, text: str) -> Asked:
        self.asked += 1
        await self.gate.wait()
        if self.down:
            self.down = False
            raise DialogueDown("moved away")
        return Asked(text, intent="greet")

    async def move(self, url: str) -> None:
        """Nothing is on its way."""


class Scene:
    """A trainer that has a model in use and another at hand, and a training that waits at its gate."""

    def __init__(self, desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk, self.folder = desk, folder
        self.first = model_file(folder)
        self.first.write_bytes(b"model")
        self.process, self.dialogue = Process(self.first), Dialogue()
        self.trained, self.training = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(trainer_module, "trained", self._train)
        self.trainer = Trainer(
            desk, cast(RasaProcess, self.process), cast(RasaDialogue, self.dialogue),
            models=folder, keep=5, token="token",
        )  # fmt: skip

    async def _train(self, models: Path, say: Callable[[str], None], examples: Examples) -> Path:
        self.training.set()
        await self.trained.wait()
        return models / "new.tar.gz"

    async def other(self) -> str:
        """Another model at hand."""
        name = f"qifu-{fingerprint()}-other"
        (self.folder / f"{name}.tar.gz").write_bytes(b"model")
        async with self.desk.database.write() as session:
            session.add(
                DialogueModel(
                    name=name, base=fingerprint(), examples=[], made_by="x", made_at=self.desk.clock()
                )
            )
        return name

    async def run(self) -> TrainingRun:
        async with self.desk.database.read() as session:
            return (await runs(session, 1))[0]

    async def until(self, true: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await true():
                await asyncio.sleep(0.01)


@pytest.fixture
async def scene(stocked_desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    found = Scene(stocked_desk, tmp_path, monkeypatch)
    await found.trainer.round()
    await ask_for_training(stocked_desk, COMMAND_LINE)
    yield found
    await found.trainer.close()


async def test_a_model_is_chosen_and_left_again_while_a_training_is_under_way(
    scene: Scene, clock: HandClock
) -> None:
    async with asyncio.timeout(PATIENCE):
        await scene.trainer.round()
        await scene.training.wait()
    for name in (await scene.other(), scene.first.name.removesuffix(".tar.gz")):
        clock.now = clock.now.replace(minute=clock.now.minute + 1)
        await choose(scene.desk, COMMAND_LINE, name)
        async with asyncio.timeout(PATIENCE):
            await scene.trainer.round()
        assert scene.process.model.name == f"{name}.tar.gz"
        async with scene.desk.database.read() as session:
            present = await wanted(session)
        assert present is not None and present.name == name and present.running_at is not None
        assert (await scene.run()).state is RunState.TRAINING

    scene.trained.set()
    scene.dialogue.gate.set()

    async def ended() -> bool:
        return (await scene.run()).state is RunState.FAILED

    await scene.until(ended)
    assert "none beside" in (await scene.run()).problem
    await ask_for_training(scene.desk, COMMAND_LINE)
    scene.training.clear()
    await scene.trainer.round()
    async with asyncio.timeout(PATIENCE):
        await scene.training.wait()  # the next one begins


@pytest.mark.parametrize("lost", [False, True])
async def test_a_switch_amid_the_evaluation_begins_it_anew(
    scene: Scene, clock: HandClock, lost: bool
) -> None:
    scene.trained.set()
    await scene.trainer.round()

    async def evaluating() -> bool:
        return scene.dialogue.asked > 0

    await scene.until(evaluating)
    name = await scene.other()
    clock.now = clock.now.replace(minute=clock.now.minute + 1)
    await choose(scene.desk, COMMAND_LINE, name)
    await scene.trainer.round()
    assert scene.process.model.name == f"{name}.tar.gz"
    scene.dialogue.down = lost
    scene.dialogue.gate.set()

    async def ended() -> bool:
        return (await scene.run()).state is RunState.FAILED

    await scene.until(ended)
    assert "none beside" in (await scene.run()).problem  # it came as far as the new model
    questions = len(await stored_questions(scene.desk, ()))
    assert scene.dialogue.asked == questions + (1 if lost else questions)


async def test_when_the_process_ends_its_training_ends(scene: Scene) -> None:
    loop = asyncio.create_task(train_when_asked(scene.trainer))
    async with asyncio.timeout(PATIENCE):
        await scene.training.wait()
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
    assert len([task for task in asyncio.all_tasks() if "_run" in repr(task.get_coro())]) == 0


async def test_a_model_is_held_against_the_stored_questions_and_what_it_learned_stands_apart(
    stocked_desk: Desk,
) -> None:
    desk = stocked_desk
    async with desk.database.write() as session:
        for text, article in (
            ("公司接自来水要带哪些材料", "water-connection"),
            ("今天天气怎么样呀", ""),
            ("厂里水龙头不出水", "water-connection"),
        ):
            await keep_question(session, text, article, by="editor", at=desk.clock())
    questions = await stored_questions(desk, [("厂里水龙头不出水", "topic_water")])
    kept = [(one.text, one.article) for one in questions if one.kind is Kind.STORED]
    assert kept == [("公司接自来水要带哪些材料", "water-connection"), ("今天天气怎么样呀", "")]

    async def understand(text: str) -> Asked:
        if "天气" in text:
            return Asked(text, "out_of_scope", 0.99, {"out_of_scope": 0.99})
        return Asked(text, "topic_water", 0.9, {"topic_water": 0.9})

    async def done(number: int) -> None:
        """Nobody looks."""

    right = await right_ones(desk, understand, questions, done)
    found = figures(questions, right)
    assert (found["questions"], found["questions_right"]) == (2, 2)
    assert (found["examples"], found["examples_right"]) == (1, 1)
    assert found["similar"] == len(questions) - 3 > 10
    asleep = figures(questions, [False] * len(questions))
    assert asleep["questions_right"] == asleep["similar_right"] == asleep["examples_right"] == 0


async def test_a_chosen_model_whose_file_is_nowhere_is_said_and_what_runs_goes_on(
    scene: Scene, clock: HandClock
) -> None:
    name = await scene.other()
    (scene.folder / f"{name}.tar.gz").unlink()
    clock.advance(timedelta(minutes=1))
    await choose(scene.desk, COMMAND_LINE, name)
    await scene.trainer.follow()
    async with scene.desk.database.read() as session:
        model = await session.get_one(DialogueModel, name)
    assert model.problem == ""  # another machine may have it
    clock.advance(timedelta(minutes=3))
    await scene.trainer.follow()
    async with scene.desk.database.read() as session:
        model, present = await session.get_one(DialogueModel, name), await wanted(session)
    assert "文件不在这台机器上" in model.problem
    assert present is not None and f"{present.name}.tar.gz" == scene.process.model.name == scene.first.name
