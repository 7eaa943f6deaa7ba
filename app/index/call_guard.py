"""Wraps every request to Elasticsearch: reads pass the breaker, and all of them are timed."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from app.index.breaker import CircuitBreaker
from catalog.ports import CallKind


@dataclass(frozen=True, slots=True)
class CallGuard:
    """Answers to the protocol CallObserver; `add_seconds` is called with how long each request took."""

    breaker: CircuitBreaker
    add_seconds: Callable[[float], None]

    @contextmanager
    def __call__(self, kind: CallKind) -> Iterator[None]:
        started = time.perf_counter()
        try:
            with self._guard(kind):
                yield
        finally:
            self.add_seconds(time.perf_counter() - started)

    def _guard(self, kind: CallKind) -> AbstractContextManager[None]:
        """Returns what a request of this kind has to pass.

        Writes pass the breaker by: a role that may only look is refused them, and shoppers must not suffer for it.
        So do reads of small indices without which questions are answered all the same: losing one says nothing about
        the products.
        """
        if kind == "read":
            return self.breaker.guard()
        return self.breaker.watch() if kind == "probe" else nullcontext()
