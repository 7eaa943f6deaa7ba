"""Matches stored products in memory: the same as `catalog.search.filter_clauses` say to Elasticsearch."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from catalog.domain.filter_fields import FLAG_FIELDS, TERM_FIELDS, WORD_KEYS
from catalog.domain.filters import Filters, PriceRange, values_of
from catalog.domain.offers import Offer, attribute_text, list_names, offers_of, select_in_stock, select_priced
from catalog.domain.synonyms import fold, same_meaning


class FoldedProduct:
    """Holds a stored product for filters: its words are folded once, however many filters look."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        self.source = source
        self._words: dict[str, frozenset[str]] = {}

    def words(self, key: str) -> frozenset[str]:
        """Returns the words that a filter key looks at, as they are compared."""
        found = self._words.get(key)
        if found is None:
            texts = map(attribute_text, values_of(self.source, key))
            found = self._words[key] = frozenset(texts if _is_literal(key) else map(fold, texts))
        return found

    @cached_property
    def names(self) -> frozenset[str]:
        """Id and SKUs of the product."""
        return list_names(self.source)

    @cached_property
    def offers(self) -> list[Offer]:
        """Offers of the product."""
        return offers_of(self.source)


class Matcher:
    """Prepares a filter once, to be matched against many products."""

    def __init__(self, filters: Filters) -> None:
        asked = {key: getattr(filters, key) for key in TERM_FIELDS if key != "size"}
        asked |= {f"attributes.{name}": words for name, words in filters.attributes.items()}
        self._accepted = tuple((key, _accept(key, words)) for key, words in asked.items() if words)
        flags = {field: getattr(filters, key) for key, field in FLAG_FIELDS.items()}
        self._flags = {field: flag for field, flag in flags.items() if flag is not None}
        self._sizes = frozenset(map(fold, filters.size))
        self._price = filters.price

    def matches(self, product: FoldedProduct) -> bool:
        """Says whether the product passes."""
        for key, accepted in self._accepted:
            if accepted.isdisjoint(product.words(key)):
                return False
        if any(product.source.get(field) is not flag for field, flag in self._flags.items()):
            return False
        return not (self._sizes or self._price) or self._has_offer(product.offers)

    def _has_offer(self, offers: list[Offer]) -> bool:
        """Says whether one offer has both the size and the price; a size that is asked for has to be in stock."""
        sizes = self._sizes
        return any(
            (not sizes or (offer.size is not None and fold(offer.size) in sizes)) and _costs(offer.price, self._price)
            for offer in (select_in_stock(offers) if sizes else select_priced(offers))
        )


def passes(source: Mapping[str, Any], filters: Filters) -> bool:
    """Says whether a stored product passes the filters."""
    return Matcher(filters).matches(FoldedProduct(source))


def _is_literal(key: str) -> bool:
    """Says whether words of this key are compared letter by letter."""
    return key in TERM_FIELDS and key not in WORD_KEYS


def _accept(key: str, wanted: tuple[str, ...]) -> frozenset[str]:
    if _is_literal(key):
        return frozenset(wanted)
    return frozenset().union(*(same_meaning(key, word) for word in wanted))


def _costs(price: float | None, wanted: PriceRange | None) -> bool:
    if wanted is None:
        return True
    low, high = wanted.gte, wanted.lte
    return price is not None and (low is None or price >= low) and (high is None or price <= high)
