"""Labelled set: photos, what is known of each, and which fold it is in."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evaluation.errors import InvalidDataset

COLOR, PATTERN = "color_family", "pattern"
ATTRIBUTES = (COLOR, PATTERN)


@dataclass(frozen=True, slots=True)
class LabelledItem:
    """Holds one product of a labelled set.

    `category` from broad to narrow, its last one is the class. `cluster` is what must not be torn apart between
    query and gallery and what a bootstrap draws; `group` names the garment or style where it is known.
    """

    id: str
    category: tuple[str, ...]
    cluster: str
    photo: Path | None = None
    sha256: str = ""
    group: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    fold: str | None = None

    @property
    def class_name(self) -> str:
        return self.category[-1]


@dataclass(frozen=True, slots=True)
class Dataset:
    """Holds items with unique ids; `notes` say how labels came about."""

    name: str
    items: tuple[LabelledItem, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len({item.id for item in self.items}) != len(self.items):
            raise InvalidDataset(f"{self.name}: two items have the same id")
        if len({item.class_name for item in self.items}) < 2:
            raise InvalidDataset(f"{self.name}: at least two classes are needed to measure anything")

    @property
    def fingerprint(self) -> str:
        """Hex digits that change with photos, labels, clusters and folds."""
        digest = hashlib.sha256()
        for one in sorted(self.items, key=lambda item: item.id):
            labels = sorted(one.labels.items())
            known = (one.id, one.category, one.cluster, one.sha256, one.group, labels, one.fold)
            digest.update(repr(known).encode())
        return digest.hexdigest()[:16]


def assign_folds(dataset: Dataset, count: int) -> Dataset:
    """Returns the items in `count` folds of about equal size that tear no cluster apart, the largest clusters first.

    Raises InvalidDataset where there are fewer clusters than folds.
    """
    sizes: dict[str, int] = {}
    for item in dataset.items:
        sizes[item.cluster] = sizes.get(item.cluster, 0) + 1
    if count < 2 or len(sizes) < count:
        raise InvalidDataset(f"{dataset.name}: {len(sizes)} clusters cannot make {count} folds; 2 folds is the least")
    filled = [0] * count
    fold_of: dict[str, str] = {}
    for cluster in sorted(sizes, key=lambda name: (-sizes[name], name)):
        fold = filled.index(min(filled))
        filled[fold] += sizes[cluster]
        fold_of[cluster] = str(fold)
    return replace(dataset, items=tuple(replace(item, fold=fold_of[item.cluster]) for item in dataset.items))


def merge_clusters(dataset: Dataset, pairs: Sequence[tuple[int, int]]) -> Dataset:
    """Returns the items with the clusters of every pair (of indices) made one (union-find), named by the least."""
    parent = {item.cluster: item.cluster for item in dataset.items}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for one, other in pairs:
        low, high = sorted((root(dataset.items[one].cluster), root(dataset.items[other].cluster)))
        parent[high] = low
    return replace(dataset, items=tuple(replace(item, cluster=root(item.cluster)) for item in dataset.items))
