"""Ends a run politely: the first signal lets what is in flight finish, the second does not wait."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Remembers that the end of the run was requested; `wait` sleeps until then."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def is_requested(self) -> bool:
        return self._event.is_set()

    def request(self) -> None:
        self._event.set()

    def wait(self, seconds: float) -> bool:
        """Sleeps; returns True when the end was requested meanwhile."""
        return self._event.wait(seconds)


@contextmanager
def catch_stop_signals() -> Iterator[StopSignal]:
    """Yields a StopSignal that SIGINT and SIGTERM request; both have their old meaning again after the first."""
    stop = StopSignal()
    before = {number: signal.getsignal(number) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def request(_number: int, _frame: FrameType | None) -> None:
        stop.request()
        restore()

    for number in SIGNALS:
        signal.signal(number, request)
    try:
        yield stop
    finally:
        restore()
