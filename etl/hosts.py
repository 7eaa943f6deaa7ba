"""Remembers which image hosts are down or asked for a pause, so that one bad host does not hold up the run."""

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from etl.items import Failure
from etl.stopping import Stop
from models.photos import PhotoError, Reason

DOWN = (Reason.UNREACHABLE, Reason.TIMEOUT)
TOLERATED = 8  # failures in a row before a host counts as down
REST = 30.0  # seconds without a request to a host that is down
LONGEST_PAUSE = 30.0  # seconds a host may ask us to wait within a run


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
        self._until: dict[str, float] = {}
        self._paused: dict[str, float] = {}
        self._lock = threading.Lock()

    def refusal(self, host: str) -> Failure | None:
        """Why not to ask `host` now; waits first when it asked for a pause."""
        with self._lock:
            pause = self._paused.get(host, 0.0) - self._now()
            down = self._until.get(host, 0.0) > self._now()
        if down:
            return Failure(Reason.UNREACHABLE, False, f"{host} did not answer several times in a row")
        if pause > 0:
            self._stop.wait(pause)
        return None

    def answered(self, host: str) -> None:
        """It works: forget what was."""
        with self._lock:
            self._failures.pop(host, None)

    def failed(self, host: str, error: PhotoError) -> bool:
        """Note a failure; True when the photo may be asked for again after the pause the host wanted."""
        if not host:
            return False
        with self._lock:
            if error.reason in DOWN:
                self._failures[host] = self._failures.get(host, 0) + 1
                if self._failures[host] >= TOLERATED:
                    self._until[host] = self._now() + REST
                return False
            self._failures.pop(host, None)
            if error.reason == Reason.RATE_LIMITED and error.retry_after and error.retry_after <= LONGEST_PAUSE:
                self._paused[host] = self._now() + error.retry_after
                return True
        return False
