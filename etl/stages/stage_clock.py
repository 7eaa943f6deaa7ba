"""Measures where the time of a run goes: busy seconds and items per stage, summed over its threads."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(slots=True)
class StageTime:
    seconds: float = 0.0
    items: int = 0


class StageClock:
    """Counts for many threads at once."""

    def __init__(self) -> None:
        self.stages: dict[str, StageTime] = {}
        self._lock = threading.Lock()

    @contextmanager
    def measure(self, stage: str, items: int = 1) -> Iterator[None]:
        """Adds the time spent inside to `stage`."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            with self._lock:
                entry = self.stages.setdefault(stage, StageTime())
                entry.seconds += spent
                entry.items += items
