"""A TCP relay before Elasticsearch that a test can slow down, hang, or cut off."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit


class Relay:
    """Passes bytes on to `url`.

    `delay` seconds are spent on every piece that a client sends, `cut()` makes the server look dead.
    While `passing` is cleared pieces are held back. `pieces` counts what clients sent.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 9200)
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.delay = 0.0
        self.accepted = 0
        self.pieces = 0
        self.passing = threading.Event()
        self.passing.set()
        self.port = 0
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        """Listen, on the same port as before."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def cut(self) -> None:
        """End every connection and refuse new ones."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
            self._listener.close()
            self._listener = None
        while self._open:
            connection = self._open.pop()
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.accepted += 1
            server = socket.create_connection(self._target)
            self._open += [client, server]
            for source, target, wait in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass_on, args=(source, target, wait), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, wait: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if wait:
                    self.pieces += 1
                    time.sleep(self.delay)
                    self.passing.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def relay_to(url: str) -> Iterator[Relay]:
    """A relay for the time of a test."""
    relay = Relay(url)
    try:
        yield relay
    finally:
        relay.passing.set()
        relay.cut()
