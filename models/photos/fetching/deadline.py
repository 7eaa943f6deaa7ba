"""One deadline for a whole fetch, kept even by a server that sends a byte now and then."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from models.photos.errors import PhotoError, Reason


class Deadline:
    """`seconds` from now. Per-read timeouts start anew with every byte, so a timer ends the connection instead."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left; raises PhotoError (timeout) when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise PhotoError(Reason.TIMEOUT, f"the photo did not arrive within {self.seconds:g} s")
        return left

    @contextmanager
    def guard(self, sock: socket.socket) -> Iterator[None]:
        """Shut `sock` down when time is up, so that whoever reads from it wakes up."""
        timer = threading.Timer(self.remaining(), _shut_down, [sock])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        self.remaining()  # an end of file that the timer made is no end of the photo


def _shut_down(sock: socket.socket) -> None:
    with suppress(OSError):
        # Not SSLSocket's own shutdown: it takes the TLS state away under the reader's feet.
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
