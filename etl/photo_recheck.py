"""Asks again for photos that have an embedding, in case another one lies at the same address by now.

What is still the same costs a conditional request, where the host gives ETags. Another photo is embedded like a new
one. Whatever goes wrong, the product keeps the vector it has.
"""

from collections.abc import Iterator, Sequence

from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, Pending
from catalog.ports import EmbeddingIndex
from etl.stages.messages import FetchedPhoto, PhotoResult, PhotoTask
from etl.storage.vector_store import VectorStore
from models.photos import EncodedPhoto


def find_due(index: EmbeddingIndex, store: VectorStore, space: Space, limit: int | None) -> Iterator[Pending]:
    """Yields embedded products to ask for again: all, or the next `limit` in id order after those of the last run."""
    after = store.read_recheck_cursor(space.name) if limit is not None else ""
    count, last = 0, ""
    for pending in index.rechecks.read_embedded(space, limit, after):
        count, last = count + 1, pending.product_id
        yield pending
    if limit is not None:
        store.write_recheck_cursor(space.name, last if count == limit else "")


def find_common_etag(task: PhotoTask) -> str | None:
    """Returns the ETag to send; None unless every product that wants the photo has a vector of the same photo."""
    known = {(pending.image_sha256, pending.etag) for wants in task.wants.values() for pending in wants}
    (sha256, etag), *others = known
    return None if others or sha256 is None else etag


def build_unchanged_results(task: PhotoTask) -> list[PhotoResult]:
    """Returns the results of a photo of which the host says that it is still the same."""
    return [PhotoResult(space, task.image_url, wants) for space, wants in task.wants.items()]


def split_by_stored_photo(task: PhotoTask, photo: EncodedPhoto) -> list[FetchedPhoto | PhotoResult]:
    """Returns results for products with a vector of this very photo, and the photo itself for the other ones."""
    results: list[FetchedPhoto | PhotoResult] = []
    missing: dict[str, Sequence[Pending]] = {}
    for space, wants in task.wants.items():
        if same := [pending for pending in wants if pending.image_sha256 == photo.sha256]:
            results.append(PhotoResult(space, task.image_url, same, None, photo.sha256, photo.etag))
        if rest := [pending for pending in wants if pending.image_sha256 != photo.sha256]:
            missing[space] = rest
    if missing:
        results.append(FetchedPhoto(PhotoTask(task.image_url, missing), photo))
    return results


def build_etag_updates(result: PhotoResult) -> list[Outcome]:
    """Returns outcomes (without a vector) for products of an unchanged photo whose stored ETag is an older one.

    None for any other photo: with its ETag but the old vector it would pass for unchanged in every later recheck.
    """
    if result.vector is not None or result.failure:
        return []
    return [
        Outcome(pending.product_id, result.image_url, "done", None, pending.image_sha256, etag=result.etag)
        for pending in result.products
        if result.etag and pending.etag != result.etag
    ]
