"""Runs the models over batches of decoded photos."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from etl.errors import ModelFailed
from etl.stages.messages import DecodedPhoto, PhotoEmbedder, PhotoFailure, PhotoResult
from etl.stages.stage_clock import StageClock

log = logging.getLogger(__name__)
NO_EMBEDDING = PhotoFailure("no_embedding", True, "the model gives this photo no direction")


class BatchEmbedder:
    """Runs all models in one thread; photos wait per model until a batch is full or there are no more."""

    def __init__(self, embedders: Mapping[str, PhotoEmbedder], batch_size: int, clock: StageClock) -> None:
        self._embedders, self._batch_size, self._clock = embedders, batch_size, clock
        self._proven: set[str] = set()  # models that embedded a photo in this run

    def __call__(self, stream: Iterator[DecodedPhoto]) -> Iterable[PhotoResult]:
        """Yields results of each model as its batches fill; a broken model ends the run, a broken photo does not."""
        waiting: dict[str, list[DecodedPhoto]] = {space: [] for space in self._embedders}
        for item in stream:
            for space in item.pixels:
                waiting[space].append(item)
                if len(waiting[space]) >= self._batch_size:
                    yield from self._embed_batch(space, waiting[space])
                    waiting[space] = []
        for space, items in waiting.items():
            if items:
                yield from self._embed_batch(space, items)

    def _embed_batch(self, space: str, items: Sequence[DecodedPhoto]) -> list[PhotoResult]:
        with self._clock.measure(f"embed {space}", len(items)):
            answers = self._compute_vectors(space, items)
        return [_build_result(space, item, answer) for item, answer in zip(items, answers, strict=True)]

    def _compute_vectors(self, space: str, items: Sequence[DecodedPhoto]) -> "list[np.ndarray | PhotoFailure]":
        """Returns a vector or failure per photo; raises ModelFailed if the first full batch fails photo by photo."""
        try:
            rows = self._embedders[space].embed(np.stack([item.pixels[space] for item in items]))
            self._proven.add(space)
            return [row if np.isfinite(row).all() else NO_EMBEDDING for row in rows]
        except Exception as error:
            if len(items) == 1:
                log.error("%s failed on %s: %s", space, items[0].task.image_url, error)
                return [PhotoFailure("model_error", False, str(error))]
            single = [self._compute_vectors(space, [item])[0] for item in items]
            if space not in self._proven and len(items) == self._batch_size:
                raise ModelFailed(f"the model of {space} fails on every photo: {error}") from error
            return single


def _build_result(space: str, item: DecodedPhoto, answer: "np.ndarray | PhotoFailure") -> PhotoResult:
    products, url = item.task.wants[space], item.task.image_url
    if isinstance(answer, PhotoFailure):
        return PhotoResult(space, url, products, None, item.sha256, item.etag, answer)
    return PhotoResult(space, url, products, np.asarray(answer, dtype=np.float32), item.sha256, item.etag)
