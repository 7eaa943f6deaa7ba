"""Rival as the server sees it, and what all in-process indexes share: the filter and the prices beside them."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_shop import DrawnShop
from benchmarks.rivals.questions import NumberedHits, RivalHit, RivalQuestion


class Rival(Protocol):
    """Contestant behind the server. `folder` has the shop's arrays, and room for what is built from them."""

    def build(self, folder: Path) -> None: ...  # once, from the shop
    def open(self, folder: Path) -> None: ...  # in each process that serves; asks nothing of `build`'s process
    def find_similar(self, question: RivalQuestion) -> list[RivalHit]: ...
    def set_prices(self, prices: Mapping[int, float]) -> None: ...
    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool: ...  # False: only a rebuild could
    def close(self) -> None: ...


class InProcessRival:
    """Index in the server's memory, prices and brands in arrays beside it: one of each per process."""

    file = "index"

    def build(self, folder: Path) -> None:
        self.build_index(DrawnShop.load(folder), folder / self.file)

    def open(self, folder: Path) -> None:
        self.shop = DrawnShop.load(folder)
        self.index = self.read_index(folder / self.file)

    def find_similar(self, question: RivalQuestion) -> list[RivalHit]:
        """Searches without a mask where nothing is filtered (one hit more, for the source comes first)."""
        if question.has_filter:
            found = self.find_nearest(question, question.compute_mask(self.shop), question.limit)
        else:
            found = self.find_nearest(question, None, question.limit + 1)
        kept = [(number, score) for number, score in found if number != question.source][: question.limit]
        return [RivalHit(n, score, int(self.shop.brands[n]), float(self.shop.prices[n])) for n, score in kept]

    def set_prices(self, prices: Mapping[int, float]) -> None:
        for number, price in prices.items():
            self.shop.prices[number] = price

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open but memory."""

    @abstractmethod
    def build_index(self, shop: DrawnShop, path: Path) -> None: ...
    @abstractmethod
    def read_index(self, path: Path) -> Any: ...
    @abstractmethod
    def find_nearest(
        self, question: RivalQuestion, passing: NDArray[np.bool_] | None, count: int
    ) -> NumberedHits: ...
