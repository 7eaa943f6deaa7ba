"""Keeps the most recently used values within a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class ByteCache(Generic[K, V]):
    """Remembers values of together `room` bytes, as `measure` counts them; safe to use from several threads."""

    def __init__(self, room: int, measure: Callable[[V], int]) -> None:
        self._room, self._measure = room, measure
        self._values: OrderedDict[K, V] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """Returns the value of `key`, which counts as used now; None where it is not remembered."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        """Remembers `value` and forgets those used longest ago; one larger than the room is not kept."""
        with self._lock:
            if (old := self._values.pop(key, None)) is not None:
                self._used -= self._measure(old)
            if (size := self._measure(value)) > self._room:
                return
            self._values[key] = value
            self._used += size
            while self._used > self._room:
                _, forgotten = self._values.popitem(last=False)
                self._used -= self._measure(forgotten)
