"""Records that the index and its writers exchange: products, outcomes of photos, changes, progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from catalog.domain.embedding_space import Space
from catalog.similarity import Vectors


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """Holds a product as it is in the index, without vectors; `seq_no` and `primary_term` condition a write on it.

    `photo_hash` is the SHA-256 of its photo, where it was read and an embedding knows it.
    """

    id: str
    source: Mapping[str, Any]
    seq_no: int
    primary_term: int
    photo_hash: str | None = None


@dataclass(frozen=True, slots=True)
class SpaceStatus:
    """How far a model has come: every product with a photo is in one of the four counts."""

    space: Space
    done: int
    pending: int
    retry: int
    failed: Mapping[str, int]  # by reason
    retry_reasons: Mapping[str, int]
    next_try_at: datetime | None = None  # of those in `retry`, the first
    added: int = 0  # the place in which it came into this catalogue, from 1; 0: before that was kept on record


@dataclass(frozen=True, slots=True)
class FailedPhoto:
    """Names a photo without an embedding: it failed for good, or is tried again at `next_try_at`."""

    space: str
    product_id: str
    image_url: str
    status: Literal["failed", "retry"]
    reason: str
    attempts: int
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class CatalogStatus:
    """How full the catalogue is, and in what state a reindex has it, which readers need not care about."""

    products: int
    with_image: int
    available: int
    spaces: Sequence[SpaceStatus]
    index: str
    writes_blocked: bool = False
    reindex: Literal["running", "killed"] | None = None  # one that has not swapped yet
    left_over: tuple[str, ...] = ()  # indices that a reindex has left
    old_index: bool = False  # made by an older version: filters are less exact until a reindex


@dataclass(frozen=True, slots=True)
class Pending:
    """Names a product whose photo has no embedding in a space yet, or a retry that is due, or one to ask for again.

    `image_sha256` is None where there is no vector; else that of the photo it was made from, empty if not on record.
    """

    product_id: str
    image_url: str
    attempts: int = 0
    etag: str | None = None
    image_sha256: str | None = None


EmbeddingStatus = Literal["done", "failed", "retry"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Says what became of a photo: `vector` (float32 [dims], unit length) when `status` is done, else a `reason`."""

    product_id: str
    image_url: str
    status: EmbeddingStatus
    vector: Vectors | None = None
    image_sha256: str | None = None
    reason: str | None = None
    attempts: int = 1
    next_try_at: datetime | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class PhotoColor:
    """Says which colour family the photo of a product shows when `status` is done, else a `reason`."""

    product_id: str
    image_url: str
    status: EmbeddingStatus
    family: str | None = None
    reason: str | None = None
    attempts: int = 1
    next_try_at: datetime | None = None


class Written(StrEnum):
    """Says what the index made of an outcome."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    MOVED = "moved"  # the product has another photo by now; it stays unprocessed
    GONE = "gone"  # the product was deleted meanwhile
    REFUSED = "refused"  # Elasticsearch would not take it; see the message


@dataclass(frozen=True, slots=True)
class WriteResult:
    outcome: Outcome
    result: Written
    message: str = ""


HISTORY_PRODUCTS = 1000  # that an entry names at most: a placeholder photo of a whole shop stays a small document


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One line of `feature_history`, keyed by (image_url, space)."""

    image_url: str
    space: Space
    snapshot_date: datetime
    product_ids: tuple[str, ...]
    status: EmbeddingStatus
    reason: str | None
    attempts: int
    run_id: str


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on something: `holder` promised to renew it within every `seconds`, which changes `seq_no`."""

    name: str
    holder: str
    seconds: float
    seq_no: int
    primary_term: int


@dataclass(frozen=True, slots=True)
class Change:
    """Describes a write to one product: `source` is the whole new document without `embedding`, None deletes it.

    It happens only if the product still is at (`seq_no`, `primary_term`); without them only if it does not exist yet.
    `embedding` is kept unless `image_url` differs from the stored one. `donors` are other products whose embedding
    goes along, as far as they have the new `image_url` and it has none itself.
    """

    id: str
    source: Mapping[str, Any] | None
    keep_embedding: bool = True
    seq_no: int | None = None
    primary_term: int | None = None
    donors: tuple[str, ...] = ()

    @property
    def drops_embedding(self) -> bool:
        """Says whether the product gets a photo of which no product here has the embedding."""
        return not self.keep_embedding and not self.donors


@dataclass(frozen=True, slots=True)
class ChangeResult:
    change: Change
    status: Literal["created", "updated", "deleted", "conflict", "failed"]
    message: str = ""


IdHashes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class OfferMark:
    """Says that a feed made at `as_of` had the products whose ids have the hashes `ids`, uint64 [n], ascending."""

    name: str
    as_of: datetime
    marked_at: datetime
    ids: IdHashes
