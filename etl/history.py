"""Keeps the history of features: one entry per photo and space, naming the products that got it."""

from collections.abc import Sequence
from datetime import datetime

from catalog.records import HistoryEntry, Outcome, WriteResult, Written
from catalog.space import Space

KEPT = (Written.WRITTEN, Written.UNCHANGED)


def entries(space: Space, results: Sequence[WriteResult], run_id: str, now: datetime) -> list[HistoryEntry]:
    """Entries for what the index took; a photo that nobody shows any more leaves none."""
    photos: dict[str, list[Outcome]] = {}
    for result in results:
        if result.result in KEPT:
            photos.setdefault(result.outcome.image_url, []).append(result.outcome)
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
