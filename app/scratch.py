"""A whole product in a temporary folder: real Rasa, real database, free ports, gone afterwards."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from app.free_port import free_port as free_port
from app.main import create_app
from app.prepare import prepare
from app.rasa_process import RasaProcess
from app.serve import KEEP_ALIVE_SECONDS
from app.settings import Settings
from app.training import trained
from connectors.rasa.client import RasaDialogue
from desk.desk import Desk
from store.clock import utc_now

_PATIENCE_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Product:
    """A running product."""

    desk: Desk
    url: str
    rasa: RasaProcess


@asynccontextmanager
async def scratch_product(settings: Settings, *, database: str = "") -> AsyncIterator[Product]:
    """Run a product with the shipped articles and the present model, trained where there is none.

    `database`: the URL of an empty database; a SQLite file in the temporary folder where there is none.
    """
    model = await trained(settings.models, lambda _: None)
    with tempfile.TemporaryDirectory(prefix="qifu-") as folder:
        mine = settings.model_copy(
            update={
                "data": Path(folder), "database": database, "rasa_tracker": "", "rasa_url": "", "host": "127.0.0.1",
                "port": free_port(), "rasa_port": free_port(), "rate_per_conversation": "10000/minute",
                "rate_per_address": "100000/minute", "conversations_per_address": "100000/minute",
            }
        )  # fmt: skip
        await prepare(mine, utc_now)
        rasa = RasaProcess(mine, model)
        app = create_app(mine, rasa=rasa)
        config = uvicorn.Config(
            app,
            host=mine.host,
            port=mine.port,
            log_level="error",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        running = asyncio.create_task(server.serve())
        try:
            await _until_ready(mine)
            yield Product(app.state.desk, f"http://{mine.host}:{mine.port}", rasa)
        finally:
            app.state.stopping.set()
            server.should_exit = True
            await running


async def _until_ready(settings: Settings) -> None:
    dialogue = RasaDialogue(f"http://127.0.0.1:{settings.rasa_port}", settings.token(), timeout_seconds=2)
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await dialogue.ready():  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.2)
    await dialogue.close()
