"""Trainings and the models that came of them: asked for, run by one process at a time, chosen, kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from desk.desk import Desk
from knowledge.learning.models import DialogueModel, RunState, TrainingRun
from staff import audit
from staff.actors import Actor
from staff.audit import Action

# Whoever runs a training says so more often than this; after it, they have died.
LEASE = timedelta(seconds=90)
_GONE = "训练的进程中断了（停止、重启或断电），什么都没有改变。可以再训练一次。"


class TrainingRefused(ValueError):
    """It cannot be done now; the message says why, for a person."""


async def ask_for_training(desk: Desk, member: Actor) -> None:
    """Have a model trained with the examples as they stand then. Raises `TrainingRefused`."""
    async with desk.database.write() as session:
        if await wanted(session) is None:
            raise TrainingRefused("对话模型不由本系统启动（设置了 QIFU_RASA_URL），不能在这里训练。")
        if await session.scalar(select(TrainingRun.id).where(TrainingRun.active.is_(True))) is not None:
            raise TrainingRefused("已有一次训练在进行，请等它结束。")
        run = TrainingRun(asked_by=member.username, asked_at=desk.clock(), stage="等待开始", active=True)
        try:
            async with session.begin_nested():
                session.add(run)
                await session.flush()
        except IntegrityError:
            raise TrainingRefused("已有一次训练在进行，请等它结束。") from None
        audit.record(
            session, member, Action.TRAINING_ASKED, at=desk.clock(), detail={"训练": f"第 {run.id} 次"}
        )


async def claim(desk: Desk) -> int | None:
    """The training that waits, if any, claimed for this process; one whose process died has failed."""
    now = desk.clock()
    async with desk.database.write() as session:
        run = await session.scalar(select(TrainingRun).where(TrainingRun.active.is_(True)).with_for_update())
        if run is None:
            return None
        if run.state is RunState.WAITING:
            run.state, run.stage, run.alive_until = RunState.TRAINING, "准备例句", now + LEASE
            return run.id
        if run.alive_until is None or run.alive_until < now:
            _end(run, RunState.FAILED, desk)
            run.problem = _GONE
        return None


async def report(desk: Desk, run_id: int, **values: Any) -> None:
    """Say how far it is, and that somebody is at it."""
    async with desk.database.write() as session:
        run = await session.get_one(TrainingRun, run_id)
        for name, value in values.items():
            setattr(run, name, value)
        run.alive_until = desk.clock() + LEASE


async def failed(desk: Desk, run_id: int, problem: str) -> None:
    """It came to nothing."""
    async with desk.database.write() as session:
        run = await session.get_one(TrainingRun, run_id)
        _end(run, RunState.FAILED, desk)
        run.problem = problem


async def finished(
    desk: Desk,
    run_id: int,
    model: DialogueModel,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    keep: int,
) -> Sequence[str]:
    """The model is there. Nobody uses it before it is chosen. Returns the models that are kept no longer."""
    async with desk.database.write() as session:
        run = await session.get_one(TrainingRun, run_id)
        _end(run, RunState.DONE, desk)
        run.stage, run.share, run.model = "完成", 100, model.name
        run.before, run.after = dict(before), dict(after)
        if await session.get(DialogueModel, model.name) is None:
            model.made_by, model.made_at = run.asked_by, desk.clock()
            session.add(model)
        await session.flush()
        return await _prune(session, keep)


async def wanted(session: AsyncSession) -> DialogueModel | None:
    """The model that is to be used."""
    found: DialogueModel | None = await session.scalar(
        select(DialogueModel)
        .where(DialogueModel.chosen_at.is_not(None), DialogueModel.problem == "")
        .order_by(DialogueModel.chosen_at.desc(), DialogueModel.name)
        .limit(1)
    )
    return found


async def models(session: AsyncSession) -> Sequence[DialogueModel]:
    """The models that are kept, the newest first."""
    rows = await session.scalars(
        select(DialogueModel).order_by(DialogueModel.made_at.desc(), DialogueModel.name)
    )
    return rows.all()


async def runs(session: AsyncSession, limit: int) -> Sequence[TrainingRun]:
    """The latest trainings."""
    return (await session.scalars(select(TrainingRun).order_by(TrainingRun.id.desc()).limit(limit))).all()


async def choose(desk: Desk, member: Actor, name: str) -> None:
    """Have all processes use a kept model. Raises `TrainingRefused`."""
    async with desk.database.write() as session:
        model = await session.get(DialogueModel, name)
        present = await wanted(session)
        if model is None or present is None:
            raise TrainingRefused("没有这个模型，它可能已经超出保留的个数而删除。")
        if model.base != present.base:
            raise TrainingRefused("这个模型是系统升级以前训练的，与现在的系统不配套，不能使用。")
        if model.name == present.name:
            return
        model.chosen_at, model.chosen_by, model.problem, model.running_at = (
            desk.clock(), member.username, "", None,
        )  # fmt: skip
        audit.record(session, member, Action.MODEL_CHOSEN, at=desk.clock(), detail={"模型": name})


async def begun_with(desk: Desk, model: DialogueModel) -> None:
    """A process runs this model: from now on it is kept, and used where none was chosen or another base is new."""
    async with desk.database.write() as session:
        known, present = await session.get(DialogueModel, model.name), await wanted(session)
        if known is None:
            model.made_by, model.made_at = "系统", desk.clock()
            session.add(model)
            known = model
        if present is None or present.base != known.base:
            known.chosen_at, known.problem = desk.clock(), ""
        known.running_at = desk.clock()


async def switched(desk: Desk, name: str, problem: str = "") -> None:
    """A process uses the model now, or could not: then the one before is to be used again."""
    async with desk.database.write() as session:
        model = await session.get_one(DialogueModel, name)
        if problem:
            model.problem = problem
        else:
            model.running_at = desk.clock()


def _end(run: TrainingRun, state: RunState, desk: Desk) -> None:
    run.state, run.ended_at, run.active, run.alive_until = state, desk.clock(), None, None


async def _prune(session: AsyncSession, keep: int) -> Sequence[str]:
    present = await wanted(session)
    gone = [
        model for model in (await models(session))[keep:] if present is None or model.name != present.name
    ]
    for model in gone:
        await session.delete(model)
    return [model.name for model in gone]
