"""What every command does first: settings, a console, and a plain word instead of a traceback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import typer
from rich.console import Console

from app.settings import Settings, SettingsRefused, load_settings
from store.database import Database

console = Console()
errors = Console(stderr=True)


def settings_or_exit() -> Settings:
    """The settings, or an end with the name of the variable that is wrong."""
    try:
        return load_settings()
    except SettingsRefused as refusal:
        fail(f"设置有误：{refusal}")


def fail(message: str) -> NoReturn:
    """End with a sentence on standard error and exit code 1."""
    errors.print(message, style="red", highlight=False)
    raise typer.Exit(1)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """The database of the settings."""
    database = Database(settings.database_url())
    try:
        yield database
    finally:
        await database.close()
