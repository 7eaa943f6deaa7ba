"""What travels through the job: a photo that is wanted, fetched, decoded, embedded, or not to be had."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.domain.records import Pending
from catalog.domain.space import Space
from catalog.similarity import Vectors
from models.photos import Photo

Pixels = NDArray[np.float32]


class Embedder(Protocol):
    """What the job asks of a model; `models.runtime.embedder.Embedder` is one.

    `preprocess` gives float32 [3,H,W] of an RGB photo; `embed` takes float32 [N,3,H,W] and gives float32 [N,dims]
    unit rows, all NaN where a photo has no embedding.
    """

    @property
    def space(self) -> Space: ...
    def preprocess(self, image: Image.Image) -> Pixels: ...
    def embed(self, batch: Pixels) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Model:
    """A model that may run: `open` loads it, which a job with nothing to do never does."""

    name: str
    space: Space
    open: Callable[[], Embedder]
    min_side: int = 1  # pixels of the shorter side


@dataclass(frozen=True, slots=True)
class Job:
    """One photo and who wants it: products by the name of the space that lacks its embedding."""

    image_url: str
    wants: Mapping[str, Sequence[Pending]]


@dataclass(frozen=True, slots=True)
class Fetched:
    job: Job
    photo: Photo


@dataclass(frozen=True, slots=True)
class Decoded:
    """`pixels` float32 [3,H,W] for each space that wants the photo."""

    job: Job
    sha256: str
    etag: str | None
    pixels: Mapping[str, Pixels]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a photo has no embedding; `retry_after` seconds are what the host asked for."""

    reason: str
    permanent: bool
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a photo in one space: a `vector` float32 [dims], a `failure`, or neither if it is the same."""

    space: str
    image_url: str
    products: Sequence[Pending]
    vector: Vectors | None = None
    sha256: str | None = None
    etag: str | None = None
    failure: Failure | None = None


def failed(job: Job, failure: Failure, sha256: str | None = None) -> list[Result]:
    """The same failure for every space that wanted the photo."""
    return [Result(space, job.image_url, wants, None, sha256, None, failure) for space, wants in job.wants.items()]
