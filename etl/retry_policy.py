"""Turns results of photos into outcomes for the index: done, failed, or retry and when."""

from datetime import datetime, timedelta

from catalog.domain.records import EmbeddingStatus, Outcome, Pending
from etl.settings import EtlSettings
from etl.stages.messages import PhotoFailure, PhotoResult

BACKOFF_FACTOR = 4.0  # 10 min, 40 min, 2 h 40, 10 h 40: an outage of a night does not use up five attempts
LONGEST_DELAY = 86_400.0
SHORTEST_DELAY = timedelta(seconds=1)


def build_outcomes(result: PhotoResult, now: datetime, settings: EtlSettings) -> list[Outcome]:
    """Returns one outcome per product that wanted the photo; none for a product that keeps the vector it has."""
    return [
        _build_outcome(result, pending, now, settings)
        for pending in result.products
        if result.vector is not None or pending.image_sha256 is None
    ]


def _build_outcome(result: PhotoResult, pending: Pending, now: datetime, settings: EtlSettings) -> Outcome:
    attempts = pending.attempts + 1
    status, again = decide_status(result.failure, attempts, now, settings)
    return Outcome(
        product_id=pending.product_id,
        image_url=result.image_url,
        status=status,
        vector=result.vector,
        image_sha256=result.sha256,
        reason=result.failure.reason if result.failure else None,
        attempts=attempts,
        next_try_at=again,
        etag=result.etag,
    )


def decide_status(
    failure: PhotoFailure | None, attempts: int, now: datetime, settings: EtlSettings
) -> tuple[EmbeddingStatus, datetime | None]:
    """Returns what becomes of a photo after so many attempts, and when it is tried again."""
    if failure is None:
        return "done", None
    if failure.permanent or attempts >= settings.etl_max_attempts:
        return "failed", None
    return "retry", now + compute_delay(attempts, failure.retry_after, settings)


def compute_delay(attempts: int, retry_after: float | None, settings: EtlSettings) -> timedelta:
    """Returns how long to wait after the attempt of this number: exponential, at least what the host asked for."""
    backoff = min(settings.etl_retry_seconds * BACKOFF_FACTOR ** (attempts - 1), LONGEST_DELAY)
    return max(timedelta(seconds=max(backoff, retry_after or 0.0)), SHORTEST_DELAY)
