"""Bringing a database to the present tables."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from store import sqlite
from store.database import async_url

_MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def upgrade(url: str, to: str = "head") -> None:
    """Apply every migration up to one that has not been applied. Blocks: call it outside the event loop."""
    command.upgrade(_config(url), to)


def head() -> str:
    """The newest migration."""
    revision = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    assert revision is not None
    return revision


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("path_separator", "os")
    # The driver for migrations is the same database without asyncio.
    sync = async_url(url).replace(sqlite.DRIVER, "sqlite")
    config.set_main_option("sqlalchemy.url", sync.replace("%", "%%"))
    return config
