"""Prepares a set to be measured on: readable photos, labels, no leaks, folds."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from catalog.similarity import Vectors
from evaluation.data.dataset import Dataset, assign_folds
from evaluation.data.derived_labels import derive_colors, derive_garments
from evaluation.data.features import Extractor, HogExtractor, LookExtractor
from evaluation.data.leakage import Leak, merge_leaking
from evaluation.data.photo_sets import read_photo_set
from evaluation.embedding_cache import EmbeddingCache
from evaluation.errors import InvalidDataset

FOLDS = 5
log = logging.getLogger("evaluation")


@dataclass(frozen=True, slots=True)
class PreparedSet:
    """Holds a labelled set in folds that share nothing, and what would have leaked between them."""

    dataset: Dataset
    leaks: list[Leak]


def prepare_set(path: Path, cache: EmbeddingCache, folds: int = FOLDS) -> PreparedSet:
    """Reads, completes, regroups and folds the set at `path`; raises InvalidDataset."""
    dataset = read_photo_set(path)
    extractors = LookExtractor(), HogExtractor()
    found = {one.space.name: embed_dataset(one, dataset, cache) for one in extractors}
    readable = [item for item in dataset.items if item.sha256 in found[LookExtractor.space.name]]
    if not readable:
        raise InvalidDataset(f"none of the photos of {path} can be decoded")
    dataset = replace(dataset, items=tuple(readable))
    look, shape = (stack_rows(dataset, found[one.space.name], one.space.dims) for one in extractors)
    dataset = derive_garments(derive_colors(dataset, look), look, shape)
    merged, leaks = merge_leaking(dataset, look, shape)
    for kind, count in sorted(Counter(leak.kind for leak in leaks).items()):
        log.info("%s: %d pairs of %s in different clusters, kept together from here on", dataset.name, count, kind)
    return PreparedSet(assign_folds(merged, folds), leaks)


def embed_dataset(extractor: Extractor, dataset: Dataset, cache: EmbeddingCache) -> dict[str, Vectors]:
    """Returns the vector by SHA-256 of every photo of the set that has one."""
    return cache.embed(extractor, {item.sha256: item.photo for item in dataset.items if item.photo})


def stack_rows(dataset: Dataset, found: Mapping[str, Vectors], dims: int) -> Vectors:
    """Returns the vectors as rows [n, dims] in the order of the items, NaN where there is none."""
    empty = np.full(dims, np.nan, dtype=np.float32)
    return np.stack([found.get(item.sha256, empty) for item in dataset.items])
