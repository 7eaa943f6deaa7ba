"""What the rest of the house may ask of the product index; `catalog.elastic` answers for real, tests with a fake."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from catalog.domain.promotion import Promotion
from catalog.domain.records import (
    CatalogStatus,
    Change,
    ChangeResult,
    HistoryEntry,
    Lease,
    Outcome,
    Pending,
    SpaceStatus,
    StoredProduct,
    WriteResult,
)
from catalog.domain.rulebook import Rulebook
from catalog.domain.rules import Rule
from catalog.domain.space import Space
from catalog.search.search_types import BrowsePage, BrowseQuery, SimilarPage, SimilarQuery
from catalog.similarity import Vectors

Embedded = Mapping[str, tuple[StoredProduct, Mapping[str, Vectors]]]  # id -> product, its vector by space name


class SearchPort(Protocol):
    """What is asked to answer a shopper."""

    def ping(self) -> None: ...  # a tiny search; raises Unavailable
    def get(self, product_id: str) -> StoredProduct | None: ...
    def get_vectors(self, ids: Sequence[str], spaces: Sequence[Space]) -> Embedded: ...
    def similar(self, query: SimilarQuery) -> SimilarPage: ...
    def browse(self, query: BrowseQuery) -> BrowsePage: ...
    def status(self) -> CatalogStatus: ...
    def spaces(self) -> Sequence[Space]: ...
    def space_counts(self) -> Sequence[SpaceStatus]: ...  # of all spaces, by name; remembered for seconds
    def promoted(self) -> str | None: ...  # name of the space the newest promotion names; remembered
    def mapping_version(self) -> int: ...  # below `catalog.mapping.VERSION` until the next reindex
    def words(self, key: str) -> Sequence[str]: ...  # values of a filter key as spelled, most frequent first
    def unknown_words(self, asked: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]: ...  # no product has
    def rules(self) -> Rulebook: ...  # remembered for seconds, or what was read last; never raises Unavailable


class RulePort(Protocol):
    """What those ask who write merchandising rules."""

    def list_rules(self) -> Sequence[Rule]: ...  # as they are this moment, by id
    def put_rule(self, rule: Rule) -> None: ...  # raises InvalidRule when there are too many
    def delete_rule(self, rule_id: str) -> bool: ...  # False when there was none


class ShopPort(SearchPort, RulePort, Protocol):
    """All that the API asks."""


class PromotionPort(Protocol):
    """What those ask who say which space shall serve."""

    def read_spaces(self) -> Sequence[Space]: ...  # as they are this moment
    def space_status(self, space: Space) -> SpaceStatus: ...
    def promotions(self) -> list[Promotion]: ...  # as they are this moment, oldest first
    def append_promotion(self, entry: Promotion, after: int) -> Promotion: ...  # WriteConflict where `after` is old


class LeasePort(Protocol):
    """What jobs ask that must not work on the same thing at once."""

    def read_lease(self, name: str) -> Lease | None: ...  # as it is this moment
    def write_lease(
        self, name: str, holder: str, seconds: float, over: Lease | None
    ) -> Lease | None: ...  # None: it is not what `over` says any more
    def drop_lease(self, lease: Lease) -> None: ...  # nothing where it has changed since


class EmbeddingPort(LeasePort, Protocol):
    """What the ETL asks."""

    def ensure_space(self, space: Space) -> None: ...  # adds its mapping; refuses other dims
    def count_unprocessed(self, space: Space) -> int: ...
    def unprocessed(
        self, space: Space, limit: int | None = None
    ) -> Iterator[Pending]: ...  # point in time, refreshed
    def embedded(
        self, space: Space, limit: int | None = None, after: str = ""
    ) -> Iterator[Pending]: ...  # with a vector, in id order, those whose id comes behind `after`; likewise
    def write_etags(self, space: Space, outcomes: Sequence[Outcome]) -> None: ...  # where the photo is the same
    def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]: ...
    def embedded_photos(self, space: Space, ids: Sequence[str]) -> dict[str, str]: ...  # id -> photo, where done
    def append_history(self, entries: Iterable[HistoryEntry]) -> None: ...  # products of before stay named
    def retract_history(self, space: Space, photos: Mapping[str, Sequence[str]]) -> None: ...  # photo -> product ids
    def history_products(self, space: Space, urls: Sequence[str]) -> dict[str, frozenset[str]]: ...  # by photo
    def refresh(self) -> None: ...
    def space_status(self, space: Space) -> SpaceStatus: ...
    def make_due(self, space: Space, statuses: Sequence[str], reasons: Sequence[str] = ()) -> int: ...  # `etl retry`


class ProductPort(Protocol):
    """What the importer asks."""

    def create(self) -> str: ...  # the index and its alias, if there are none; returns the concrete name
    def get_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]: ...
    def write(self, changes: Sequence[Change]) -> list[ChangeResult]: ...
    def ids(self) -> Iterator[str]: ...  # every product id, in id order
    def count(self) -> int: ...
    def refresh(self) -> None: ...
