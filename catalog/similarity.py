"""Similarity of products: cosine, the same in the index, in scripts, in numpy and in weighted mixes of spaces."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from catalog.errors import InvalidVector

Vectors = NDArray[np.float32]

INDEX_SIMILARITY = "cosine"  # what `dense_vector.similarity` is set to
MIN_NORM = 1e-12


def normalize(vectors: ArrayLike) -> Vectors:
    """Scales vectors [dims] or [n, dims] to length 1, in float32; raises InvalidVector for zero, NaN or infinity."""
    raw = np.asarray(vectors, dtype=np.float64)
    if raw.ndim not in (1, 2) or raw.shape[-1] == 0:
        raise InvalidVector(f"expected one vector or a matrix of them, got shape {raw.shape}")
    if not np.isfinite(raw).all():
        raise InvalidVector("a vector has NaN or infinite values")
    norms = np.linalg.norm(raw, axis=-1, keepdims=True)
    if (norms < MIN_NORM).any():
        raise InvalidVector("a vector is zero and has no direction")
    return np.asarray(raw / norms, dtype=np.float32)


def check_vector(vector: ArrayLike, dims: int) -> Vectors:
    """Returns `vector` as float32 of length 1; raises InvalidVector unless it has `dims` values and a direction."""
    array = np.asarray(vector, dtype=np.float64)
    if array.shape != (dims,):
        raise InvalidVector(f"expected a vector of {dims} values, got shape {list(array.shape)}", dims=dims)
    return normalize(array)


def cosine(queries: ArrayLike, vectors: ArrayLike) -> NDArray[np.float64]:
    """Returns the cosines of queries [q, dims] (or [dims]) with vectors [n, dims]: [q, n] (or [n]) in float64."""
    left, right = np.asarray(queries, dtype=np.float64), np.asarray(vectors, dtype=np.float64)
    left = left / np.linalg.norm(left, axis=-1, keepdims=True)
    right = right / np.linalg.norm(right, axis=-1, keepdims=True)
    return np.asarray(left @ right.T, dtype=np.float64)


def mix(cosines: Mapping[str, NDArray[np.float64]], weights: Mapping[str, float]) -> NDArray[np.float64]:
    """Averages the cosines of spaces, `sum(w * cos) / sum(w)`; equals cosine over blocks scaled by sqrt(w)."""
    total = float(sum(weights.values()))
    return np.asarray(sum(weights[name] * cosines[name] for name in weights) / total, dtype=np.float64)


def script(field: str, vector: Vectors) -> dict[str, Any]:
    """Builds the exact `script_score` script of one space; its score is `cosine + 1` (none may be negative)."""
    return {
        "source": f"cosineSimilarity(params.query_vector, '{field}') + 1.0",
        "params": {"query_vector": vector},
    }


def mix_script(fields: Sequence[str], vectors: Sequence[Vectors], weights: Sequence[float]) -> dict[str, Any]:
    """Builds the exact script for the weighted mean of cosines over several spaces; its score is `mean + 1`."""
    terms = [f"params.w{n} * cosineSimilarity(params.q{n}, '{field}')" for n, field in enumerate(fields)]
    params: dict[str, Any] = {"total": float(sum(weights))}
    for n, (vector, weight) in enumerate(zip(vectors, weights, strict=True)):
        params |= {f"w{n}": float(weight), f"q{n}": vector}
    return {"source": f"({' + '.join(terms)}) / params.total + 1.0", "params": params}


def script_to_cosine(score: float) -> float:
    """Returns the cosine from the `_score` of a script_score query, a float32 with 7 decimals to give."""
    return round(score - 1.0, 7)


def cosine_to_script(value: float) -> float:
    """Returns the `_score` of a script_score query from a cosine, e.g. for min_score."""
    return value + 1.0


def cosine_to_knn(value: float) -> float:
    """Returns the `_score` of a knn query from a cosine, e.g. for min_score."""
    return (1.0 + value) / 2.0


def knn_to_cosine(score: float) -> float:
    """Returns the cosine from the `_score` of a knn query on a `cosine` field, which is `(1 + cosine) / 2`."""
    return round(2.0 * score - 1.0, 7)
