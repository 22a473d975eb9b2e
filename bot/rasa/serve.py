"""Serve one Rasa model on the loopback interface: `serve.py --model FILE --port N [--watch-stdin]`."""

import argparse
import hmac
import logging
import os
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Mapping, Optional

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
    """Serve until a signal or the parent's end; return 0, or 2 if there is nothing to serve with."""
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
    serve(options.model, options.port, surroundings)
    return 0


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


def quieten() -> None:
    """Let through warnings and worse only, and send nothing to anyone; to be called before Rasa is imported."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    warnings.simplefilter("ignore")  # of a 2023 stack there is nothing but deprecations to hear
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def serve(model: Path, port: int, surroundings: Surroundings) -> None:
    """Load the model and answer on the port until told to stop."""
    import speed
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    speed.mend()
    agent = load(model, surroundings)
    app = application(agent, surroundings.token)
    app.run(host=HOST, port=port, access_log=False, motd=False, workers=1)


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

    @app.on_request  # type: ignore[misc]
    async def check_token(request: Any) -> Any:
        given = request.headers.get("authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return response.json({"error": "token missing or wrong"}, status=401)
        return None

    @app.after_server_stop  # type: ignore[misc]
    async def close(*_: Any) -> None:
        await agent.action_endpoint.close()

    return app


if __name__ == "__main__":
    sys.exit(main())
