"""All connections of one worker: how many, how much memory they hold, and whose time is up."""

import resource
from collections.abc import Iterator
from dataclasses import dataclass

from app.server.connection import Connection, Phase

HEAD_TIMEOUT = 10.0  # seconds for a head: it fits into a few packets
LINGER = 5.0  # seconds a client has to read an answer that ends its connection
STOP_LINGER = 2.0  # seconds a stopping worker leaves to a client that may be sending a request already
ARRIVING = (Phase.HEAD, Phase.BODY)
SLOW = (*ARRIVING, Phase.SENDING)
UNUSED = (Phase.IDLE, Phase.LINGERING)


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: for a request to arrive or an answer to be taken, and between two requests."""

    transfer: float
    keepalive: float

    def of(self, conn: Connection, *, stopping: bool) -> float | None:
        """How long `conn` may stay in its phase; None: as long as the application takes."""
        if conn.phase is Phase.IDLE:
            return STOP_LINGER if stopping else self.keepalive if conn.served else HEAD_TIMEOUT
        if conn.phase is Phase.HEAD:
            return min(HEAD_TIMEOUT, self.transfer)
        if conn.phase in (Phase.BODY, Phase.SENDING):
            return self.transfer
        return LINGER if conn.phase is Phase.LINGERING else None


class Connections:
    """At most `most`, fewer where the process may open fewer files, holding at most `most_buffered` bytes."""

    def __init__(self, most: int, most_buffered: int, patience: Patience) -> None:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._most = min(most, files // 2)
        self._most_buffered = most_buffered
        self._patience = patience
        self._buffered = 0
        self._all: set[Connection] = set()

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Connection]:
        return iter(list(self._all))

    def add(self, conn: Connection) -> None:
        self._all.add(conn)

    def remove(self, conn: Connection) -> bool:
        """Forget a connection; False when it is forgotten already."""
        if conn not in self._all:
            return False
        self._all.remove(conn)
        self._buffered -= conn.counted
        return True

    @property
    def is_full(self) -> bool:
        return len(self._all) >= self._most

    def count(self, conn: Connection) -> None:
        """Note how much memory a connection holds now."""
        self._buffered += conn.size - conn.counted
        conn.counted = conn.size

    def heaviest(self) -> Connection | None:
        """Who has to give way while too much is in memory: whose request began first and is still on its way."""
        return self._first(SLOW) if self._buffered > self._most_buffered else None

    def expendable(self) -> Connection | None:
        """Who has to give way to a newcomer: the one idle longest, else the slowest."""
        return self._first(UNUSED) or self._first(SLOW)

    def overdue(self, now: float, *, stopping: bool) -> list[Connection]:
        """Those whose time is up; `now` is the monotonic clock's."""
        found = []
        for conn in self._all:
            patience = self._patience.of(conn, stopping=stopping)
            if patience is not None and now - conn.began > patience:
                found.append(conn)
        return found

    def _first(self, phases: tuple[Phase, ...]) -> Connection | None:
        return min((conn for conn in self._all if conn.phase in phases), key=lambda conn: conn.began, default=None)
