"""From a path to a set that can be measured on: readable photos, labels, no leaks, folds."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from catalog.similarity import Vectors
from evaluation.data import derived_labels, leakage, photo_sets
from evaluation.data.dataset import Dataset, with_folds
from evaluation.data.features import Extractor, Hog, Look
from evaluation.data.leakage import Leak
from evaluation.embedding_cache import EmbeddingCache
from evaluation.errors import InvalidDataset

FOLDS = 5
log = logging.getLogger("evaluation")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A labelled set in folds that share nothing, and what would have leaked between them."""

    dataset: Dataset
    leaks: list[Leak]


def prepare(path: Path, cache: EmbeddingCache, folds: int = FOLDS) -> Prepared:
    """Read, complete, regroup and fold the set at `path`; raises InvalidDataset."""
    dataset = photo_sets.read(path)
    found = {extractor.space.name: vectors_of(extractor, dataset, cache) for extractor in (Look(), Hog())}
    readable = [item for item in dataset.items if item.sha256 in found[Look.space.name]]
    if not readable:
        raise InvalidDataset(f"none of the photos of {path} can be decoded")
    dataset = replace(dataset, items=tuple(readable))
    look, shape = (rows_of(dataset, found[space.name], space.dims) for space in (Look.space, Hog.space))
    dataset = derived_labels.with_garments(derived_labels.with_colors(dataset, look), look, shape)
    mended, leaks = leakage.mended(dataset, look, shape)
    for kind, count in sorted(_counted(leaks).items()):
        log.info("%s: %d pairs of %s in different clusters, kept together from here on", dataset.name, count, kind)
    return Prepared(with_folds(mended, folds), leaks)


def vectors_of(extractor: Extractor, dataset: Dataset, cache: EmbeddingCache) -> dict[str, Vectors]:
    """Vector by SHA-256 of every photo of the set that has one."""
    return cache.of(extractor, {item.sha256: item.photo for item in dataset.items if item.photo})


def rows_of(dataset: Dataset, found: Mapping[str, Vectors], dims: int) -> Vectors:
    """The vectors as rows [n, dims] in the order of the items, NaN where there is none."""
    empty = np.full(dims, np.nan, dtype=np.float32)
    return np.stack([found.get(item.sha256, empty) for item in dataset.items])


def _counted(leaks: list[Leak]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for leak in leaks:
        counts[leak.kind] = counts.get(leak.kind, 0) + 1
    return counts
