"""A small action endpoint that records its calls and answers what a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Call = dict[str, Any]
Answer = tuple[int, Any]


class ActionServer:
    """`answers` maps an action's name to what answers its calls with (status, JSON); `calls` are those received."""

    def __init__(self, address: str) -> None:
        self.url = address
        self.calls: list[Call] = []
        self.authorizations: set[str] = set()
        self.answers: dict[str, Callable[[Call], Answer]] = {}

    def answer(self, call: Call) -> Answer:
        """Record the call; an action nobody spoke of says its name."""
        self.calls.append(call)
        chosen = self.answers.get(call["next_action"])
        return chosen(call) if chosen else says(call["next_action"])


def says(text: str, *events: dict[str, Any], **more: Any) -> Answer:
    """An answer with one utterance and some events."""
    return 200, {"events": list(events), "responses": [{"text": text, **more}]}


@contextmanager
def action_server() -> Iterator[ActionServer]:
    """Serve on a free port of the loopback interface as long as the block runs."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            server.authorizations.add(self.headers.get("Authorization", ""))
            call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = server.answer(call)
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    server = ActionServer(f"http://127.0.0.1:{listener.server_address[1]}/bot/actions")
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
