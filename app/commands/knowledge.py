"""`qifu knowledge`: check, import, export."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from app.commands.common import console, fail, open_database, settings_or_exit
from app.prepare import ARTICLES
from app.settings import Settings
from desk.announcing import announce_articles
from knowledge.check import check_folder
from knowledge.errors import ArticleInvalid
from knowledge.markdown import dump, read_folder
from knowledge.rows import import_articles, published
from store.clock import city_date, utc_now
from store.ids import new_id

app = typer.Typer(no_args_is_help=True, help="知识库")

Folder = Annotated[Path, typer.Argument(help="文章所在的文件夹", file_okay=False, exists=True)]


@app.command()
def check(folder: Folder = ARTICLES) -> None:
    """检查文章：缺项、来源、过期、重复问法、电话和网址、长度。"""
    findings = check_folder(folder, city_date(utc_now()))
    for finding in findings:
        console.print(str(finding), markup=False, highlight=False)
    if findings:
        fail(f"共 {len(findings)} 处问题")
    console.print("没有发现问题", style="green")


@app.command("import")
def import_(
    folder: Folder = ARTICLES,
    force: Annotated[bool, typer.Option(help="连人工改过的文章也用文件覆盖")] = False,
) -> None:
    """把文件夹里的文章读进数据库，立即生效。先检查，有问题则什么也不改。"""
    check(folder)
    asyncio.run(_import(settings_or_exit(), folder, force))


@app.command()
def export(folder: Annotated[Path, typer.Argument(help="写到哪个文件夹")]) -> None:
    """把数据库里已发布的文章写成 Markdown 文件。"""
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_export(settings_or_exit(), folder))


async def _import(settings: Settings, folder: Path, force: bool) -> None:
    try:
        articles = read_folder(folder)
    except ArticleInvalid as error:
        fail(str(error))
    async with open_database(settings) as database, database.write() as session:
        now = utc_now()
        done = await import_articles(session, articles, at=now, force=force)
        told = [article for article in articles if article.key in {*done.added, *done.changed}]
        await announce_articles(session, told, at=now, new_id=new_id)
    console.print(
        f"新增 {len(done.added)}，更新 {len(done.changed)}，未变 {len(done.same)}，保留 {len(done.kept)}"
    )


async def _export(settings: Settings, folder: Path) -> None:
    async with open_database(settings) as database, database.read() as session:
        articles = await published(session)
    for article in articles:
        (folder / f"{article.key}.md").write_text(dump(article), encoding="utf-8")
    console.print(f"已写出 {len(articles)} 篇到 {folder}", highlight=False)
