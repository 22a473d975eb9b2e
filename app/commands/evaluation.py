"""`qifu evaluate`: the score on a list of questions."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress

from app.commands.common import console, errors, fail, settings_or_exit
from app.evaluation import Row, RowInvalid, read_rows, score, summary
from app.scratch import scratch_product
from app.settings import Settings


def evaluate(
    file: Annotated[Path, typer.Argument(help="键<TAB>方面<TAB>问题", exists=True, dir_okay=False)],
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    min_hit: Annotated[float, typer.Option(help="首答命中率低于它则退出码为 1")] = 0.0,
    max_false: Annotated[float, typer.Option(help="误答率高于它则退出码为 1")] = 1.0,
) -> None:
    """用真实的对话模型逐条提问并打分，每条一次新对话，在临时数据库里进行。"""
    try:
        rows = read_rows(file)
    except RowInvalid as error:
        fail(str(error))
    figures = asyncio.run(_evaluate(settings_or_exit(), rows))
    typer.echo(json.dumps(figures, ensure_ascii=False, indent=2)) if as_json else _show(figures)
    if (figures["hit"] or 0.0) < min_hit or (figures["false"] or 0.0) > max_false:
        raise typer.Exit(1)


async def _evaluate(settings: Settings, rows: list[Row]) -> dict[str, Any]:
    async with scratch_product(settings) as product:
        with Progress(console=errors, transient=True) as progress:
            task = progress.add_task("提问", total=len(rows))
            scored = await score(product.desk, rows, lambda: progress.advance(task))
    return summary(scored)


def _show(figures: dict[str, Any]) -> None:
    for failure in figures["failures"]:
        got = failure["article"] or ",".join(failure["options"])
        console.print(
            f"{failure['key']}/{failure['aspect']} <- {failure['outcome']} {got}/{failure['answered_aspect']}  {failure['question']}",
            markup=False,
            highlight=False,
        )
    names = {
        "questions": "问题",
        "hit": "首答命中",
        "hit_or_offered": "命中或在选项中",
        "aspect": "方面正确",
        "false": "误答",
    }
    for key, name in names.items():
        console.print(f"{name}: {figures[key]}", highlight=False)
