"""A catalogue that is in the index already, as a table to measure on: what is in it, with which vectors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from catalog.domain.space import Space
from catalog.elastic import Catalogue
from catalog.similar import resolve_space
from catalog.similar.implied_filters import INHERITED
from catalog.similarity import Vectors
from evaluation.data.dataset import Dataset, Item
from evaluation.data.label_table import CLUSTER, FOLD, Table
from evaluation.data.photo_sets import labels_of
from evaluation.errors import InvalidDataset
from evaluation.runs import Options, score_table
from evaluation.scores import Scores

CHUNK = 250


@dataclass(frozen=True, slots=True)
class Stored:
    """The labelled products of a catalogue, and those of them that are embedded, as a table and vectors [n, dims]."""

    space: Space
    dataset: Dataset
    table: Table
    vectors: Vectors


def read(catalogue: Catalogue, model: str | None) -> Stored:
    """Everything that has a category, and of that what has an embedding of `model` (None: the promoted one).

    The class is the narrowest category, clusters are item groups unless `attributes.cluster` says otherwise,
    `attributes.fold` makes folds. Raises SpaceNotFound, InvalidDataset, Unavailable.
    """
    space = resolve_space(catalogue, model)
    items: list[Item] = []
    rows: dict[str, Vectors] = {}
    for item, vector in _labelled(catalogue, space):
        items.append(item)
        if vector is not None:
            rows[item.id] = vector
    embedded = [item for item in items if item.id in rows]
    if len({item.class_name for item in embedded}) < 2:
        raise InvalidDataset(f"the catalogue has too few products with a category and an embedding of {space.name}")
    inherited = {item.id: {key: item.labels[key] for key in INHERITED if key in item.labels} for item in embedded}
    dataset = Dataset(catalogue.names.products, tuple(items))
    return Stored(space, dataset, Table(embedded, inherited), np.stack([rows[item.id] for item in embedded]))


def score_stored(catalogue: Catalogue, model: str | None, options: Options) -> Scores:
    """Scores of a model on a catalogue of the index; raises what `read` raises.

    `data` is the fingerprint of all that is labelled, embedded or not: two models are measured on the same catalogue
    though one of them has no vector of a few products.
    """
    stored = read(catalogue, model)
    scores = score_table(catalogue, stored.space, stored.table, stored.vectors, options)
    count = len(stored.dataset.items)
    about = {"name": stored.dataset.name, "items": count, "without_embedding": count - len(stored.table.items)}
    return replace(scores, data=stored.dataset.fingerprint, facts={**scores.facts, "dataset": about})


def _labelled(catalogue: Catalogue, space: Space) -> Iterator[tuple[Item, Vectors | None]]:
    ids = catalogue.ids()
    while chunk := list(islice(ids, CHUNK)):
        photos = catalogue.read_many(chunk, ("embedding.*.image_sha256",))
        for product_id, (stored, vectors) in catalogue.get_vectors(chunk, [space]).items():
            if stored.source.get("category"):
                states = photos[product_id].source.get("embedding", {}) if product_id in photos else {}
                yield _item(product_id, stored.source, _sha256(states)), vectors.get(space.name)


def _sha256(states: Mapping[str, Any]) -> str:
    """Of the photo that was embedded, whichever model did it; both hashes where models saw other photos."""
    return " ".join(sorted({str(state["image_sha256"]) for state in states.values() if state.get("image_sha256")}))


def _item(product_id: str, source: Mapping[str, Any], sha256: str) -> Item:
    attributes = source.get("attributes", {})
    group = source.get("item_group_id")
    category: Sequence[str] = source["category"]
    return Item(
        id=product_id,
        category=tuple([category] if isinstance(category, str) else category),
        cluster=str(attributes.get(CLUSTER) or group or product_id),
        sha256=sha256,
        group=group,
        labels=labels_of(source) | {key: str(source[key]) for key in INHERITED if source.get(key)},
        fold=attributes.get(FOLD),
    )
