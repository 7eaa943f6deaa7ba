"""Lists what the rest of the house may ask of the product index: one protocol per store, and groups of them.

`catalog.elastic` answers for real, `tests/fakes.py` in memory. A method named `get_*` may return what was read some
seconds ago, one named `read_*` asks this moment. Every method raises catalog.errors only.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Literal, Protocol

from catalog.domain.api_keys import ApiKey
from catalog.domain.embedding_space import Space
from catalog.domain.merchandising_rulebook import Rulebook
from catalog.domain.merchandising_rules import Rule
from catalog.domain.promotion import Promotion
from catalog.domain.records import (
    CatalogStatus,
    Change,
    ChangeResult,
    FailedPhoto,
    HistoryEntry,
    IdHashes,
    Lease,
    OfferMark,
    Outcome,
    Pending,
    PhotoColor,
    SpaceStatus,
    StoredProduct,
    WriteResult,
    Written,
)
from catalog.search.search_types import BrowsePage, BrowseQuery, SimilarPage, SimilarQuery
from catalog.similarity import Vectors

EmbeddedProducts = Mapping[
    str, tuple[StoredProduct, Mapping[str, Vectors]]
]  # name asked by -> product, its vector by space name
# `optional`: an index without which questions are answered all the same; `probe`: asked to learn how the server is.
CallKind = Literal["read", "write", "optional", "probe"]


class CallObserver(Protocol):
    """Wraps each request to Elasticsearch: may refuse it beforehand, measures it, sees the error it ends with."""

    def __call__(self, kind: CallKind) -> AbstractContextManager[None]: ...


class ProductReadPort(Protocol):
    """Products by their names: ids or SKUs of theirs. An id wins; SKUs are known once searches see them."""

    def read(self, name: str) -> StoredProduct | None: ...  # with the hash of its photo
    def read_vectors(self, names: Sequence[str], spaces: Sequence[Space]) -> EmbeddedProducts: ...
    def find_by_sku(self, skus: Sequence[str]) -> dict[str, str]: ...  # product id by SKU


class ProductPort(Protocol):
    """Products as the importer reads and writes them."""

    def read_many(self, ids: Sequence[str]) -> dict[str, StoredProduct]: ...
    def find_by_sku(self, skus: Sequence[str]) -> dict[str, str]: ...  # product id by SKU, as searches see them
    def write(self, changes: Sequence[Change]) -> list[ChangeResult]: ...
    def read_ids(self) -> Iterator[str]: ...  # every product id, in id order
    def find_embedded(self, ids: Sequence[str]) -> frozenset[str]: ...  # those that have an embedding in any space
    def count_embedded(self) -> int: ...
    def count(self) -> int: ...
    def refresh(self) -> None: ...


class ProductStorePort(ProductReadPort, ProductPort, Protocol):
    """Products as the API reads and writes them."""


class OfferMarkPort(Protocol):
    """Marks that imports leave: which products a feed had."""

    def read(self, after: datetime | None = None) -> Iterator[OfferMark]: ...  # of feeds made later than `after`
    def add(self, as_of: datetime, ids: IdHashes) -> None: ...
    def drop(self, names: Sequence[str]) -> None: ...


class SimilarPort(Protocol):
    def search(self, query: SimilarQuery) -> SimilarPage: ...


class BrowsingPort(Protocol):
    def search(self, query: BrowseQuery) -> BrowsePage: ...


class FilterValuePort(Protocol):
    """Values of filters."""

    def get(self, key: str) -> Sequence[str]: ...  # values of a filter key as spelled, most frequent first
    def find_unknown(self, asked: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]: ...  # no product has


class SpacePort(Protocol):
    """Embedding spaces of the index."""

    def get_all(self) -> Sequence[Space]: ...  # by name
    def get_mapping_version(self) -> int: ...  # below `catalog.index_mapping.VERSION` until the next reindex
    def get_floors(self) -> Mapping[str, float]: ...  # by space, of those that were measured in this catalogue
    def read_all(self) -> Sequence[Space]: ...
    def ensure(self, space: Space) -> None: ...  # adds its mapping; refuses other dims
    def write_floor(self, space: Space, floor: float | None) -> None: ...  # None: takes it back


class StatusPort(Protocol):
    """How far the catalogue and its spaces have come."""

    def ping(self) -> None: ...  # a tiny search; raises Unavailable
    def read(self) -> CatalogStatus: ...
    def read_space(self, space: Space) -> SpaceStatus: ...
    def read_failures(
        self, spaces: Sequence[Space], limit: int, reasons: Sequence[str] = ()
    ) -> Sequence[FailedPhoto]: ...  # by space and product id, at most `limit` in all
    def get_spaces(self) -> Sequence[SpaceStatus]: ...  # of all spaces, by name


class RulePort(Protocol):
    """Merchandising rules."""

    def get_rulebook(self) -> Rulebook: ...  # or what was read last; never raises Unavailable
    def read_all(self) -> Sequence[Rule]: ...  # by id
    def put(self, rule: Rule) -> None: ...  # raises InvalidRule when there are too many
    def delete(self, rule_id: str) -> bool: ...  # False when there was none


class ApiKeyPort(Protocol):
    """API keys as the API asks for them."""

    def get_all(self) -> Mapping[str, ApiKey]: ...  # by id; or what was read last
    def peek_all(self) -> Mapping[str, ApiKey]: ...  # what was read last, if anything; never waits


class PromotionPort(Protocol):
    """Which space shall serve."""

    def get_promoted(self) -> str | None: ...  # name of the space the newest promotion names
    def read_all(self) -> list[Promotion]: ...  # oldest first
    def append(self, entry: Promotion, after: int) -> Promotion: ...  # WriteConflict where `after` is old


class LeasePort(Protocol):
    """Leases, for jobs that must not work on the same thing at once."""

    def read(self, name: str) -> Lease | None: ...
    def write(
        self, name: str, holder: str, seconds: float, over: Lease | None
    ) -> Lease | None: ...  # None: it is not what `over` says any more
    def drop(self, lease: Lease) -> None: ...  # nothing where it has changed since


class EmbeddingPort(Protocol):
    """Embeddings as the ETL makes them."""

    def count_unprocessed(self, space: Space) -> int: ...
    def read_unprocessed(
        self, space: Space, limit: int | None = None
    ) -> Iterator[Pending]: ...  # point in time, refreshed
    def write_outcomes(self, space: Space, outcomes: Sequence[Outcome]) -> list[WriteResult]: ...
    def read_photos(self, space: Space, ids: Sequence[str]) -> dict[str, str]: ...  # id -> photo, where done
    def make_due(self, space: Space, statuses: Sequence[str], reasons: Sequence[str] = ()) -> int: ...  # `etl retry`


class RecheckPort(Protocol):
    """Photos that have an embedding."""

    def read_embedded(
        self, space: Space, limit: int | None = None, after: str = ""
    ) -> Iterator[Pending]: ...  # with a vector, in id order, those whose id comes behind `after`; refreshed
    def write_etags(self, space: Space, outcomes: Sequence[Outcome]) -> None: ...  # where the photo is the same


class PhotoColorPort(Protocol):
    """Products whose colour family only their photo can tell."""

    def ensure_fields(self) -> None: ...  # an index of an older mapping lacks them
    def read_due(self, limit: int | None = None) -> Iterator[Pending]: ...  # without a family, in id order; refreshed
    def make_due(self) -> int: ...  # those that failed, and those that wait
    def write(self, colors: Sequence[PhotoColor]) -> list[Written]: ...  # where the photo is the same


class HistoryPort(Protocol):
    """History of every photo."""

    def append(self, entries: Iterable[HistoryEntry]) -> None: ...  # products of before stay named
    def retract(self, space: Space, photos: Mapping[str, Sequence[str]]) -> None: ...  # photo -> product ids
    def read_products(self, space: Space, urls: Sequence[str]) -> dict[str, frozenset[str]]: ...  # by photo


class SpaceIndex(Protocol):
    """Stores that decide which space serves."""

    @property
    def spaces(self) -> SpacePort: ...
    @property
    def status(self) -> StatusPort: ...
    @property
    def promotions(self) -> PromotionPort: ...


class SearchIndex(SpaceIndex, Protocol):
    """Stores that a shopper's question needs, and the API that answers it."""

    @property
    def products(self) -> ProductStorePort: ...
    @property
    def similar(self) -> SimilarPort: ...
    @property
    def browsing(self) -> BrowsingPort: ...
    @property
    def filter_values(self) -> FilterValuePort: ...
    @property
    def rules(self) -> RulePort: ...
    @property
    def api_keys(self) -> ApiKeyPort: ...
    def observe(self, observer: CallObserver) -> None: ...


class EmbeddingIndex(SpaceIndex, Protocol):
    """Stores that an embedding run needs."""

    @property
    def embeddings(self) -> EmbeddingPort: ...
    @property
    def rechecks(self) -> RecheckPort: ...
    @property
    def history(self) -> HistoryPort: ...
    @property
    def leases(self) -> LeasePort: ...
    @property
    def products(self) -> ProductPort: ...
