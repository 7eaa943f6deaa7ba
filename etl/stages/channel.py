"""A bounded queue between two stages that ends when its last producer does, or at once when something broke."""

import threading
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Aborted(Exception):
    """Another stage broke; whoever waits on the channel is to leave."""


class Channel(Generic[T]):
    """At most `size` items; `put` waits for room, iteration waits for items until all `producers` are done."""

    def __init__(self, size: int, producers: int = 1) -> None:
        self._items: deque[T] = deque()
        self._size = size
        self._producers = producers
        self._aborted = False
        self._changed = threading.Condition()

    def put(self, item: T) -> None:
        """Append an item when there is room; raises Aborted."""
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or len(self._items) < self._size)
            if self._aborted:
                raise Aborted
            self._items.append(item)
            self._changed.notify_all()

    def done(self) -> None:
        """Say that one producer will put no more."""
        with self._changed:
            self._producers -= 1
            self._changed.notify_all()

    def abort(self) -> None:
        """Wake everybody who waits, with Aborted."""
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
