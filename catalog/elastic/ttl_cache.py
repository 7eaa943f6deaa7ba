"""Values of the index that hardly ever change: read again every few seconds, served old while they cannot be."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from catalog import deadline
from catalog.errors import DeadlineExceeded, NoCatalogue, VisualSearchError

T = TypeVar("T")
FRESH = 2.0  # seconds; a promotion or a rule has to take effect this soon
PATIENCE = 1.0  # seconds for which a question waits for a newer value where it has an older one

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """Holds a value and the time of the last attempt to read it; `failed`: that failed, the value is an older one."""

    value: T
    tried_at: float
    failed: bool = False


class TtlCache(Generic[T]):
    """Reads a value again when it is older than `fresh` (or FRESH) seconds, by one thread at a time.

    It is read in a thread, without the deadline of the question that made it begin. Under traffic that is before it
    is that old, so that no question waits; after a pause those who ask wait for it. Once a read has failed, callers
    get what was read last, a thread tries again every half of that time, and the log says so once. What could never
    be read is `otherwise`, or, where there is none, the error that the read raised.
    """

    def __init__(
        self,
        read: Callable[[], T],
        name: str = "a value",
        otherwise: T | None = None,
        fresh: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._name = name
        self._otherwise = otherwise
        self._own_fresh = fresh
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: _Kept[T] | None = None
        self._reading: Future[T] | None = None

    @property
    def _fresh(self) -> float:
        return FRESH if self._own_fresh is None else self._own_fresh

    def get(self) -> T:
        """Returns the value, at most that old if it can be read; raises what `read` raises if it never could."""
        with self._lock:
            kept = self._kept
            age = self._clock() - kept.tried_at if kept else 0.0
            if kept and age <= self._fresh / 2:
                return kept.value
            reading = self._reading
            if reading is None:
                reading = self._reading = Future()
                name = f"read {self._name}"
                threading.Thread(target=self._run, args=(reading,), name=name, daemon=True).start()
        if kept and (kept.failed or age <= self._fresh):
            return kept.value
        return self._outcome(reading, kept)

    def peek(self) -> T | None:
        """Returns what was read last, None where nothing was; never waits, and reads nothing."""
        kept = self._kept
        return kept.value if kept else None

    def forget(self) -> None:
        """Read it again at the next `get`: it was written from here."""
        with self._lock:
            self._reading = None  # what is being read now may be what was there before
            if self._kept:
                self._kept = _Kept(self._kept.value, float("-inf"))

    def _outcome(self, reading: "Future[T]", kept: _Kept[T] | None) -> T:
        try:
            return reading.result(_patience(kept is not None or self._otherwise is not None))
        except NoCatalogue:
            raise
        except (VisualSearchError, TimeoutError) as error:
            if kept:
                return kept.value
            if self._otherwise is not None:
                return self._otherwise
            if isinstance(error, TimeoutError):
                raise DeadlineExceeded(f"{self._name} could not be read in time") from error
            raise

    def _run(self, reading: "Future[T]") -> None:
        """Read, keep what came of it unless it was forgotten meanwhile, and tell who waits."""
        try:
            value = self._read()
        except BaseException as error:
            self._settle(reading, None, error)
            reading.set_exception(error)
            return
        self._settle(reading, _Kept(value, self._clock()), None)
        reading.set_result(value)

    def _settle(self, reading: "Future[T]", found: _Kept[T] | None, error: BaseException | None) -> None:
        with self._lock:
            if self._reading is not reading:
                return
            self._reading = None
            if isinstance(error, NoCatalogue):  # not out of reach but gone: what was read is no copy of anything
                self._kept = None
                return
            before = self._kept
            last = before.value if before else self._otherwise
            if found is None and last is not None:
                found = _Kept(last, self._clock(), failed=True)
            self._kept = found
        if error is not None and found and not (before and before.failed):
            older = "what was read last goes on being used" if before else "nothing was ever read"
            log.warning("%s cannot be read, %s; trying again until it can: %s", self._name, older, error)
        elif error is None and before and before.failed:
            log.info("%s can be read again", self._name)


def _patience(there_is_another: bool) -> float | None:
    """Seconds to wait for a read: what the question has left, and only a moment if there is another value."""
    left = deadline.get_remaining()
    bounds = [max(0.0, left)] if left is not None else []
    return min([*bounds, PATIENCE] if there_is_another else bounds, default=None)
