"""Asks again for photos that have an embedding, in case another one lies at the same address by now.

What is still the same costs a conditional request, where the host gives ETags. Another photo is embedded like a new
one. Whatever goes wrong, the product keeps the vector it has.
"""

from collections.abc import Iterator, Sequence

from catalog.domain.records import Outcome, Pending
from catalog.domain.space import Space
from catalog.ports import EmbeddingPort
from etl.stages.items import Fetched, Job, Result
from etl.storage.vector_store import VectorStore
from models.photos import Photo


def due(index: EmbeddingPort, store: VectorStore, space: Space, limit: int | None) -> Iterator[Pending]:
    """Embedded products to ask for again: all, or the next `limit` in id order behind those of the last run."""
    after = store.recheck_place(space.name) if limit is not None else ""
    count, last = 0, ""
    for pending in index.embedded(space, limit, after):
        count, last = count + 1, pending.product_id
        yield pending
    if limit is not None:
        store.keep_recheck_place(space.name, last if count == limit else "")


def etag_of(job: Job) -> str | None:
    """The ETag to ask with; None unless everybody who wants the photo has a vector of the same one."""
    known = {(pending.image_sha256, pending.etag) for wants in job.wants.values() for pending in wants}
    (sha256, etag), *others = known
    return None if others or sha256 is None else etag


def unchanged(job: Job) -> list[Result]:
    """Results of a photo of which the host says that it is still the same."""
    return [Result(space, job.image_url, wants) for space, wants in job.wants.items()]


def sorted_out(job: Job, photo: Photo) -> list[Fetched | Result]:
    """Results for those who have a vector of this very photo; the photo goes on for those who have not."""
    results: list[Fetched | Result] = []
    missing: dict[str, Sequence[Pending]] = {}
    for space, wants in job.wants.items():
        if same := [pending for pending in wants if pending.image_sha256 == photo.sha256]:
            results.append(Result(space, job.image_url, same, None, photo.sha256, photo.etag))
        if rest := [pending for pending in wants if pending.image_sha256 != photo.sha256]:
            missing[space] = rest
    if missing:
        results.append(Fetched(Job(job.image_url, missing), photo))
    return results


def new_etags(result: Result) -> list[Outcome]:
    """Of a photo that is still the same: the outcomes whose ETag is another one by now, without a vector."""
    return [
        Outcome(pending.product_id, result.image_url, "done", None, pending.image_sha256, etag=result.etag)
        for pending in result.products
        if result.etag and pending.etag != result.etag
    ]
