"""Running the product: uvicorn in front, Rasa behind, both ended together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from app.main import create_app
from app.rasa_process import RasaProcess
from app.settings import Settings
from connectors.rasa.client import RasaDialogue

# An open event stream would keep uvicorn from ending for ever.
_GRACE_SECONDS = 2
# Longer than Rasa keeps an idle connection (15 s): were we the first to close, its next action call could meet a
# connection that is just going.
KEEP_ALIVE_SECONDS = 60


class _Server(uvicorn.Server):
    """uvicorn, which tells the event streams that it is about to end."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    def handle_exit(self, sig: int, frame: object) -> None:
        """A signal came."""
        self._app.state.stopping.set()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


async def serve(settings: Settings, announce: Callable[[], None], rasa: RasaProcess | None) -> None:
    """Serve until a signal comes; `announce` is called once, when the first turn can be taken.

    `rasa`: the one to run, None where it runs elsewhere.
    """
    app = create_app(settings, rasa=rasa)
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning" if settings.log_level == "info" else settings.log_level,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
    )
    server = _Server(config, app)
    watching = asyncio.create_task(_announce(settings, announce))
    try:
        await server.serve()
    finally:
        watching.cancel()


async def _announce(settings: Settings, announce: Callable[[], None]) -> None:
    url = settings.rasa_url or f"http://127.0.0.1:{settings.rasa_port}"
    dialogue = RasaDialogue(url, settings.token(), timeout_seconds=2.0)
    while not await dialogue.ready():  # noqa: ASYNC110 (another process)
        await asyncio.sleep(0.3)
    await dialogue.close()
    announce()
