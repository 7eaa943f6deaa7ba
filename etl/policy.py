"""Turns what became of a photo into what the index is told: done, failed, or when to try again."""

from datetime import datetime, timedelta

from catalog.domain.records import EmbeddingStatus, Outcome, Pending
from etl.settings import EtlSettings
from etl.stages.items import Failure, Result

FACTOR = 4.0  # 10 min, 40 min, 2 h 40, 10 h 40: an outage of a night does not use up five attempts
LONGEST = 86_400.0
NOT_BELOW = timedelta(seconds=1)


def outcomes(result: Result, now: datetime, settings: EtlSettings) -> list[Outcome]:
    """One outcome per product that wanted the photo; none where a product that has a vector gets no new one."""
    return [
        _outcome(result, pending, now, settings)
        for pending in result.products
        if result.vector is not None or pending.image_sha256 is None
    ]


def _outcome(result: Result, pending: Pending, now: datetime, settings: EtlSettings) -> Outcome:
    attempts = pending.attempts + 1
    status, again = _status(result.failure, attempts, now, settings)
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


def _status(
    failure: Failure | None, attempts: int, now: datetime, settings: EtlSettings
) -> tuple[EmbeddingStatus, datetime | None]:
    if failure is None:
        return "done", None
    if failure.permanent or attempts >= settings.etl_max_attempts:
        return "failed", None
    return "retry", now + delay(attempts, failure.retry_after, settings)


def delay(attempts: int, retry_after: float | None, settings: EtlSettings) -> timedelta:
    """How long to wait after the attempt of this number: exponential, at least what the host asked for."""
    backoff = min(settings.etl_retry_seconds * FACTOR ** (attempts - 1), LONGEST)
    return max(timedelta(seconds=max(backoff, retry_after or 0.0)), NOT_BELOW)
