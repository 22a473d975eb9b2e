"""Trains when it is asked to, and has this process's Rasa use the model that is chosen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from app.rasa_process import NotReady, RasaProcess
from app.training import Examples, TrainingFailed, clashes, fingerprint, model_file, trained
from connectors.rasa.client import RasaDialogue
from desk.desk import Desk
from desk.learning import trainings
from desk.learning.evaluating import Stored, Understand, changes, figures, right_ones, stored_questions
from desk.learning.examples import examples as stored_examples
from desk.ports import DialogueDown
from knowledge.learning.models import DialogueModel, RunState
from store.database import Database

log = logging.getLogger(__name__)

_BEAT_SECONDS = 10.0
_MOST_WORDS = 2_000
_LEFT_TO_OTHERS = timedelta(minutes=2)
# What the training says, and how far it is then: of 100.
_STAGES = (
    ("loading Rasa", "启动训练程序", 5), ("validating", "检查训练数据", 15), ("JiebaTokenizer", "学习分词", 25),
    ("CountVectors", "学习词句特征", 35), ("LogisticRegression", "学习分辨意思", 45), ("RulePolicy", "学习对话规则", 60),
)  # fmt: skip


class Trainer:
    """One for a process that runs its own Rasa."""

    def __init__(
        self,
        desk: Desk,
        rasa: RasaProcess,
        dialogue: RasaDialogue,
        *,
        models: Path,
        keep: int,
        token: str,
        examples: Examples = (),
    ) -> None:
        self._desk, self._rasa, self._dialogue = desk, rasa, dialogue
        self._models, self._keep, self._token = models, keep, token
        self._examples = examples  # of the model that it begins with
        self._began = False
        self._training: asyncio.Task[None] | None = None

    async def round(self) -> None:
        """Use the chosen model; begin what was asked for. A training goes on beside: it holds up no switch."""
        if not self._began:
            await trainings.begun_with(self._desk, _row(self._rasa.model, self._examples))
            self._began = True
        await self.follow()
        if not self._free():
            return
        run_id = await trainings.claim(self._desk)
        if run_id is not None:
            self._training = asyncio.create_task(self._run(run_id))

    async def close(self) -> None:
        """End a training that is under way: it has failed as soon as somebody looks for it."""
        if self._training is not None:
            self._training.cancel()
            with suppress(asyncio.CancelledError):
                await self._training

    def _free(self) -> bool:
        """Whether no training of this process is under way."""
        if self._training is not None and self._training.done():
            if not self._training.cancelled() and (error := self._training.exception()) is not None:
                log.error("what became of a training could not be written down", exc_info=error)
            self._training = None
        return self._training is None

    async def follow(self) -> None:
        """Switch to the chosen model where another is in use; one that does not come up changes nothing."""
        async with self._desk.database.read() as session:
            wanted = await trainings.wanted(session)
        if wanted is None or wanted.name == _name(self._rasa.model):
            return
        file = self._models / f"{wanted.name}.tar.gz"
        if wanted.base != fingerprint():
            return  # of another installation: what runs goes on
        if not file.exists():
            # Another process may have it, on a machine of its own; where none has, it is said.
            if (
                wanted.running_at is None
                and wanted.chosen_at
                and self._desk.clock() - wanted.chosen_at > _LEFT_TO_OTHERS
            ):
                problem = "这个模型的文件不在这台机器上，已继续使用原来的模型。"
                await trainings.switched(self._desk, wanted.name, problem)
            return
        try:
            await self._rasa.switch(file, self._ready, self._dialogue.move)
        except NotReady as failure:
            log.error("the model %s was not taken into use: %s", wanted.name, failure)
            problem = "这个模型启动不了，已继续使用原来的模型。"
            await trainings.switched(self._desk, wanted.name, problem)
            return
        log.info("the model %s is in use", wanted.name)
        await trainings.switched(self._desk, wanted.name)

    async def _run(self, run_id: int) -> None:
        beating = asyncio.create_task(self._beat(run_id))
        try:
            await self._train(run_id)
        except TrainingFailed as failure:
            await trainings.failed(self._desk, run_id, str(failure)[-_MOST_WORDS:])
        except (NotReady, DialogueDown) as failure:
            told = f"模型训练好了，但评估没有完成，什么都没有改变。\n{failure}"
            await trainings.failed(self._desk, run_id, told[:_MOST_WORDS])
        except Exception:
            log.exception("a training failed")
            await trainings.failed(
                self._desk, run_id, "训练出了意外的错误，什么都没有改变，详情在系统日志里。"
            )
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating

    async def _train(self, run_id: int) -> None:
        async with self._desk.database.read() as session:
            examples = [(row.text, row.intent) for row in await stored_examples(session)]
        await trainings.report(self._desk, run_id, examples=len(examples))
        if clashing := clashes(examples):
            shown = "；".join(clashing[:10])
            raise TrainingFailed(
                f"下面的例句系统自带的训练数据里已有，而且是别的意思，请删除以后再训练：{shown}"
            )
        model = await trained(self._models, _Stages(self._desk, run_id).say, examples)
        questions = await stored_questions(self._desk, examples)
        await trainings.report(
            self._desk, run_id, state=RunState.EVALUATING, stage="用现在的模型答一遍存下的问题", share=65
        )
        before = await self._of_present(run_id, questions)
        await trainings.report(self._desk, run_id, stage="用新模型答一遍", share=80)
        async with self._rasa.beside(model, self._ready) as beside:
            there = RasaDialogue(beside.url, self._token, timeout_seconds=10.0)
            try:
                after = await self._held_against(run_id, there.understand, questions, 80)
            finally:
                await there.close()
        gone = await trainings.finished(
            self._desk,
            run_id,
            _row(model, examples),
            figures(questions, before),
            {**figures(questions, after), **changes(questions, before, after)},
            self._keep,
        )
        for name in gone:
            await asyncio.to_thread((self._models / f"{name}.tar.gz").unlink, missing_ok=True)

    async def _of_present(self, run_id: int, questions: Sequence[Stored]) -> list[bool]:
        """How the model in use does; from the beginning where another is taken into use meanwhile."""
        while True:
            model = self._rasa.model
            try:
                found = await self._held_against(run_id, self._dialogue.understand, questions, 65)
            except DialogueDown:
                if model == self._rasa.model:
                    raise
                continue
            if model == self._rasa.model:
                return found

    async def _held_against(
        self, run_id: int, understand: Understand, questions: Sequence[Stored], share: int
    ) -> list[bool]:
        async def done(number: int) -> None:
            await trainings.report(self._desk, run_id, share=share + 14 * number // len(questions))

        return await right_ones(self._desk, understand, questions, done)

    async def _beat(self, run_id: int) -> None:
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            await trainings.report(self._desk, run_id)

    async def _ready(self, url: str) -> bool:
        there = RasaDialogue(url, self._token, timeout_seconds=5.0)
        try:
            return await there.ready()
        finally:
            await there.close()


class _Stages:
    """Tells what a training says as the stage of a run."""

    def __init__(self, desk: Desk, run_id: int) -> None:
        self._desk, self._run_id = desk, run_id
        self._telling: set[asyncio.Task[None]] = set()

    def say(self, line: str) -> None:
        """A line of the training."""
        found = next(((stage, share) for mark, stage, share in _STAGES if mark in line), None)
        if found is not None:
            told = trainings.report(self._desk, self._run_id, stage=found[0], share=found[1])
            task = asyncio.create_task(told)
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)


async def startup_model(database: Database, models: Path) -> tuple[Path, Examples]:
    """The model to start with, and its examples: the chosen one; after an upgrade one with its examples, made anew."""
    async with database.read() as session:
        chosen = await trainings.wanted(session)
    if chosen is None:
        return model_file(models), ()
    file = models / f"{chosen.name}.tar.gz"
    if chosen.base == fingerprint() and file.exists():
        return file, ()
    examples = [(str(text), str(intent)) for text, intent in chosen.examples]
    clashing = set(clashes(examples))
    examples = [example for example in examples if example[0] not in clashing]
    return model_file(models, examples), examples


def _row(model: Path, examples: Examples) -> DialogueModel:
    return DialogueModel(name=_name(model), base=fingerprint(), examples=[list(one) for one in examples])


def _name(model: Path) -> str:
    return model.name.removesuffix(".tar.gz")
