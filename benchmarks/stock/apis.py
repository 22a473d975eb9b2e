"""Both channels' APIs, answering every call with yes: `python -m benchmarks.stock.apis PORT`."""

from __future__ import annotations

import json
import sys

import uvicorn
from starlette.types import Receive, Scope, Send

_YES = json.dumps(
    {"ok": True, "result": True, "errcode": 0, "access_token": "a" * 100, "expires_in": 7200}
).encode()


async def apis(scope: Scope, receive: Receive, send: Send) -> None:
    """One call."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(_YES)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": _YES})


if __name__ == "__main__":
    uvicorn.run(apis, port=int(sys.argv[1]), log_level="warning", access_log=False, lifespan="off")
