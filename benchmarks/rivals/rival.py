"""What every rival can do, and the half that all in-process indexes share: the filter and the prices beside them."""

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.rivals.shop import Found, Hits, Question, Shop


class Rival(Protocol):
    """One contestant behind the server. `folder` has the shop's arrays, and room for what is built from them."""

    def build(self, folder: Path) -> None: ...  # once, from the shop
    def open(self, folder: Path) -> None: ...  # in each process that serves; asks nothing of `build`'s process
    def similar(self, question: Question) -> list[Found]: ...
    def set_prices(self, prices: Mapping[int, float]) -> None: ...
    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool: ...  # False: only a rebuild could
    def close(self) -> None: ...


class InProcess:
    """An index in the server's memory, prices and brands in arrays beside it: one of each per process."""

    file = "index"

    def build(self, folder: Path) -> None:
        self.make(Shop.load(folder), folder / self.file)

    def open(self, folder: Path) -> None:
        self.shop = Shop.load(folder)
        self.index = self.read(folder / self.file)

    def similar(self, question: Question) -> list[Found]:
        """Its own search where nothing is filtered (one more, for the source comes first), else with what passes."""
        if question.filtered:
            found = self.nearest(question, self.shop.passing(question), question.limit)
        else:
            found = self.nearest(question, None, question.limit + 1)
        kept = [(number, score) for number, score in found if number != question.source][: question.limit]
        return [Found(n, score, int(self.shop.brands[n]), float(self.shop.prices[n])) for n, score in kept]

    def set_prices(self, prices: Mapping[int, float]) -> None:
        for number, price in prices.items():
            self.shop.prices[number] = price

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        return False

    def close(self) -> None:
        """Nothing is open but memory."""

    @abstractmethod
    def make(self, shop: Shop, path: Path) -> None: ...
    @abstractmethod
    def read(self, path: Path) -> Any: ...
    @abstractmethod
    def nearest(self, question: Question, passing: NDArray[np.bool_] | None, count: int) -> Hits: ...
