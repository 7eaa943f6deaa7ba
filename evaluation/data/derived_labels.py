"""Derives labels that nobody gave from the photo: its colour, and which photos probably show one garment.

They are made from the centre of the photo by `features.LookExtractor` and from HOG, so they favour models that see
colours and outlines. Figures of derived labels stand beside those of given ones, and a drawn shop, whose truth is
known, decides.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalog.domain.colors.families import NAMES
from catalog.similarity import Vectors
from evaluation.data.dataset import COLOR, Dataset, LabelledItem
from evaluation.data.features import select_family_shares, select_histograms

MIN_SHARE = 0.5  # of the centre that one colour family has to fill
MIN_OVERLAP = 0.6  # of two Lab histograms, for one garment
MIN_SHAPE = 0.8  # cosine of their HOG vectors


def derive_colors(dataset: Dataset, look: Vectors) -> Dataset:
    """Adds the `color_family` that fills at least half of the centre, unless some item has the label already."""
    if any(COLOR in item.labels for item in dataset.items):
        return dataset
    shares = select_family_shares(look)
    items = tuple(_derive_color(item, row) for item, row in zip(dataset.items, shares, strict=True))
    known = sum(COLOR in item.labels for item in items)
    note = f"color_family derived from the centre of the photo for {known} of {len(items)} items"
    return replace(dataset, items=items, notes=(*dataset.notes, note))


def derive_garments(dataset: Dataset, look: Vectors, shape: Vectors) -> Dataset:
    """Adds `group` for pairs of photos of one cluster and class that are each other's most alike, in colour and
    shape.

    Probable same garment, where no item has a group already: two photos are joined when each is the other's nearest
    by the mean of both likenesses, their Lab histograms overlap by MIN_OVERLAP (histogram intersection, Swain and
    Ballard 1991) and the cosine of `shape` (HOG) is MIN_SHAPE. On the shared photos about half of a sample of 40
    pairs were one garment by eye. Chains do not form: a group has two photos.
    """
    if any(item.group for item in dataset.items):
        return dataset
    colours = select_histograms(look)
    pairs = [
        pair for rows in _group_rows(dataset.items) for pair in _pair_mutual_nearest(rows, colours[rows], shape[rows])
    ]
    items = list(dataset.items)
    for one, other in pairs:
        for row in (one, other):
            items[row] = replace(items[row], group=f"probably {items[one].id}")
    note = (
        f"group derived for {len(pairs)} pairs of photos of one sender and class that are alike in colour and HOG: "
        "probably one garment, which favours models that see just that"
    )
    return replace(dataset, items=tuple(items), notes=(*dataset.notes, note))


def _derive_color(item: LabelledItem, shares: Vectors) -> LabelledItem:
    best = int(np.nanargmax(shares)) if np.isfinite(shares).all() else 0
    if not shares[best] >= MIN_SHARE:
        return item
    return replace(item, labels={**item.labels, COLOR: NAMES[best]})


def _group_rows(items: Sequence[LabelledItem]) -> list[list[int]]:
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        rows[item.cluster, item.class_name].append(number)
    return [found for found in rows.values() if len(found) > 1]


def _pair_mutual_nearest(rows: Sequence[int], colours: Vectors, shape: Vectors) -> list[tuple[int, int]]:
    """Returns pairs of `rows` that are each other's nearest and near enough; `colours` and `shape` are theirs."""
    overlap = np.minimum(colours[:, None], colours[None]).sum(axis=2)
    angle = shape @ shape.T
    likeness = np.nan_to_num((overlap + angle) / 2, nan=-1)
    np.fill_diagonal(likeness, -1)
    nearest = likeness.argmax(axis=1)
    return [
        (rows[a], rows[int(b)])
        for a, b in enumerate(nearest)
        if a < b and nearest[b] == a and overlap[a, b] >= MIN_OVERLAP and angle[a, b] >= MIN_SHAPE
    ]
