"""Reads embedded photos with categories and groups, to measure a floor on: of a catalogue, or of a labelled set."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from catalog.domain.embedding_space import Space
from catalog.elastic import Catalogue
from catalog.similarity import Vectors
from evaluation.data.features import Extractor
from evaluation.data.photo_sets import read_photo_set
from evaluation.data.preparation import embed_dataset
from evaluation.embedding_cache import EmbeddingCache

CHUNK = 250


@dataclass(frozen=True, slots=True)
class FloorSample:
    """Holds unit vectors [n, dims], the most specific category of each, and what belongs together."""

    rows: Vectors
    categories: Sequence[str]
    groups: Sequence[str]


def read_catalogue_sample(catalogue: Catalogue, space: Space, most: int) -> FloorSample:
    """Reads at most about `most` products, evenly over the ids, and of these what has a category and an embedding."""
    step = max(1, catalogue.products.count() // most)
    found = list(_read_labelled(catalogue, space, islice(catalogue.products.read_ids(), 0, None, step)))
    return _make_sample([row for row, _, _ in found], [kind for _, kind, _ in found], [own for _, _, own in found])


def read_set_sample(path: Path, extractor: Extractor, cache: EmbeddingCache) -> FloorSample:
    """Embeds the labelled set at `path`; its clusters are its groups. Raises InvalidDataset."""
    dataset = read_photo_set(path)
    vectors = embed_dataset(extractor, dataset, cache)
    items = [item for item in dataset.items if item.sha256 in vectors]
    return _make_sample(
        [vectors[item.sha256] for item in items],
        [item.class_name for item in items],
        [item.cluster for item in items],
    )


def _make_sample(rows: Sequence[Vectors], categories: Sequence[str], groups: Sequence[str]) -> FloorSample:
    return FloorSample(np.stack(rows) if rows else np.empty((0, 1), np.float32), categories, groups)


def _read_labelled(catalogue: Catalogue, space: Space, ids: Iterator[str]) -> Iterator[tuple[Vectors, str, str]]:
    while chunk := list(islice(ids, CHUNK)):
        for stored, vectors in catalogue.products.read_vectors(chunk, [space]).values():
            source: Any = stored.source
            if source.get("category") and space.name in vectors:
                yield vectors[space.name], str(source["category"][-1]), str(source["group_key"])
