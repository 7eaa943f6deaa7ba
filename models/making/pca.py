"""PCA over embeddings: fitted on a catalogue's photos, applied alike in numpy and inside the ONNX graph.

Features are L2-normalised first, so that a long vector does not count more than a short one, then mean-centred and
projected. No whitening: it hurt on clothing photos, since it blows the noisy directions up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.similarity import normalize
from models.errors import FitFailed
from models.runtime.embedder import Embeddings, is_usable, normalize_rows

MEAN_KEY = "pca.mean"  # names of the two in weights.safetensors
COMPONENTS_KEY = "pca.components"
MIN_VARIANCE_RATIO = 1e-9  # of a component to the first; below it there is only rounding


@dataclass(frozen=True, slots=True)
class Projection:
    """`mean` [D] and `components` [k,D] (orthonormal rows) float32; `explained` is the share of variance kept."""

    mean: NDArray[np.float32]
    components: NDArray[np.float32]
    explained: float
    fitted_on: int

    @property
    def dims(self) -> int:
        return len(self.components)


def fit(embeddings: Embeddings, dims: int) -> Projection:
    """Projects embeddings [N,D] onto their `dims` strongest directions; unusable (NaN) rows are left out.

    Signs are fixed (the largest coefficient of a component is positive), so the same photos give the same answer.
    Raises FitFailed where photos or their variety do not suffice.
    """
    good = is_usable(embeddings)
    rows = np.asarray(normalize(embeddings[good]), dtype=np.float64) if good.any() else np.empty((0, 1))
    count = len(rows)
    if not 1 <= dims < embeddings.shape[1]:
        raise FitFailed(f"a PCA goes to fewer dimensions than the model's {embeddings.shape[1]}, not to {dims}")
    if count <= dims:
        raise FitFailed(f"a PCA to {dims} dimensions needs more than {dims} usable photos, there are {count}")
    mean = rows.mean(axis=0)
    variances, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean) / (count - 1))
    variances, vectors = variances[::-1], vectors[:, ::-1]
    if not variances[dims - 1] > MIN_VARIANCE_RATIO * max(variances[0], 0):
        raise FitFailed(
            f"the photos are too alike for {dims} dimensions: use more different ones, or fewer dimensions"
        )
    components = vectors[:, :dims].T
    strongest = np.abs(components).argmax(axis=1)
    components = components * np.sign(components[np.arange(dims), strongest])[:, None]
    explained = float(variances[:dims].sum() / variances.clip(min=0).sum())
    # Contiguous, for safetensors writes the memory of an array as it lies.
    rows32 = np.ascontiguousarray(components, dtype=np.float32)
    return Projection(mean.astype(np.float32), rows32, explained, count)


def project(embeddings: Embeddings, projection: Projection) -> Embeddings:
    """Returns embeddings [N,D] in the projection's space: [N,k] float32 of norm 1, NaN rows without a direction."""
    rows = normalize_rows(embeddings)
    return normalize_rows((rows - projection.mean) @ projection.components.T)
