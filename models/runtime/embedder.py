"""Defines what every runtime of a bundle offers, and the checks they share."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from catalog.domain.embedding_space import Space
from catalog.similarity import MIN_NORM
from models.bundles.bundle import Bundle
from models.errors import InvalidBatch
from models.runtime.preprocessing import Pixels, preprocess

Embeddings = NDArray[np.float32]


class Embedder(Protocol):
    """Turns photos into vectors of one space.

    `runtime` says what runs it (`onnxruntime cpu`, `torch cuda`). `embed` takes pixels [N,3,side,side] float32 and
    gives [N,dims] float32, each row of L2 norm 1, or all NaN where the model gave no direction (NaN, infinite or
    zero output): see `is_usable`. It raises InvalidBatch for pixels of another shape.
    """

    @property
    def bundle(self) -> Bundle: ...
    @property
    def space(self) -> Space: ...
    @property
    def dims(self) -> int: ...
    @property
    def runtime(self) -> str: ...
    def preprocess(self, image: Image.Image) -> Pixels: ...
    def embed(self, batch: Pixels) -> Embeddings: ...
    def embed_images(self, images: Sequence[Image.Image]) -> Embeddings: ...


class BundleEmbedder(ABC):
    """Base of embedders: all that does not depend on what runs the network."""

    runtime: str
    bundle: Bundle

    @property
    def space(self) -> Space:
        return self.bundle.space

    @property
    def dims(self) -> int:
        return self.bundle.dims

    def preprocess(self, image: Image.Image) -> Pixels:
        """Returns pixels [3,side,side] float32 of an upright photo, by the bundle's preprocessing."""
        return preprocess(image, self.bundle.preprocessing)

    def embed(self, batch: Pixels) -> Embeddings:
        """Returns embeddings [N,dims] float32 of pixels [N,3,side,side]; `Embedder` says which rows are unusable."""
        check_batch(batch, self.bundle)
        if not len(batch):
            return np.empty((0, self.dims), dtype=np.float32)
        parts = [self._run(part) for part in split_batch(batch, self.bundle)]
        return normalize_rows(parts[0] if len(parts) == 1 else np.concatenate(parts))

    def embed_images(self, images: Sequence[Image.Image]) -> Embeddings:
        """Returns embeddings [N,dims] of upright photos, preprocessed here."""
        if not images:
            return np.empty((0, self.dims), dtype=np.float32)
        return self.embed(np.stack([self.preprocess(image) for image in images]))

    @abstractmethod
    def _run(self, batch: Pixels) -> Embeddings:
        """Returns what the network gives for one chunk, not normalised."""


def is_usable(embeddings: Embeddings) -> NDArray[np.bool_]:
    """Says for each row [N] of `embed`'s answer that it is an embedding; others have none (`no_embedding`)."""
    return np.asarray(np.isfinite(embeddings).all(axis=1), dtype=np.bool_)


def normalize_rows(raw: NDArray[np.floating]) -> Embeddings:
    """Returns rows [N,D] of norm 1 in float32; rows without a direction become NaN, the others stay unharmed."""
    exact = raw.astype(np.float64)
    # As catalog.similarity.normalize, in one go: at batch 1 every call of numpy is felt beside a small network.
    norms = np.sqrt(np.vecdot(exact, exact))
    if len(norms) and norms.min() >= MIN_NORM and norms.max() < np.inf:  # NaN is neither
        return np.asarray(exact / norms[:, None], dtype=np.float32)
    good = (norms >= MIN_NORM) & (norms < np.inf)
    rows = np.full(raw.shape, np.nan, dtype=np.float32)
    rows[good] = exact[good] / norms[good, None]
    return rows


def check_batch(batch: Pixels, bundle: Bundle) -> None:
    """Raises InvalidBatch unless `batch` is float32 [N,3,side,side] of this bundle's side."""
    side = bundle.preprocessing.center_crop
    if batch.dtype != np.float32 or batch.ndim != 4 or batch.shape[1:] != (3, side, side):
        raise InvalidBatch(
            f"{bundle.name} takes float32 pixels [N, 3, {side}, {side}], got {batch.dtype} {list(batch.shape)}"
        )


def split_batch(batch: Pixels, bundle: Bundle) -> list[Pixels]:
    """Cuts `batch` into what the bundle takes at once (`limits.max_batch`)."""
    size = bundle.manifest.limits.max_batch
    return [batch[start : start + size] for start in range(0, len(batch), size)]
