"""A catalogue that is in the index already, as a table to measure on: what is in it, with which vectors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from catalog.elastic import Catalogue
from catalog.similar import resolve_space
from catalog.similar.narrowing import INHERITED
from catalog.similarity import Vectors
from catalog.space import Space
from evaluation.dataset import Dataset, Item
from evaluation.errors import InvalidDataset
from evaluation.photo_sets import labels_of
from evaluation.runs import Options, score_table
from evaluation.scores import Scores
from evaluation.table import CLUSTER, FOLD, Table

CHUNK = 250


@dataclass(frozen=True, slots=True)
class Stored:
    """The labelled and embedded products of a catalogue, their vectors [n, dims] by row."""

    space: Space
    table: Table
    vectors: Vectors


def read(catalogue: Catalogue, model: str | None) -> Stored:
    """Everything that has a category and an embedding of `model` (None: the promoted one).

    The class is the narrowest category, clusters are item groups unless `attributes.cluster` says otherwise,
    `attributes.fold` makes folds. Raises SpaceNotFound, InvalidDataset, Unavailable.
    """
    space = resolve_space(catalogue, model)
    items: list[Item] = []
    rows: list[Vectors] = []
    inherited: dict[str, Mapping[str, str]] = {}
    for product_id, source, vector in _embedded(catalogue, space):
        items.append(_item(product_id, source))
        rows.append(vector)
        inherited[product_id] = {key: str(source[key]) for key in INHERITED if source.get(key)}
    if len({item.class_name for item in items}) < 2:
        raise InvalidDataset(f"the catalogue has too few products with a category and an embedding of {space.name}")
    return Stored(space, Table(items, inherited), np.stack(rows))


def score_stored(catalogue: Catalogue, model: str | None, options: Options) -> Scores:
    """Scores of a model on a catalogue of the index; raises what `read` raises."""
    stored = read(catalogue, model)
    dataset = Dataset(catalogue.names.products, stored.table.items)
    scores = score_table(catalogue, stored.space, stored.table, stored.vectors, options)
    about = {"dataset": {"name": dataset.name, "items": len(dataset.items)}}
    return replace(scores, data=dataset.fingerprint, facts={**scores.facts, **about})


def _embedded(catalogue: Catalogue, space: Space) -> Iterator[tuple[str, Mapping[str, Any], Vectors]]:
    ids = catalogue.ids()
    while chunk := list(islice(ids, CHUNK)):
        for product_id, (stored, vectors) in catalogue.get_vectors(chunk, [space]).items():
            if space.name in vectors and stored.source.get("category"):
                yield product_id, stored.source, vectors[space.name]


def _item(product_id: str, source: Mapping[str, Any]) -> Item:
    attributes = source.get("attributes", {})
    group = source.get("item_group_id")
    category: Sequence[str] = source["category"]
    return Item(
        id=product_id,
        category=tuple([category] if isinstance(category, str) else category),
        cluster=str(attributes.get(CLUSTER) or group or product_id),
        group=group,
        labels=labels_of(source),
        fold=attributes.get(FOLD),
    )
