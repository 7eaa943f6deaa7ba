"""Messages between the stages: a photo that is wanted, fetched, decoded, embedded or failed; and the model's port."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.domain.embedding_space import Space
from catalog.domain.records import Pending
from catalog.similarity import Vectors
from models.photos import EncodedPhoto

Pixels = NDArray[np.float32]


class PhotoEmbedder(Protocol):
    """Describes what the job needs of a model; `models.runtime.embedder.Embedder` is one.

    `preprocess` gives float32 [3,H,W] of an RGB photo; `embed` takes float32 [N,3,H,W] and gives float32 [N,dims]
    unit rows, all NaN where a photo has no embedding.
    """

    @property
    def space(self) -> Space: ...
    def preprocess(self, image: Image.Image) -> Pixels: ...
    def embed(self, batch: Pixels) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """Names a model that may run: `open` loads it, which a job with nothing to do never does."""

    name: str
    space: Space
    open: Callable[[], PhotoEmbedder]
    min_side: int = 1  # pixels of the shorter side


@dataclass(frozen=True, slots=True)
class PhotoTask:
    """Names a photo and who wants it: products by the name of the space that lacks its embedding."""

    image_url: str
    wants: Mapping[str, Sequence[Pending]]


@dataclass(frozen=True, slots=True)
class FetchedPhoto:
    task: PhotoTask
    photo: EncodedPhoto


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """Holds `pixels` float32 [3,H,W] for each space that wants the photo."""

    task: PhotoTask
    sha256: str
    etag: str | None
    pixels: Mapping[str, Pixels]


@dataclass(frozen=True, slots=True)
class PhotoFailure:
    """Says why a photo has no embedding; `retry_after` seconds are what the host asked for."""

    reason: str
    permanent: bool
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """Result of a photo in one space: a `vector` float32 [dims], a `failure`, or neither if it is the same photo.

    `recognized`: the vector is one that was stored before for the same bytes.
    """

    space: str
    image_url: str
    products: Sequence[Pending]
    vector: Vectors | None = None
    sha256: str | None = None
    etag: str | None = None
    failure: PhotoFailure | None = None
    recognized: bool = False


def build_failed_results(task: PhotoTask, failure: PhotoFailure, sha256: str | None = None) -> list[PhotoResult]:
    """Returns the same failure for every space that wanted the photo."""
    return [
        PhotoResult(space, task.image_url, wants, None, sha256, None, failure) for space, wants in task.wants.items()
    ]
