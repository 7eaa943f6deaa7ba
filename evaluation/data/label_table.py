"""Holds the labels of a catalogue as columns: what a query may find, and what of it is relevant."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.domain.filters import Filters
from catalog.domain.product import Product
from catalog.domain.synonyms import fold, same_meaning
from catalog.search.search_types import Page
from catalog.similar import SimilarRequest
from catalog.similar.implied_filters import INHERITED, find_suitable
from evaluation.data.dataset import ATTRIBUTES, LabelledItem

Mask = NDArray[np.bool_]
FOLD, CLUSTER = "fold", "cluster"
OVERALL, WITHIN, GROUP = "overall", "within", "group"
MISSING = -1


@dataclass(frozen=True, slots=True)
class EvaluationQuery:
    """Holds the request of query number `query`; `scope` is what may be found.

    OVERALL: the other folds (without folds: what is not of its own group). WITHIN: of those, its own class and what
    lies in it (`shirts > polo` in `shirts`), as the filter finds it. GROUP: all of that but itself, the other pieces
    of its group included.
    """

    query: int
    scope: str
    request: SimilarRequest


class LabelTable:
    """Holds items in rows; `inherited` are values that a product passes on to its filters (gender, age group)."""

    def __init__(
        self, items: Sequence[LabelledItem], inherited: Mapping[str, Mapping[str, str]] | None = None
    ) -> None:
        self.items = tuple(items)
        self.row = {item.id: number for number, item in enumerate(self.items)}
        self.classes = np.array([item.class_name for item in self.items], dtype=np.str_)
        self.folds = tuple(sorted({item.fold for item in self.items if item.fold is not None}))
        known = inherited or {}
        self._fold = _encode([item.fold for item in self.items])
        self._class = _encode([item.class_name for item in self.items])
        self._group = _encode([item.group or item.id for item in self.items])
        self._filters = [
            _make_filter(key, [known.get(item.id, {}).get(key) for item in self.items]) for key in INHERITED
        ]
        self._labels = {key: _encode([item.labels.get(key) for item in self.items]) for key in ATTRIBUTES}
        self._levels, level = _encode_levels(self.items)
        self._class_level = [level[item.class_name] for item in self.items]

    def make_query(self, query: int, scope: str, limit: int, model: str) -> EvaluationQuery:
        """Returns the query as production asks it: by product id, narrowed by ordinary filters."""
        item = self.items[query]
        category = (item.class_name,) if scope != OVERALL else ()
        others = tuple(fold for fold in self.folds if fold != item.fold)
        attributes: dict[str, Any] = {FOLD: others} if others and scope != GROUP else {}
        request = SimilarRequest(
            product_id=item.id,
            filters=Filters(category=category, attributes=attributes),
            page=Page(limit, fields=("id",)),
            model=model,
            exclude_source=scope != GROUP,
            exclude_ids=(item.id,) if scope == GROUP else (),
        )
        return EvaluationQuery(query, scope, request)

    def select_candidates(self, query: int, scope: str) -> Mask:
        """Returns which items [n] such a query may find."""
        mask = np.ones(len(self.items), dtype=np.bool_)
        for suited in self._filters:
            if (rows := suited(query)) is not None:
                mask &= rows
        if scope != OVERALL:
            mask &= self._levels[:, self._class_level[query]] > 0
        if scope != GROUP:
            mask &= self._group != self._group[query]
            if self.folds:
                mask &= self._fold != self._fold[query]
        mask[query] = False
        return mask

    def same_class(self, query: int) -> Mask:
        return np.asarray(self._class == self._class[query])

    def same_group(self, query: int) -> Mask:
        return np.asarray(self._group == self._group[query])

    def same_label(self, query: int, key: str) -> Mask | None:
        """Returns which items carry the query's value of `key`; None where it has none."""
        column = self._labels[key]
        return None if column[query] == MISSING else np.asarray(column == column[query])

    def shared_levels(self, query: int) -> NDArray[np.float64]:
        """Returns per item [n] the share of the query's category names, broad to narrow, that it has too."""
        own = self._levels[query]
        return np.asarray(self._levels @ own / own.sum(), dtype=np.float64)


def _make_filter(key: str, words: Sequence[str | None]) -> Callable[[int], Mask | None]:
    """Returns a filter: which items [n] pass the value that a query passes on to `key`; None where all do."""
    column = np.array([fold(word or "") for word in words], dtype=np.str_)

    @cache
    def rows(word: str) -> Mask | None:
        values = find_suitable(key, {key: word})
        matching = [other for value in values for other in same_meaning(key, value)]
        return np.isin(column, matching) if values else None

    return lambda query: rows(words[query] or "")


def _encode(values: Sequence[str | None]) -> NDArray[np.int64]:
    numbers: dict[str, int] = {}
    return np.array(
        [MISSING if value is None else numbers.setdefault(value, len(numbers)) for value in values], dtype=np.int64
    )


def _encode_levels(items: Sequence[LabelledItem]) -> tuple[NDArray[np.float64], dict[str, int]]:
    """Returns 1 where an item [n] is in a category [names], of whatever level; and the column of each name."""
    names = sorted({name for item in items for name in item.category})
    position = {name: number for number, name in enumerate(names)}
    found = np.zeros((len(items), len(names)))
    for number, item in enumerate(items):
        found[number, [position[name] for name in item.category]] = 1
    return found, position


def make_product(item: LabelledItem) -> Product:
    """Returns the item as a product of an evaluation catalogue.

    Gender and age group stay away on purpose: production narrows by them, and labels shall not help a model here.
    """
    return Product(
        id=item.id,
        title=f"{item.class_name} {item.id}"[:1000],
        category=list(item.category),
        color_family=item.labels.get("color_family"),
        pattern=item.labels.get("pattern"),
        item_group_id=item.group,
        image_url=item.photo.absolute().as_uri() if item.photo else None,
        attributes={CLUSTER: item.cluster, **({FOLD: item.fold} if item.fold is not None else {})},
    )
