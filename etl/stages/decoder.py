"""Decodes a photo once and prepares its pixels for every model that wants it."""

from collections.abc import Iterable, Mapping

import numpy as np

from etl.stages.downloader import failure_of, unexpected
from etl.stages.items import Decoded, Embedder, Failure, Fetched, Pixels, Result, failed
from models.photos import PhotoError, decode


class Decoder:
    """Called by several threads; `min_sides` are pixels of the shorter side that each space asks for."""

    def __init__(self, embedders: Mapping[str, Embedder], min_sides: Mapping[str, int], max_pixels: int) -> None:
        self._embedders, self._min_sides, self._max_pixels = embedders, min_sides, max_pixels

    def __call__(self, item: Fetched) -> Iterable[Decoded | Result]:
        job, photo = item.job, item.photo
        try:
            image = decode(photo.data, self._max_pixels)
        except PhotoError as error:
            return failed(job, failure_of(error), photo.sha256)
        except Exception as error:  # one photo must not end the run
            return failed(job, unexpected(error, f"decoding {job.image_url}"), photo.sha256)
        pixels: dict[str, Pixels] = {}
        results: list[Decoded | Result] = []
        for space, products in job.wants.items():
            failure: Failure | None = None
            if min(image.size) < self._min_sides[space]:
                size = f"{image.width} x {image.height}"
                failure = Failure("too_small", True, f"{size} pixels; the model needs {self._min_sides[space]}")
            else:
                try:
                    pixels[space] = np.ascontiguousarray(self._embedders[space].preprocess(image), dtype=np.float32)
                except Exception as error:  # one photo must not end the run
                    failure = unexpected(error, f"preparing {job.image_url} for {space}")
            if failure:
                results.append(Result(space, job.image_url, products, None, photo.sha256, photo.etag, failure))
        if pixels:
            results.append(Decoded(job, photo.sha256, photo.etag, pixels))
        return results
