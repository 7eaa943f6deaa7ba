"""A local web server with photos and every bad habit an image host can have; runs until its `with` ends."""

import gzip
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from PIL import Image


def photo(
    color: tuple[int, int, int] = (200, 30, 30), size: tuple[int, int] = (96, 128), kind: str = "JPEG"
) -> bytes:
    """An encoded photo of one colour with a darker corner."""
    image = Image.new("RGB", size, color)
    image.paste(tuple(part // 2 for part in color), (0, 0, size[0] // 2, size[1] // 3))
    file = io.BytesIO()
    image.save(file, kind)
    return file.getvalue()


class Handler(BaseHTTPRequestHandler):
    """One method per habit; a path that is none of them serves `ImageServer.photos`."""

    protocol_version = "HTTP/1.1"
    server: "ImageServer"

    def do_GET(self) -> None:
        self.server.seen[self.path] += 1
        self.server.agents.add(self.headers.get("User-Agent", ""))
        if self.server.delay:
            time.sleep(self.server.delay)
        if self.server.take_busy():
            self.status(429, Retry_After="1")
            return
        self.server.admission.acquire()
        habit = HABITS.get(self.path.partition("?")[0])
        with suppress(ConnectionError):
            if habit is not None:
                habit(self)
            elif self.path in self.server.photos:
                self.photo(self.server.photos[self.path])
            else:
                self.give(b"no such photo", status=404)

    def give(self, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def photo(self, body: bytes) -> None:
        """200 with an ETag, or 304 to whoever has that one."""
        etag = self.server.etags.get(self.path, '"v1"')
        if self.headers.get("If-None-Match") == etag:
            self.server.unmodified[self.path] += 1
            self.send_response(304)  # it has no body and says nothing of its length
            self.send_header("ETag", etag)
            self.end_headers()
        else:
            self.give(body, {"Content-Type": "image/jpeg"} | ({"ETag": etag} if etag else {}))

    def status(self, status: int, **headers: str) -> None:
        self.give(b"", {name.replace("_", "-"): value for name, value in headers.items()}, status)

    def chunks(self, chunk: bytes, count: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(200)
        for name, value in {"Transfer-Encoding": "chunked", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        for _ in range(count):
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def drip(self, start: bytes, drop: bytes) -> None:
        """A byte now and then, far quicker than any read timeout, for ever."""
        self.close_connection = True
        self.wfile.write(start)
        while not self.server.stopping.wait(0.05):
            self.wfile.write(drop)
            self.wfile.flush()

    def cut(self) -> None:
        """Announces more than it sends."""
        body = photo()
        self.close_connection = True
        self.give(body[: len(body) // 2], {"Content-Length": str(len(body))})

    def hang(self) -> None:
        self.close_connection = True
        self.server.stopping.wait(30)

    def vanish(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Tests are quiet."""


BOMB = gzip.compress(bytes(50_000_000))
STATUS_LINE = b"HTTP/1.1 200 OK\r\n"
HABITS: dict[str, Callable[[Handler], None]] = {
    "/gone.jpg": lambda h: h.status(410),
    "/forbidden.jpg": lambda h: h.status(403),
    "/304.jpg": lambda h: h.status(304),
    "/500.jpg": lambda h: h.status(500),
    "/503.jpg": lambda h: h.status(503, Retry_After="120"),
    "/busy.jpg": lambda h: h.status(429, Retry_After="7"),
    "/page.jpg": lambda h: h.give(
        b"<!DOCTYPE html><html><body>Not here</body></html>", {"Content-Type": "image/jpeg"}
    ),
    "/text.jpg": lambda h: h.give(b"just words"),
    "/empty.jpg": lambda h: h.give(b""),
    "/half.jpg": lambda h: h.give(photo()[: len(photo()) // 2]),
    "/cut.jpg": Handler.cut,
    "/vanish.jpg": Handler.vanish,
    "/hang.jpg": Handler.hang,
    "/drip-body.jpg": lambda h: h.drip(STATUS_LINE + b"Content-Length: 999999\r\n\r\n", b"x"),
    "/drip-endless.jpg": lambda h: h.drip(STATUS_LINE + b"\r\n", b"x"),
    "/drip-headers.jpg": lambda h: h.drip(STATUS_LINE + b"X-Slow: ", b"y"),
    "/announced-huge.jpg": lambda h: h.give(b"x", {"Content-Length": "99999999999"}),
    "/endless.jpg": lambda h: h.chunks(bytes(1_000_000), 60),
    "/gzip.jpg": lambda h: h.give(gzip.compress(photo()), {"Content-Encoding": "gzip"}),
    "/gzip-bomb.jpg": lambda h: h.give(BOMB, {"Content-Encoding": "gzip"}),
    "/gzip-bomb-chunked.jpg": lambda h: h.chunks(BOMB, 1, {"Content-Encoding": "gzip"}),
    "/gzip-broken.jpg": lambda h: h.give(b"no gzip at all", {"Content-Encoding": "gzip"}),
    **{
        f"/moved-{status}.jpg": lambda h, status=status: h.status(status, Location="/red.jpg")
        for status in (301, 302, 303, 307, 308)
    },
    "/moved-nowhere.jpg": lambda h: h.status(302),
    "/loop.jpg": lambda h: h.status(301, Location="/loop.jpg"),
    "/to-metadata.jpg": lambda h: h.status(302, Location="http://169.254.169.254/latest/meta-data"),
    "/to-file.jpg": lambda h: h.status(302, Location="file:///etc/hostname"),
    "/to-ftp.jpg": lambda h: h.status(302, Location="ftp://example.org/a.jpg"),
    "/to-secret.jpg": lambda h: h.status(302, Location="http://user:secret@127.0.0.1/"),
    "/nonsense.jpg": lambda h: h.drip(b"this is not HTTP\r\n\r\n", b""),
}


class ImageServer(ThreadingHTTPServer):
    """`photos` maps a path to bytes and may change while it runs; `seen` counts requests per path.

    `etags` are those that are not `"v1"` (an empty one is not sent); `unmodified` counts the answers 304.
    """

    daemon_threads = True
    request_queue_size = 128
    stopping: threading.Event
    defaults: ClassVar[dict[str, bytes]] = {"/red.jpg": photo(), "/blue.png": photo((20, 30, 220), kind="PNG")}

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.photos: dict[str, bytes] = dict(self.defaults)
        self.seen: Counter[str] = Counter()
        self.etags: dict[str, str] = {}
        self.unmodified: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.delay = 0.0
        self.busy = 0  # so many of the next requests are told to come back after a second
        self.admission = threading.Semaphore(1_000_000)  # one with n: the next n are answered, the rest wait
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def url(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def take_busy(self) -> bool:
        """Returns whether this request is one of those that are told to come back."""
        with self._lock:
            self.busy -= 1
            return self.busy >= 0

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what these tests are about."""


@contextmanager
def image_server() -> Iterator[ImageServer]:
    """A running server on a free port of 127.0.0.1."""
    with ImageServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            server.shutdown()
            thread.join()
