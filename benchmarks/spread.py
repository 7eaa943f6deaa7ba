"""A figure of several repeats: its median, and how far the repeats lie apart."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, lowest and highest over repeats."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Raises ValueError where there are no values."""
        found = list(values)
        return cls(*(round(float(each), 3) for each in (median(found), min(found), max(found))))

    def __str__(self) -> str:
        return f"{short(self.median)} ({short(self.low)}-{short(self.high)})"


def percentiles(repeats: Sequence[Sequence[float]], percent: float) -> Spread:
    """The percentile of every repeat."""
    return Spread.of(float(np.percentile(times, percent)) for times in repeats)


def ratios(above: Sequence[Sequence[float]], below: Sequence[Sequence[float]]) -> Spread:
    """Median through median, repeat by repeat."""
    return Spread.of(median(a) / median(b) for a, b in zip(above, below, strict=True))


def over(figure: Callable[[], float], repeats: int) -> Spread:
    """A figure measured `repeats` times."""
    return Spread.of(figure() for _ in range(repeats))


def short(value: float) -> str:
    """As many digits as mean something."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"
