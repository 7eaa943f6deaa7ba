"""An HTTP proxy before Elasticsearch that stops one chosen request, so that a test can act at exactly that moment."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

When = Literal["before", "after"]
Matches = Callable[[str, bytes], bool]  # path and body of a request


def bulk_to(name: str) -> Matches:
    """Bulk requests whose first action is for an index or alias called `name`."""
    return lambda path, body: "/_bulk" in path and f'"{name}"'.encode() in body.partition(b"\n")[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HoldingProxy

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        held = self.server.turn(self.path, body)
        if self.server.down.is_set() or (held == "before" and not self.server.wait()):
            self.close_connection = True
            return
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        with closing(http.client.HTTPConnection(*self.server.target, timeout=60)) as upstream:
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            data = answer.read()
        if held == "after" and not self.server.wait():
            self.close_connection = True
            return
        with suppress(ConnectionError):
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


class HoldingProxy(ThreadingHTTPServer):
    """`stop` names the request to hold; `reached` is set when it is there; `drop` and `let_go` end the waiting."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, url: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        parts = urlsplit(url)
        self.target = (parts.hostname or "127.0.0.1", parts.port or 9200)
        self.reached, self.down = threading.Event(), threading.Event()
        self.seen: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._plan: tuple[Matches, When, int] | None = None
        self._over, self._passes = threading.Event(), False

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed are what these tests are about."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self, matches: Matches, when: When, skip: int = 0) -> None:
        """Hold the first matching request after `skip` others, before it is passed on or before its answer is."""
        self.reached.clear()
        self._over, self._passes = threading.Event(), False
        self._plan = matches, when, skip

    def turn(self, path: str, body: bytes) -> When | None:
        """Whether this request is the one to hold."""
        with self._lock:
            self.seen[path.partition("?")[0]] += 1
            if self._plan is None or not self._plan[0](path, body):
                return None
            matches, when, skip = self._plan
            self._plan = (matches, when, skip - 1) if skip else None
            return None if skip else when

    def wait(self) -> bool:
        """Hold; True when the request is to go on."""
        over = self._over
        self.reached.set()
        over.wait()
        return self._passes

    def drop(self) -> None:
        """Close the held connection without an answer, and hold nothing any more."""
        self._plan = None
        self._over.set()

    def let_go(self) -> None:
        """Let the held request go on."""
        self._passes = True
        self.drop()


@contextmanager
def holding_proxy(url: str) -> Iterator[HoldingProxy]:
    """A proxy for the time of a test."""
    with HoldingProxy(url) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.drop()
            proxy.shutdown()
            thread.join()
