"""Training the dialogue model, and choosing which one is used."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from sqlalchemy import func, select

from console.pages import visitor
from console.routes import PREFIX, Console, Routes, seen_other
from desk.learning.evaluating import Kind
from desk.learning.trainings import TrainingRefused, ask_for_training, choose, models, runs, wanted
from knowledge.learning.models import RunState, TrainingExample
from staff.roles import Permission

HERE = f"{PREFIX}/training"
_TRAIN = Permission.MODEL_TRAIN
_NOTICES = {
    "asked": "训练已排上，几秒以后开始。",
    "chosen": "正在换用这个模型，企业的消息不会丢，几十秒后完成。",
}
STATE_NAMES = {
    RunState.WAITING: "等待开始",
    RunState.TRAINING: "正在训练",
    RunState.EVALUATING: "正在评估",
    RunState.DONE: "完成",
    RunState.FAILED: "没有成功",
}
KIND_NAMES = {
    Kind.STORED.value: "存下的测试问题",
    Kind.SIMILAR.value: "文章的问法（抽样）",
    Kind.EXAMPLE.value: "确认的例句（新模型学过）",
}
_RUNS = 10


def training_routes(routes: Routes) -> None:
    """`/console/training` and what is below it."""
    console = routes.console

    @routes.get("/training", _TRAIN)
    async def page(request: Request, said: str = "") -> Response:
        return await _page(console, request, notice=_NOTICES.get(said, ""))

    @routes.get("/training/progress", _TRAIN, background=True)
    async def progress(request: Request) -> Response:
        return await _page(console, request, template="_training_progress.html")

    @routes.post("/training", _TRAIN)
    async def train(request: Request) -> Response:
        try:
            await ask_for_training(console.desk, visitor(request).actor)
        except TrainingRefused as refused:
            return await _page(console, request, problem=str(refused))
        return seen_other(f"{HERE}?said=asked")

    @routes.post("/training/models/{name}/choose", _TRAIN)
    async def use(request: Request, name: str) -> Response:
        try:
            await choose(console.desk, visitor(request).actor, name)
        except TrainingRefused as refused:
            return await _page(console, request, problem=str(refused))
        return seen_other(f"{HERE}?said=chosen")


async def _page(
    console: Console,
    request: Request,
    *,
    notice: str = "",
    problem: str = "",
    template: str = "training.html",
) -> Response:
    async with console.door.database.read() as session:
        present = await wanted(session)
        kept = await models(session)
        latest = await runs(session, _RUNS)
        examples = await session.scalar(select(func.count()).select_from(TrainingExample))
    return console.pages.show(
        request,
        template,
        status=422 if problem else 200,
        present=present,
        models=kept,
        runs=latest,
        running=next((run for run in latest if run.active), None),
        by_model={run.model: run for run in reversed(latest) if run.model},
        examples=examples,
        states=STATE_NAMES,
        kinds=KIND_NAMES,
        notice=notice,
        problem=problem,
    )
