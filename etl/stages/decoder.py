"""Decodes a photo once and prepares its pixels for every model that wants it."""

from collections.abc import Iterable, Mapping

import numpy as np

from etl.stages.downloader import to_failure, to_internal_failure
from etl.stages.messages import (
    DecodedPhoto,
    FetchedPhoto,
    PhotoEmbedder,
    PhotoFailure,
    PhotoResult,
    Pixels,
    build_failed_results,
)
from models.photos import PhotoError, decode


class Decoder:
    """Decodes one photo per call, in several threads; `min_sides` are pixels of the shorter side by space."""

    def __init__(self, embedders: Mapping[str, PhotoEmbedder], min_sides: Mapping[str, int], max_pixels: int) -> None:
        self._embedders, self._min_sides, self._max_pixels = embedders, min_sides, max_pixels

    def __call__(self, item: FetchedPhoto) -> Iterable[DecodedPhoto | PhotoResult]:
        task, photo = item.task, item.photo
        try:
            image = decode(photo.data, self._max_pixels)
        except PhotoError as error:
            return build_failed_results(task, to_failure(error), photo.sha256)
        except Exception as error:  # one photo must not end the run
            return build_failed_results(task, to_internal_failure(error, f"decoding {task.image_url}"), photo.sha256)
        pixels: dict[str, Pixels] = {}
        results: list[DecodedPhoto | PhotoResult] = []
        for space, products in task.wants.items():
            failure: PhotoFailure | None = None
            if min(image.size) < self._min_sides[space]:
                size = f"{image.width} x {image.height}"
                failure = PhotoFailure("too_small", True, f"{size} pixels; the model needs {self._min_sides[space]}")
            else:
                try:
                    pixels[space] = np.ascontiguousarray(self._embedders[space].preprocess(image), dtype=np.float32)
                except Exception as error:  # one photo must not end the run
                    failure = to_internal_failure(error, f"preparing {task.image_url} for {space}")
            if failure:
                results.append(PhotoResult(space, task.image_url, products, None, photo.sha256, photo.etag, failure))
        if pixels:
            results.append(DecodedPhoto(task, photo.sha256, photo.etag, pixels))
        return results
