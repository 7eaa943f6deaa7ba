"""Knows whether this service is on its way out, for all processes at once, and whether it is fit for traffic."""

import mmap
import threading
from collections.abc import Callable

from app.http.errors import ShuttingDown
from catalog.errors import Unavailable

TOLERATED = 3  # probes in a row that may fail before traffic is sent elsewhere


class Draining:
    """Holds a flag in memory shared over fork: the gunicorn master sets it, every worker's readiness reads it."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 1)

    def begin(self) -> None:
        self._memory[0] = 1

    def __bool__(self) -> bool:
        return self._memory[0] == 1


draining = Draining()


class Readiness:
    """Ready once `ping` has answered; after that `tolerated` failures in a row are needed to lose it."""

    def __init__(self, ping: Callable[[], None], leaving: Draining = draining, tolerated: int = TOLERATED) -> None:
        self._ping = ping
        self._leaving = leaving
        self._tolerated = tolerated
        self._failures = tolerated  # nothing has answered yet
        self._lock = threading.Lock()

    def probe(self) -> int:
        """Failures in a row so far, fewer than tolerated; raises Unavailable when traffic should go elsewhere."""
        if self._leaving:
            raise ShuttingDown("this instance is shutting down")
        try:
            self._ping()
        except Unavailable:
            with self._lock:
                self._failures += 1
                failures = self._failures
            if failures >= self._tolerated:
                raise
            return failures
        self._failures = 0
        return 0
