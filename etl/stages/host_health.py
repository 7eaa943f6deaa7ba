"""Remembers which image hosts are down or asked for a pause, so that one bad host does not hold up the run."""

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from etl.stages.items import Failure
from etl.stopping import Stop
from models.photos import PhotoError, Reason

DOWN = (Reason.UNREACHABLE, Reason.TIMEOUT)
TOLERATED = 8  # failures in a row before a host counts as down
REST = 30.0  # seconds without a request to a host that is down
LONGEST_PAUSE = 30.0  # seconds a host may ask us to wait within a run
PAUSES = 3  # in a row; a host that still wants to be left alone then is, until the next run


def host_of(url: str) -> str:
    """The host that serves `url`; the empty string for files and for what is no URL."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


class Hosts:
    """What is known of the hosts of this run; used by all download threads."""

    def __init__(self, stop: Stop, now: Callable[[], float] = time.monotonic) -> None:
        self._stop, self._now = stop, now
        self._failures: dict[str, int] = {}
        self._closed: dict[str, tuple[float, Failure]] = {}  # until when, and what to say meanwhile
        self._paused: dict[str, float] = {}
        self._pauses: dict[str, int] = {}
        self._lock = threading.Lock()

    def refusal(self, host: str) -> Failure | None:
        """Why not to ask `host` now; waits first when it asked for a pause."""
        with self._lock:
            pause = self._paused.get(host, 0.0) - self._now()
            until, failure = self._closed.get(host, (0.0, None))
            if failure and until > self._now():
                return failure
        if pause > 0:
            self._stop.wait(pause)
        return None

    def answered(self, host: str) -> None:
        """It works: forget what was."""
        with self._lock:
            self._failures.pop(host, None)
            self._pauses.pop(host, None)

    def failed(self, host: str, error: PhotoError) -> bool:
        """Note a failure; True when the photo may be asked for again after the pause the host wanted."""
        if not host:
            return False
        with self._lock:
            if error.reason in DOWN:
                self._failures[host] = self._failures.get(host, 0) + 1
                if self._failures[host] >= TOLERATED:
                    told = Failure(Reason.UNREACHABLE, False, f"{host} did not answer several times in a row")
                    self._closed[host] = (self._now() + REST, told)
                return False
            self._failures.pop(host, None)
            return error.reason == Reason.RATE_LIMITED and self._pause(host, error.retry_after or LONGEST_PAUSE + 1)

    def _pause(self, host: str, seconds: float) -> bool:
        """Whether it is worth waiting for; what comes back while a pause lasts is no new wish for one."""
        if self._paused.get(host, 0.0) <= self._now():
            self._pauses[host] = self._pauses.get(host, 0) + 1
            if seconds > LONGEST_PAUSE or self._pauses[host] > PAUSES:
                told = Failure(Reason.RATE_LIMITED, False, f"{host} asks to be left alone", seconds)
                self._closed[host] = (self._now() + max(seconds, REST), told)
                return False
            self._paused[host] = self._now() + seconds
        return True
