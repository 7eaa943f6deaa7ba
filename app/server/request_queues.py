"""Threads for one kind of requests, and the requests that wait for them without holding any."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from app.server.connection import Connection

MOST_WAITING = 32  # requests, or four for each thread where that is more; they hold memory only
STALLED = 1.0  # seconds without a thread coming free: who waits is told to ask again
PATIENCE = 2.0  # seconds a request waits at most


class Lane:
    """Runs `limit` requests at a time. More wait for a short while, and only while threads come free."""

    def __init__(self, name: str, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.pool = ThreadPoolExecutor(limit, thread_name_prefix=name)
        self.running = 0
        self.waiting: deque[tuple[float, Connection]] = deque()
        self._limit = limit
        self._clock = clock
        self._freed = clock()

    def enter(self) -> bool:
        """Takes a thread if one is free."""
        if self.running >= self._limit:
            return False
        self.running += 1
        if self.running == self._limit:
            self._freed = self._clock()
        return True

    def wait(self, conn: Connection) -> bool:
        """Returns whether a request may wait: not when nothing has come free for a while, nor behind too many."""
        now = self._clock()
        if now - self._freed > STALLED or len(self.waiting) >= max(MOST_WAITING, 4 * self._limit):
            return False
        self.waiting.append((now, conn))
        return True

    def mark_freed(self) -> None:
        """Notes that an answer is made; before it is sent, for its client may ask again before the thread is back."""
        self._freed = self._clock()

    def leave(self) -> Connection | None:
        """Gives a thread back; the connection that has waited longest, if one does, takes it over at once."""
        self.mark_freed()
        if self.waiting:
            return self.waiting.popleft()[1]
        self.running -= 1
        return None

    def take_expired(self) -> list[Connection]:
        """Returns those whose waiting has become pointless; they wait no longer."""
        now = self._clock()
        stalled = now - self._freed > STALLED
        found = []
        while self.waiting and (stalled or now - self.waiting[0][0] > PATIENCE):
            found.append(self.waiting.popleft()[1])
        return found


class Lanes:
    """Holds a lane for the API and one for each kind of question about its health."""

    def __init__(self, threads: int, health_port: int) -> None:
        self.work = Lane("api", max(1, threads - 2))
        self._health_port = health_port
        self._liveness, self._readiness, self._operations = (
            Lane("healthz", 1),
            Lane("readyz", 1),
            Lane("operations", 1),
        )

    def __iter__(self) -> Iterator[Lane]:
        return iter((self.work, self._liveness, self._readiness, self._operations))

    def choose(self, conn: Connection) -> Lane:
        """Returns the lane for a request, by its path and the port it came to."""
        if conn.request.path == "/healthz":
            return self._liveness
        if conn.server[1] == self._health_port:
            return self._operations
        return self._readiness if conn.request.path == "/readyz" else self.work
