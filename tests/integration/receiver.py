"""A webhook's receiver on a free port: keeps what it gets, answers as the test says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any

from standardwebhooks.webhooks import Webhook


@dataclass(frozen=True)
class Delivery:
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> dict[str, Any]:
        """Return the alert, after the check that every subscriber is told to make."""
        checked: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        assert checked == json.loads(self.body)
        return checked


@dataclass
class Receiver:
    url: str = ""
    answers: list[int] = field(default_factory=list)
    """Status codes to give, then 200 or, with nothing to say, 204 for ever."""
    says: bytes = b""
    """The body of every answer."""
    deliveries: Queue[Delivery] = field(default_factory=Queue)

    def taken(self) -> list[Delivery]:
        """Return what came since the last look."""
        return [self.deliveries.get_nowait() for _ in range(self.deliveries.qsize())]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.deliveries.put(Delivery(headers, body))
            says = receiver.says
            usual = 200 if says else 204
            self.send_response(receiver.answers.pop(0) if receiver.answers else usual)
            self.send_header("location", receiver.url)
            if says:
                self.send_header("content-length", str(len(says)))
            self.end_headers()
            self.wfile.write(says)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
