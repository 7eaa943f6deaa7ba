"""Deadline that all calls of the index share while one request is answered."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Deadline:
    """Holds when the time is up on the monotonic clock (`ends`), and the seconds it began with (`whole`)."""

    ends: float
    whole: float


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def start(seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
    """Gives all calls made in this context from now on `seconds` together."""
    _deadline.set(Deadline(clock() + seconds, seconds))


def clear() -> None:
    """Takes the deadline of this context away."""
    _deadline.set(None)


def get_current() -> Deadline | None:
    """Returns the deadline of this context; None where there is none, as in a batch job."""
    return _deadline.get()


def get_remaining(clock: Callable[[], float] = time.monotonic) -> float | None:
    """Returns the seconds left, below 0 once the time is up; None where there is no deadline."""
    found = _deadline.get()
    return None if found is None else found.ends - clock()


@contextmanager
def pause(clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Stops the clock for the block: its time goes to something else than the index."""
    started = clock()
    try:
        yield
    finally:
        if found := _deadline.get():
            _deadline.set(replace(found, ends=found.ends + clock() - started))
