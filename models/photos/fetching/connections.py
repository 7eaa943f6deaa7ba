"""Keeps a few HTTP connections alive; every new one goes through the dialer, so its address was checked."""

import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from urllib3.connection import HTTPConnection, HTTPSConnection

from models.photos.fetching.deadline import Deadline
from models.photos.fetching.dial import Dialer

KEPT = 32


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection leads. `host` is an ASCII name or a bare IP address."""

    scheme: str
    host: str
    port: int


class PlainConnection(HTTPConnection):
    """urllib3's connection over a socket that we open."""

    dial: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.dial()


class TlsConnection(HTTPSConnection):
    """The same with TLS, which verifies the host name whatever address the socket leads to."""

    dial: Callable[[], socket.socket]

    def _new_conn(self) -> socket.socket:
        return self.dial()


Connection = PlainConnection | TlsConnection


class Connections:
    """`take` a connection to an origin and `keep` it when its answer was read to the end; else close it."""

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._tls = ssl.create_default_context()
        self._idle: deque[tuple[Origin, Connection]] = deque()
        self._lock = threading.Lock()

    def take(self, origin: Origin) -> Connection | None:
        """An idle connection to `origin` that still looks alive, if there is one."""
        with self._lock:
            for entry in reversed(self._idle):
                if entry[0] == origin:
                    self._idle.remove(entry)
                    break
            else:
                return None
        if entry[1].is_connected:
            return entry[1]
        entry[1].close()
        return None

    def open(self, origin: Origin, deadline: Deadline) -> Connection:
        """A new connection to `origin`, connected; raises PhotoError, OSError or urllib3's HTTPError."""
        connection: Connection
        if origin.scheme == "https":
            connection = TlsConnection(origin.host, origin.port, ssl_context=self._tls)
        else:
            connection = PlainConnection(origin.host, origin.port)
        connection.dial = lambda: self._dialer.connect(origin.host, origin.port, deadline)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def keep(self, origin: Origin, connection: Connection) -> None:
        """Let the next request to `origin` have this connection."""
        dropped: Connection | None = None
        with self._lock:
            self._idle.append((origin, connection))
            if len(self._idle) > KEPT:
                dropped = self._idle.popleft()[1]
        if dropped is not None:
            dropped.close()

    def close(self) -> None:
        """Close all idle connections."""
        with self._lock:
            idle, self._idle = list(self._idle), deque()
        for _, connection in idle:
            connection.close()
