"""Recognises photos that were embedded before, at whatever address: their vectors are used again."""

from collections.abc import Iterable, Sequence

from catalog.domain.records import Pending
from etl.stages.messages import FetchedPhoto, PhotoResult, PhotoTask
from etl.storage.known_photos import KnownPhotos


class Recognizer:
    """Looks up one photo per call, in one thread."""

    def __init__(self, known: KnownPhotos) -> None:
        self._known = known

    def __call__(self, item: FetchedPhoto) -> Iterable[FetchedPhoto | PhotoResult]:
        """Yields results for spaces that have a vector of these very bytes, and the photo for the others."""
        task, photo = item.task, item.photo
        missing: dict[str, Sequence[Pending]] = {}
        for space, wants in task.wants.items():
            vector = self._known.find(space, photo.sha256)
            if vector is None:
                missing[space] = wants
            else:
                yield PhotoResult(space, task.image_url, wants, vector, photo.sha256, photo.etag, recognized=True)
        if missing:
            yield FetchedPhoto(PhotoTask(task.image_url, missing), photo)
