"""A webhook as one would write it with wechatpy and FastAPI: a push is verified, decrypted, read, and forgotten."""

from __future__ import annotations

import argparse

import uvicorn
from fastapi import FastAPI, Request, Response
from wechatpy import parse_message  # type: ignore[import-untyped]
from wechatpy.crypto import WeChatCrypto  # type: ignore[import-untyped]


def webhook(token: str, key: str, app_id: str) -> FastAPI:
    """The app. Every push is answered `success`."""
    app, crypto = FastAPI(), WeChatCrypto(token, key, app_id)

    @app.post("/webhooks/wechat")
    async def push(request: Request) -> Response:
        query = request.query_params
        body = await request.body()
        xml = crypto.decrypt_message(body, query["msg_signature"], query["timestamp"], query["nonce"])
        assert parse_message(xml).content
        return Response("success", media_type="text/plain")

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("token", "key", "app_id"):
        parser.add_argument(name)
    parser.add_argument("port", type=int)
    given = parser.parse_args()
    uvicorn.run(
        webhook(given.token, given.key, given.app_id), port=given.port, log_level="warning", access_log=False
    )
