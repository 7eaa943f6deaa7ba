"""Keeps the history of features: one entry per photo and space, naming the products that got it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from catalog.domain.embedding_space import Space
from catalog.domain.records import HistoryEntry, Outcome, WriteResult, Written
from catalog.ports import EmbeddingIndex
from catalog.retrying import retry_while_unavailable
from etl.storage.part_format import StoredVector

IN_INDEX = (Written.WRITTEN, Written.UNCHANGED)


def build_entries(space: Space, outcomes: Sequence[Outcome], run_id: str, now: datetime) -> list[HistoryEntry]:
    """Returns one entry per photo of `outcomes`."""
    photos: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        photos.setdefault(outcome.image_url, []).append(outcome)
    return [
        HistoryEntry(
            image_url=url,
            space=space,
            snapshot_date=now,
            product_ids=tuple(sorted(outcome.product_id for outcome in taken)),
            status=taken[0].status,
            reason=taken[0].reason,
            attempts=max(outcome.attempts for outcome in taken),
            run_id=run_id,
        )
        for url, taken in photos.items()
    ]


def list_not_taken(results: Sequence[WriteResult]) -> dict[str, list[str]]:
    """Returns photo -> products of what the index did not take, so that a photo nobody shows leaves no entry."""
    photos: dict[str, list[str]] = {}
    for result in results:
        if result.result not in IN_INDEX:
            photos.setdefault(result.outcome.image_url, []).append(result.outcome.product_id)
    return photos


def write_missing_entries(
    index: EmbeddingIndex, space: Space, run_id: str, rows: Sequence[StoredVector], patience: float
) -> Mapping[str, Sequence[str]]:
    """Writes the history of stored vectors that are in the index and not in the history.

    Returns what was missing, photo -> products. A run that wrote the index first and was killed left such rows.
    """
    embedded = retry_while_unavailable(
        lambda: index.embeddings.read_photos(space, [row.product_id for row in rows]), patience
    )
    shown: dict[str, list[str]] = {}
    for row in rows:
        if embedded.get(row.product_id) == row.image_url:
            shown.setdefault(row.image_url, []).append(row.product_id)
    known = retry_while_unavailable(lambda: index.history.read_products(space, list(shown)), patience)
    missing = {url: ids for url, ids in shown.items() if not known.get(url, frozenset()).issuperset(ids)}
    outcomes = [Outcome(product_id, url, "done") for url, ids in missing.items() for product_id in ids]
    found = build_entries(space, outcomes, run_id, datetime.now(UTC))
    retry_while_unavailable(lambda: index.history.append(found), patience)
    return missing
