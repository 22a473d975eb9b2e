"""Serve one Rasa model on the loopback interface: `serve.py --model FILE --port N [--watch-stdin]`."""

import argparse
import asyncio
import gc
import hmac
import os
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Mapping, Optional

import light
from quiet import quieten, quieten_rasa

if TYPE_CHECKING:
    from sanic import Sanic
    from turns import TurnAgent

HOST = "127.0.0.1"
DRAIN_SECONDS = 3.0
MAX_REQUEST_BYTES = 1_000_000


@dataclass(frozen=True)
class Surroundings:
    """What the environment tells: the shared secret, the action endpoint's URL, the tracker store's URL."""

    token: str
    actions_url: str
    tracker_url: str


def main(arguments: Optional[List[str]] = None) -> int:
    """Serve until a signal or the parent's end; return 0; 1 if the port is taken, 2 if there is nothing to serve with."""
    options = read_options(arguments)
    if options.watch_stdin:
        follow_parent()
    try:
        surroundings = read_surroundings(os.environ)
        if not options.model.is_file():
            raise ValueError(f"there is no model {options.model}")
    except ValueError as lack:
        print(f"serve.py: {lack}", file=sys.stderr)
        return 2
    quieten()
    return serve(options.model, options.port, surroundings)


def read_options(arguments: Optional[List[str]]) -> argparse.Namespace:
    """Return the command line's options: model, port, watch_stdin."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the trained model, a .tar.gz")
    parser.add_argument("--port", type=int, default=5005, help=f"port on {HOST}")
    parser.add_argument("--watch-stdin", action="store_true", help="exit when standard input closes")
    return parser.parse_args(arguments)


def read_surroundings(environment: Mapping[str, str]) -> Surroundings:
    """Return the settings; raises ValueError naming the first variable that is missing."""
    names = ("QIFU_RASA_TOKEN", "QIFU_ACTIONS_URL", "QIFU_RASA_TRACKER")
    for name in names:
        if not environment.get(name):
            raise ValueError(f"the environment lacks {name}")
    return Surroundings(*(environment[name] for name in names))


def follow_parent() -> None:
    """Exit at once when standard input closes: its other end is the parent, which may die without a word."""

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True, name="parent").start()


def serve(model: Path, port: int, surroundings: Surroundings) -> int:
    """Load the model and answer on the port until told to stop; return 1 if the port cannot be had."""
    if light.all_light(light.components_of_model(model)):
        light.leave_out()
    quieten_rasa()
    import speed

    speed.mend()
    agent = load(model, surroundings)
    # The first parse loads the tokenizer's dictionary, a second or so: not at a person's expense.
    asyncio.run(agent.parse_message("您好"))
    app = application(agent, surroundings.token)
    # What is loaded stays to the end: kept from the garbage collector, it costs no pauses and no second at exit.
    gc.collect()
    gc.freeze()
    app.run(host=HOST, port=port, access_log=False, motd=False, workers=1)
    return 0 if getattr(app.ctx, "started", False) else 1  # Sanic only logs that a port is taken


def load(model: Path, surroundings: Surroundings) -> "TurnAgent":
    """Return an agent that has the model, the trackers, the locks and the way to the actions."""
    import trackers
    from endpoint import ActionEndpoint
    from turns import TurnAgent

    endpoint = ActionEndpoint(surroundings.actions_url, surroundings.token)
    store, locks = trackers.open_stores(surroundings.tracker_url)
    agent = TurnAgent(tracker_store=store, lock_store=locks, action_endpoint=endpoint)
    agent.load_model(str(model))
    return agent


def application(agent: "TurnAgent", token: str) -> "Sanic":
    """Return the Sanic application: Rasa's own, with our channel, and closed to whoever lacks the token."""
    from channel import TurnChannel
    from rasa.core.run import configure_app
    from sanic import response

    app = configure_app([TurnChannel()], enable_api=False)
    app.ctx.agent = agent
    app.config.GRACEFUL_SHUTDOWN_TIMEOUT = DRAIN_SECONDS
    app.config.REQUEST_MAX_SIZE = MAX_REQUEST_BYTES
    expected = f"Bearer {token}".encode()

    @app.on_request
    async def check_token(request: Any) -> Any:
        given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return response.json({"error": "token missing or wrong"}, status=401)
        return None

    @app.after_server_start
    async def note_start(*_: Any) -> None:
        app.ctx.started = True

    @app.after_server_stop
    async def close(*_: Any) -> None:
        await agent.action_endpoint.close()

    return app


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)  # all is stored and closed; to take the interpreter apart takes a second more
