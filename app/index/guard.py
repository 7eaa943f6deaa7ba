"""The index as the views see it: connected on first use in each process, behind a breaker, its time measured."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from app.index.breaker import CircuitBreaker
from catalog.domain.records import CatalogStatus, SpaceStatus, StoredProduct
from catalog.domain.rulebook import Rulebook
from catalog.domain.rules import Rule
from catalog.domain.space import Space
from catalog.ports import Embedded, ShopPort
from catalog.search.search_types import BrowsePage, BrowseQuery, SimilarPage, SimilarQuery

T = TypeVar("T")


class GuardedIndex:
    """A ShopPort over another; `spent` is told the seconds of every call."""

    def __init__(
        self,
        connect: Callable[[], ShopPort],
        breaker: CircuitBreaker,
        spent: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._connect = connect
        self._connected: ShopPort | None = None
        self._lock = threading.Lock()
        self._spent = spent
        self.breaker = breaker

    @property
    def index(self) -> ShopPort:
        """The real one, made on first use: a connection pool must not be shared across a fork."""
        if self._connected is None:
            with self._lock:
                self._connected = self._connected or self._connect()
        return self._connected

    def _timed(self, ask: Callable[[], T]) -> T:
        started = time.perf_counter()
        try:
            return ask()
        finally:
            self._spent(time.perf_counter() - started)

    def _ask(self, ask: Callable[[], T]) -> T:
        return self._timed(lambda: self.breaker.call(ask))

    def ping(self) -> None:
        self.breaker.watch(self.index.ping)

    def get(self, product_id: str) -> StoredProduct | None:
        return self._ask(lambda: self.index.get(product_id))

    def get_vectors(self, ids: Sequence[str], spaces: Sequence[Space]) -> Embedded:
        return self._ask(lambda: self.index.get_vectors(ids, spaces))

    def similar(self, query: SimilarQuery) -> SimilarPage:
        return self._ask(lambda: self.index.similar(query))

    def browse(self, query: BrowseQuery) -> BrowsePage:
        return self._ask(lambda: self.index.browse(query))

    def status(self) -> CatalogStatus:
        return self._ask(self.index.status)

    def spaces(self) -> Sequence[Space]:
        return self._ask(self.index.spaces)

    def space_counts(self) -> Sequence[SpaceStatus]:
        return self._ask(self.index.space_counts)

    def mapping_version(self) -> int:
        return self._ask(self.index.mapping_version)

    def words(self, key: str) -> Sequence[str]:
        return self._ask(lambda: self.index.words(key))

    def unknown_words(self, asked: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        return self._ask(lambda: self.index.unknown_words(asked))

    # Small indices of their own, remembered: losing one says nothing about the products, so it opens no breaker.
    def promoted(self) -> str | None:
        return self._timed(self.index.promoted)

    def rules(self) -> Rulebook:
        return self._timed(self.index.rules)

    def list_rules(self) -> Sequence[Rule]:
        return self._ask(self.index.list_rules)

    # Writes pass the breaker by: a role that may only look is refused them, and shoppers must not suffer for it.
    def put_rule(self, rule: Rule) -> None:
        self._timed(lambda: self.index.put_rule(rule))

    def delete_rule(self, rule_id: str) -> bool:
        return self._timed(lambda: self.index.delete_rule(rule_id))
