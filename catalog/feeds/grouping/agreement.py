"""Decides which rows of a group are sizes of one product: those that agree in what else a shopper sees of it."""

import re
from collections.abc import Callable, Sequence
from functools import partial

from catalog.domain.product import Product
from catalog.domain.synonyms import same_meaning
from catalog.feeds.events import FeedProduct

# By what the rows of a group may differ, beside the size: https://support.google.com/merchants/answer/6324507
# Prices in another currency are another product's, as currencies never compare.
AGREED = ("color", "pattern", "material", "gender", "age_group", "currency")
_NO_WORD = re.compile(r"[\W_]+")

Rows = Sequence[FeedProduct]


def split_by_agreement(group: Rows) -> list[Rows]:
    """Returns the rows of each product of a group, products and rows in the order of the feed.

    A row that lacks a value goes with its siblings where these have only one; where they have several, nobody knows
    to which it belongs, so those without it are a product of their own. Rows of which none has a size are one product
    only where they have one title.
    """
    parts: list[Rows] = [group]
    for field in AGREED:
        parts = [part for whole in parts for part in _split(whole, partial(_read_word, field))]
    return [part for whole in parts for part in ([whole] if _has_sizes(whole) else _split(whole, _read_title))]


def _split(rows: Rows, read: Callable[[FeedProduct], str]) -> list[Rows]:
    by_word: dict[str, list[FeedProduct]] = {}
    for row in rows:
        by_word.setdefault(read(row), []).append(row)
    return [rows] if len(by_word.keys() - {""}) < 2 else list(by_word.values())


def _read_word(field: str, row: FeedProduct) -> str:
    """Returns a value as it is compared, whatever its case, gaps and punctuation; empty where the row has none."""
    value = " ".join((getattr(row.product, field) or "").split())
    if not value:
        return ""
    word = min(same_meaning(field, value))
    return _NO_WORD.sub(" ", word).strip() or word


def _read_title(row: FeedProduct) -> str:
    return " ".join(row.product.title.casefold().split())


def _has_sizes(rows: Rows) -> bool:
    return any(read_size(row.product) for row in rows)


def read_size(product: Product) -> str | None:
    """Returns the size of a row that is one size of something."""
    return product.variants[0].size if product.variants else None
