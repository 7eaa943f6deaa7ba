"""An HTTP proxy before Elasticsearch, in which a test looks at requests, holds them, and changes answers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import requests

Before = Callable[[str, str, bytes], None]  # method, path, body
Change = Callable[[str, bytes, Any], Any]  # path, body, answer -> answer
HOP = {"content-length", "transfer-encoding", "connection", "content-encoding", "host", "accept-encoding"}


@dataclass
class HttpProxy:
    """Passes every request on to `target`; `before` sees it first and may wait or raise, `change` sees the answer."""

    target: str
    before: Before = lambda _method, _path, _body: None
    change: Change = lambda _path, _body, answer: answer
    url: str = ""
    asked: list[str] = field(default_factory=list)  # method and path of every request, in the order they came


@contextlib.contextmanager
def proxy_to(target: str, before: Before | None = None, change: Change | None = None) -> Iterator[HttpProxy]:
    """A proxy for the time of a test."""
    proxy = HttpProxy(target.partition(",")[0].rstrip("/"))
    proxy.before, proxy.change = before or proxy.before, change or proxy.change
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        server.shutdown()
        server.server_close()


def without_vectors(_path: str, body: bytes, answer: Any) -> Any:
    """Answers as a server gives them that leaves vectors out of every `_source`, unless `exclude_vectors` is false.

    Stricter than 9.2.0, which gives a vector that `_source` includes by its name. `fields` are left alone.
    """
    if b'"exclude_vectors":false' in body.replace(b" ", b""):
        return answer
    return _strip(answer)


def _strip(node: Any) -> Any:
    if isinstance(node, list):
        return [_strip(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {key: _bare(value) if key == "_source" else _strip(value) for key, value in node.items()}


def _bare(source: Any) -> Any:
    states = source.get("embedding") if isinstance(source, dict) else None
    if not states:
        return source
    bare = {name: {key: value for key, value in state.items() if key != "vector"} for name, state in states.items()}
    return {**source, "embedding": bare}


def _handler(proxy: HttpProxy) -> type[BaseHTTPRequestHandler]:
    session = requests.Session()
    session.trust_env = False

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            proxy.asked.append(f"{self.command} {self.path}")
            proxy.before(self.command, self.path, body)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
            answer = session.request(self.command, proxy.target + self.path, data=body, headers=headers, timeout=120)
            content = answer.content
            if content and "json" in answer.headers.get("content-type", ""):
                content = orjson.dumps(proxy.change(self.path, body, orjson.loads(content)))
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in HOP:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _pass_on

        def log_message(self, *args: Any) -> None:
            pass

    return Handler
