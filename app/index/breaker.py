"""Circuit breaker: while Elasticsearch is down nobody waits for it, and the first answer closes it again."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from app.http.errors import RETRY_AFTER, CircuitOpen
from catalog.errors import DeadlineExceeded, Unavailable

THRESHOLD = 3  # failures in a row before nobody is made to wait any more


class CircuitBreaker:
    """Counts `Unavailable` in a row; open, it lets one call through per `pause` seconds and refuses the rest."""

    def __init__(
        self,
        threshold: int = THRESHOLD,
        pause: float = RETRY_AFTER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._pause = pause
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._refuse_until = 0.0
        self._reason = "", ""  # in full, and as strangers are told

    @property
    def is_open(self) -> bool:
        """Returns whether calls are being refused."""
        return self._failures >= self._threshold

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Wraps a call; raises CircuitOpen instead of making it while the breaker is open."""
        if self.is_open:  # looked at without the lock: the usual case costs nothing
            self._admit()
        with self.watch():
            yield

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Wraps a call that is made whatever the state, and counts how it ends: a probe may close the breaker."""
        try:
            yield
        except DeadlineExceeded:
            raise  # many calls for one question prove nothing about the server
        except Unavailable as error:
            self._note_failure(error)
            raise
        if self._failures:
            self._note_success()

    def _admit(self) -> None:
        with self._lock:
            if self._failures < self._threshold:
                return
            now = self._clock()
            if now < self._refuse_until:
                reason, told = self._reason
                raise CircuitOpen(reason, self._refuse_until - now, told)
            self._refuse_until = now + self._pause  # this caller tries, the others go on being refused

    def _note_failure(self, error: Unavailable) -> None:
        with self._lock:
            self._failures += 1
            self._reason = error.message, error.public_message
            self._refuse_until = self._clock() + self._pause

    def _note_success(self) -> None:
        with self._lock:
            self._failures = 0
