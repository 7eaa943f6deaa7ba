"""Reads a catalogue that is in the index already as a table to measure on, with its vectors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

from catalog.domain.embedding_space import Space
from catalog.elastic import Catalogue
from catalog.similar import resolve_space
from catalog.similar.implied_filters import INHERITED
from catalog.similarity import Vectors
from evaluation.data.dataset import Dataset, LabelledItem
from evaluation.data.label_table import CLUSTER, FOLD, LabelTable
from evaluation.data.photo_sets import select_labels
from evaluation.errors import InvalidDataset

CHUNK = 250


@dataclass(frozen=True, slots=True)
class StoredCatalogue:
    """Holds the labelled products of a catalogue, and the embedded ones as a table and vectors [n, dims]."""

    space: Space
    dataset: Dataset
    table: LabelTable
    vectors: Vectors


def read_catalogue(catalogue: Catalogue, model: str | None) -> StoredCatalogue:
    """Reads everything that has a category, and of that what has an embedding of `model` (None: the promoted one).

    The class is the narrowest category, clusters are item groups unless `attributes.cluster` says otherwise,
    `attributes.fold` makes folds. Raises SpaceNotFound, InvalidDataset, Unavailable.
    """
    space = resolve_space(catalogue, model)
    items: list[LabelledItem] = []
    rows: dict[str, Vectors] = {}
    for item, vector in _read_labelled(catalogue, space):
        items.append(item)
        if vector is not None:
            rows[item.id] = vector
    embedded = [item for item in items if item.id in rows]
    if len({item.class_name for item in embedded}) < 2:
        raise InvalidDataset(f"the catalogue has too few products with a category and an embedding of {space.name}")
    inherited = {item.id: {key: item.labels[key] for key in INHERITED if key in item.labels} for item in embedded}
    dataset = Dataset(catalogue.names.products, tuple(items))
    return StoredCatalogue(
        space, dataset, LabelTable(embedded, inherited), np.stack([rows[item.id] for item in embedded])
    )


def _read_labelled(catalogue: Catalogue, space: Space) -> Iterator[tuple[LabelledItem, Vectors | None]]:
    ids = catalogue.products.read_ids()
    while chunk := list(islice(ids, CHUNK)):
        photos = catalogue.connection.read_products(chunk, ("embedding.*.image_sha256",))
        for product_id, (stored, vectors) in catalogue.products.read_vectors(chunk, [space]).items():
            if stored.source.get("category"):
                states = photos[product_id].source.get("embedding", {}) if product_id in photos else {}
                yield _make_item(product_id, stored.source, _join_hashes(states)), vectors.get(space.name)


def _join_hashes(states: Mapping[str, Any]) -> str:
    """Returns the hash of the embedded photo, whichever model did it; several where models saw different photos."""
    return " ".join(sorted({str(state["image_sha256"]) for state in states.values() if state.get("image_sha256")}))


def _make_item(product_id: str, source: Mapping[str, Any], sha256: str) -> LabelledItem:
    attributes = source.get("attributes", {})
    group = source.get("item_group_id")
    category: Sequence[str] = source["category"]
    return LabelledItem(
        id=product_id,
        category=tuple([category] if isinstance(category, str) else category),
        cluster=str(attributes.get(CLUSTER) or group or product_id),
        sha256=sha256,
        group=group,
        labels=select_labels(source) | {key: str(source[key]) for key in INHERITED if source.get(key)},
        fold=attributes.get(FOLD),
    )
