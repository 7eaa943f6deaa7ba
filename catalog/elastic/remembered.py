"""Values of the index that hardly ever change, read again every few seconds."""

import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
FRESH = 2.0  # seconds; a promotion has to take effect this soon


class Remembered(Generic[T]):
    """A value read again when it is older than FRESH seconds."""

    def __init__(self, read: Callable[[], T]) -> None:
        self._read = read
        self._value: tuple[float, T] | None = None

    def get(self) -> T:
        """The value, at most FRESH seconds old."""
        now = time.monotonic()
        if self._value is None or now - self._value[0] > FRESH:
            self._value = (now, self._read())
        return self._value[1]

    def forget(self) -> None:
        """Read it again at the next `get`: it was written from here."""
        self._value = None
