"""Remembers which image hosts are down or asked for a pause, so that one bad host does not hold up the run."""

import threading
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from etl.stages.messages import PhotoFailure
from etl.stop_signal import StopSignal
from models.photos import PhotoError, Reason

DOWN = (Reason.UNREACHABLE, Reason.TIMEOUT)
MAX_FAILURES = 8  # failures in a row before a host counts as down
REST_SECONDS = 30.0  # seconds without a request to a host that is down
LONGEST_PAUSE = 30.0  # seconds a host may ask us to wait within a run
MAX_PAUSES = 3  # in a row; a host that still wants to be left alone then is, until the next run


def extract_host(url: str) -> str:
    """Returns the host that serves `url`; the empty string for files and for what is no URL."""
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


class HostHealth:
    """Keeps failures and pauses by host for one run; used by all download threads."""

    def __init__(self, stop: StopSignal, now: Callable[[], float] = time.monotonic) -> None:
        self._stop, self._now = stop, now
        self._failures: dict[str, int] = {}
        self._closed: dict[
            str, tuple[float, PhotoFailure]
        ] = {}  # until when, and the failure to answer with meanwhile
        self._paused: dict[str, float] = {}
        self._pauses: dict[str, int] = {}
        self._lock = threading.Lock()

    def wait_or_refuse(self, host: str) -> PhotoFailure | None:
        """Returns why `host` must not be asked now, None if it may be; waits first when it asked for a pause."""
        with self._lock:
            pause = self._paused.get(host, 0.0) - self._now()
            until, failure = self._closed.get(host, (0.0, None))
            if failure and until > self._now():
                return failure
        if pause > 0:
            self._stop.wait(pause)
        return None

    def record_success(self, host: str) -> None:
        """Forgets the failures of a host that answered."""
        with self._lock:
            self._failures.pop(host, None)
            self._pauses.pop(host, None)

    def record_failure(self, host: str, error: PhotoError) -> bool:
        """Notes a failure; returns True when the photo may be asked for again after the pause the host wanted."""
        if not host:
            return False
        with self._lock:
            if error.reason in DOWN:
                self._failures[host] = self._failures.get(host, 0) + 1
                if self._failures[host] >= MAX_FAILURES:
                    refusal = PhotoFailure(Reason.UNREACHABLE, False, f"{host} did not answer several times in a row")
                    self._closed[host] = (self._now() + REST_SECONDS, refusal)
                return False
            self._failures.pop(host, None)
            return error.reason == Reason.RATE_LIMITED and self._pause(host, error.retry_after or LONGEST_PAUSE + 1)

    def _pause(self, host: str, seconds: float) -> bool:
        """Returns True where the pause is short enough to wait for; answers during a pause ask for no new one."""
        if self._paused.get(host, 0.0) <= self._now():
            self._pauses[host] = self._pauses.get(host, 0) + 1
            if seconds > LONGEST_PAUSE or self._pauses[host] > MAX_PAUSES:
                refusal = PhotoFailure(Reason.RATE_LIMITED, False, f"{host} asks to be left alone", seconds)
                self._closed[host] = (self._now() + max(seconds, REST_SECONDS), refusal)
                return False
            self._paused[host] = self._now() + seconds
        return True
