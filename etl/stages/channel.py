"""Bounded queue between two stages; it ends with its last producer, or at once when a stage has failed."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Aborted(Exception):
    """Raised in whoever waits on the channel when another stage has failed."""


class Channel(Generic[T]):
    """Holds at most `size` items; `put` waits for room, iteration for items until all `producers` have ended."""

    def __init__(self, size: int, producers: int = 1) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._producers = producers
        self._aborted = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Appends an item when there is room; raises Aborted."""
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or len(self._items) < self._size)
            if self._aborted:
                raise Aborted
            self._items.append(item)
            self._changed.notify_all()

    def end_producer(self) -> None:
        """Notes that one producer will put no more items."""
        with self._changed:
            self._producers -= 1
            self._changed.notify_all()

    def abort(self) -> None:
        """Wakes everybody who waits, with Aborted."""
        with self._changed:
            self._aborted = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._aborted or self._items or self._producers <= 0)
                if self._aborted:
                    raise Aborted
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item
