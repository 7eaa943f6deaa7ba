"""Threads for one kind of requests, and the requests that wait for them without holding any."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from app.server.connection import Connection

MOST_WAITING = 32  # requests, or four for each thread where that is more; they hold memory only
STALLED = 1.0  # seconds without a thread coming free: who waits is told to ask again
PATIENCE = 2.0  # seconds a request waits at most


class Lane:
    """`limit` requests at a time. More wait for a short while, and only while threads come free."""

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
        """Whether a request may wait: not when nothing has come free for a while, nor behind too many."""
        now = self._clock()
        if now - self._freed > STALLED or len(self.waiting) >= max(MOST_WAITING, 4 * self._limit):
            return False
        self.waiting.append((now, conn))
        return True

    def leave(self) -> Connection | None:
        """Gives a thread back; the connection that has waited longest, if one does, takes it over at once."""
        self._freed = self._clock()
        if self.waiting:
            return self.waiting.popleft()[1]
        self.running -= 1
        return None

    def given_up(self) -> list[Connection]:
        """Those whose waiting has become pointless; they wait no longer."""
        now = self._clock()
        stalled = now - self._freed > STALLED
        found = []
        while self.waiting and (stalled or now - self.waiting[0][0] > PATIENCE):
            found.append(self.waiting.popleft()[1])
        return found
