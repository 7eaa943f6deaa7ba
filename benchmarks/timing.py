"""Timing: milliseconds of a call, medians over repeats, and how far the repeats lie apart."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def time_call(call: Callable[[], T]) -> tuple[T, float]:
    """Returns what `call` returns, and its milliseconds."""
    started = time.perf_counter()
    result = call()
    return result, (time.perf_counter() - started) * 1000


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, lowest and highest over repeats."""

    median: float
    low: float
    high: float

    @classmethod
    def from_values(cls, values: Iterable[float]) -> "Spread":
        """Sums values up; raises ValueError where there are none."""
        found = list(values)
        return cls(*(round(float(each), 3) for each in (median(found), min(found), max(found))))

    def __str__(self) -> str:
        return f"{format_figure(self.median)} ({format_figure(self.low)}-{format_figure(self.high)})"


def spread_percentiles(repeats: Sequence[Sequence[float]], percent: float) -> Spread:
    """Returns the spread of every repeat's percentile."""
    return Spread.from_values(float(np.percentile(times, percent)) for times in repeats)


def spread_ratios(above: Sequence[Sequence[float]], below: Sequence[Sequence[float]]) -> Spread:
    """Returns the spread of median through median, repeat by repeat."""
    return Spread.from_values(median(a) / median(b) for a, b in zip(above, below, strict=True))


def compute_median_percentile(repeats: Sequence[Sequence[float]], percent: float) -> float:
    """Returns the median over repeats of each repeat's percentile, so that one bad moment does not decide."""
    return round(float(median(np.percentile(times, percent) for times in repeats)), 2)


def format_figure(value: float) -> str:
    """Writes as many digits as mean something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"
