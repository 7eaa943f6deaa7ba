"""Builds Elasticsearch clauses of filters, one per key; `catalog.domain.matching` filters alike in Python."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.domain import filter_fields
from catalog.domain.filter_fields import FLAG_FIELDS, FOLDED, PRICE, TERM_FIELDS, WORD_KEYS
from catalog.domain.filters import Filters, PriceRange
from catalog.domain.offers import LEAST, MOST, sized_bound, sized_price
from catalog.domain.synonyms import fold, same_meaning
from catalog.index_mapping import EXACT_FILTERS, VERSION

ATTRIBUTES = "attributes."
JOINED = "size+price"  # the clause that binds two filters: it goes where either of them goes


def build_filter_clauses(filters: Filters, version: int = VERSION) -> dict[str, dict[str, Any]]:
    """Returns an Elasticsearch clause per filter key that is set; all of them must match.

    `version` is that of the index's mapping; of an older one size and price are filtered one by one, words by case.
    """
    found = {
        key: build_terms_clause(key, values, version) for key in TERM_FIELDS if (values := getattr(filters, key))
    }
    for key, field in FLAG_FIELDS.items():
        if (flag := getattr(filters, key)) is not None:
            found[key] = {"term": {field: flag}}
    if filters.price is not None:
        found["price"] = _build_price_clause(filters.price, get_price_field(version))
        if filters.size and version >= EXACT_FILTERS:
            found[JOINED] = _build_offer_clause(filters.size, filters.price)
    for name, values in filters.attributes.items():
        if values:
            found[ATTRIBUTES + name] = build_terms_clause(ATTRIBUTES + name, values, version)
    return found


def build_terms_clause(key: str, values: Sequence[str], version: int = VERSION) -> dict[str, Any]:
    """Returns the clause of one filter on words: any of `values` matches."""
    name = key.removeprefix(ATTRIBUTES) if key.startswith(ATTRIBUTES) else None
    if version < EXACT_FILTERS:
        return {"terms": {TERM_FIELDS[key] if name is None else key: list(values)}}
    if name is not None:
        return {"terms": {f"{filter_fields.ATTRIBUTES.index_field}.{name}": list(dict.fromkeys(map(fold, values)))}}
    if key not in WORD_KEYS:
        return {"terms": {TERM_FIELDS[key]: list(values)}}
    words = dict.fromkeys(word for value in values for word in sorted(same_meaning(key, value)))
    return {"terms": {f"{TERM_FIELDS[key]}.{FOLDED}": list(words)}}


def drop_key(clauses: Mapping[str, Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
    """Returns all clauses but those of a filter key."""
    return [clause for name, clause in clauses.items() if key not in find_clause_keys(name)]


def find_clause_keys(name: str) -> frozenset[str]:
    """Returns the filter keys that the clause of this name restricts."""
    return frozenset(name.split("+") if name == JOINED else [name])


def get_price_field(version: int) -> str:
    """Returns the field of all prices that something can be bought at; an older index has the lowest one."""
    return PRICE.index_field if version >= EXACT_FILTERS or PRICE.sort is None else PRICE.sort


def _build_price_clause(price: PriceRange, field: str) -> dict[str, Any]:
    bounds = price.model_dump(exclude_none=True)
    return {"range": {field: bounds}} if bounds else {"exists": {"field": field}}


def _build_offer_clause(sizes: Sequence[str], price: PriceRange) -> dict[str, Any]:
    """Returns a clause: where a product's prices differ, one of the sizes has to have one of the prices itself."""
    ranges = [{"range": {"sized_prices": _build_bounds(size, price)}} for size in dict.fromkeys(map(fold, sizes))]
    other = {"bool": {"filter": [{"exists": {"field": "sized_prices"}}], "must_not": ranges}}
    return {"bool": {"must_not": [other]}}


def _build_bounds(size: str, price: PriceRange) -> dict[str, str]:
    low, high = price.gte, price.lte
    return {
        "gte": sized_bound(size, LEAST) if low is None else sized_price(size, low),
        "lte": sized_bound(size, MOST) if high is None else sized_price(size, high),
    }


def combine_clauses(
    required: Iterable[Mapping[str, Any]], must_not: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Returns a query that matches where all of `required` and none of `must_not` do, without scores."""
    body = {"filter": list(required), "must_not": list(must_not)}
    return {"bool": {key: value for key, value in body.items() if value}}
