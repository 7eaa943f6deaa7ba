"""Finds what query and gallery must not share, and keeps it together: same photo, near-duplicate, same group.

Near-duplicates are found by two descriptors that no measured model has part in, so that every model is measured on
the same clusters: 128 dHash bits, and the cosine of HOG vectors (compression, scaling, a slight crop).
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from catalog.similarity import Vectors
from evaluation.data.dataset import Dataset, LabelledItem, merge_clusters
from evaluation.data.features import select_hash_bits

MAX_BITS = 6  # of 128 that may differ
MIN_COSINE = 0.98
BLOCK = 512


@dataclass(frozen=True, slots=True)
class Leak:
    """Names two items of different clusters that are one thing; `kind` says why."""

    kind: str  # same_photo, near_duplicate, same_vector, same_group, between two sets also same_cluster
    one: str
    other: str
    classes: tuple[str, str]


def find_leaks(items: Sequence[LabelledItem], look: Vectors, shape: Vectors) -> list[tuple[str, int, int]]:
    """Returns (kind, row, row) of every pair that belongs together but is in different clusters.

    `look` [n, d] are rows of `features.LookExtractor`, `shape` [n, d] unit vectors (`features.HogExtractor`); NaN
    rows match nothing.
    """
    found: dict[tuple[int, int], str] = {}
    for kind, pairs in (
        ("same_photo", _find_equal([item.sha256 or None for item in items])),
        ("same_group", _find_equal([item.group for item in items])),
        ("near_duplicate", _find_close_hashes(select_hash_bits(look))),
        ("same_vector", find_close_pairs(shape, MIN_COSINE)),
    ):
        for pair in pairs:
            if items[pair[0]].cluster != items[pair[1]].cluster:
                found.setdefault(pair, kind)
    return [(kind, *pair) for pair, kind in sorted(found.items())]


def find_leaks_between(items: Sequence[LabelledItem], look: Vectors, shape: Vectors) -> list[Leak]:
    """Returns what two sets share, by `find_leaks`; ids of the items start with the name of their set.

    A cluster (sender, item group) with items in both sets is listed once, by the first of each.
    """
    own = [replace(item, cluster=item.id.partition(":")[0]) for item in items]
    pairs = find_leaks(own, look, shape)
    first: dict[tuple[str, str], int] = {}
    for row, item in enumerate(items):
        first.setdefault((item.cluster, own[row].cluster), row)
    shared = [(first[name, "1"], row) for (name, of), row in first.items() if of == "2" and (name, "1") in first]
    return [_make_leak(items, *pair) for pair in [*pairs, *(("same_cluster", one, other) for one, other in shared)]]


def find_close_pairs(vectors: Vectors, least: float) -> Iterator[tuple[int, int]]:
    """Yields pairs of rows of unit vectors [n, d] with a cosine of `least` or more, each once; compares all."""
    known = np.where(np.isfinite(vectors), vectors, 0)
    yield from _find_pairs(known, least)


def _find_close_hashes(bits: Vectors) -> Iterator[tuple[int, int]]:
    """Yields pairs by the Hamming distance, from a product: signs of -1 and 1 agree in (n + product) / 2 places."""
    signs = np.where(np.isfinite(bits), bits * 2 - 1, 0).astype(np.float32)
    flat = np.abs(signs.sum(axis=1)) > bits.shape[1] - 2 * MAX_BITS  # a photo of one plain colour says nothing
    signs[flat] = 0
    yield from _find_pairs(signs, bits.shape[1] - 2 * MAX_BITS)


def _find_pairs(rows: NDArray[np.floating], least: float) -> Iterator[tuple[int, int]]:
    for start in range(0, len(rows), BLOCK):
        products = rows[start : start + BLOCK] @ rows.T
        for one, other in zip(*np.nonzero(products >= least), strict=True):
            if start + one < other:
                yield int(start + one), int(other)


def _find_equal(values: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for number, value in enumerate(values):
        if value is not None:
            rows[value].append(number)
    for same in rows.values():
        yield from ((same[0], other) for other in same[1:])


def merge_leaking(dataset: Dataset, look: Vectors, shape: Vectors) -> tuple[Dataset, list[Leak]]:
    """Returns the dataset with leaking clusters made one, and what leaked."""
    pairs = find_leaks(dataset.items, look, shape)
    leaks = [_make_leak(dataset.items, *pair) for pair in pairs]
    return merge_clusters(dataset, [(one, other) for _, one, other in pairs]), leaks


def _make_leak(items: Sequence[LabelledItem], kind: str, one: int, other: int) -> Leak:
    return Leak(kind, items[one].id, items[other].id, (items[one].class_name, items[other].class_name))


def summarize_leaks(leaks: Sequence[Leak]) -> dict[str, object]:
    """Returns counts by kind, and the first leaks in full."""
    counts = Counter(leak.kind for leak in leaks)
    return {"pairs": dict(counts), "of_different_class": sum(a != b for a, b in (leak.classes for leak in leaks)),
            "examples": [asdict(leak) for leak in leaks[:50]]}  # fmt: skip
