"""What the health page says."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx

from app.main import create_app
from app.prepare import prepare
from app.settings import Settings
from conversations.outbox import pause
from store.clock import utc_now


async def test_it_names_the_channels_through_which_nothing_is_sent(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, rasa_url="http://127.0.0.1:9")
    await prepare(settings, utc_now, tmp_path)
    app = create_app(settings)
    database = app.state.desk.database
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://qifu") as client:
        health = (await client.get("/health")).json()
        assert (health["dialogue"], health["paused"]) == ("unreachable", [])
        async with database.write() as session:
            until = utc_now() + timedelta(minutes=10)
            await pause(session, "wechat", until=until, reason="服务器的 IP 不在白名单里。")
        assert (await client.get("/health")).json()["paused"] == ["wechat"]
    await database.close()
