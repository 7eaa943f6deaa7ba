"""The time that all calls of the index have together for one question."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Deadline:
    """`ends` is of the monotonic clock; `whole` is the seconds there were at the beginning."""

    ends: float
    whole: float


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def begin(seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
    """From now on the calls made in this context have `seconds` together."""
    _deadline.set(Deadline(clock() + seconds, seconds))


def end() -> None:
    """From now on calls made in this context have no deadline."""
    _deadline.set(None)


def current() -> Deadline | None:
    """The deadline of this context; None where there is none, as in a batch job."""
    return _deadline.get()


def left(clock: Callable[[], float] = time.monotonic) -> float | None:
    """Seconds left, below 0 where they are spent; None where there is no deadline."""
    found = _deadline.get()
    return None if found is None else found.ends - clock()


@contextmanager
def paused(clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Time spent in here does not count: it is spent on something else than the index."""
    started = clock()
    try:
        yield
    finally:
        if found := _deadline.get():
            _deadline.set(replace(found, ends=found.ends + clock() - started))
