"""Warns about filters: values that no product has, filters that exclude each other, an index of an older kind."""

from collections.abc import Iterator, Mapping, Sequence

from catalog import index_mapping
from catalog.domain.filter_fields import TERM_FIELDS, WORD_KEYS
from catalog.domain.filters import Filters, PriceRange
from catalog.domain.synonyms import nearest
from catalog.domain.warnings import AnswerWarning
from catalog.ports import SearchIndex

MAX_CHECKED = 50  # values of one question that are looked up
MAX_SUGGESTED = 5  # unknown values of one question that a nearest one is looked for
NO_FILTERS = Filters()
ID_KEYS = TERM_FIELDS.keys() - WORD_KEYS
SHOWN = 10  # values that a warning lists


def warn_of_old_index(index: SearchIndex) -> tuple[AnswerWarning, ...]:
    """Returns a warning while the index was made by an older version, whose filters are less exact."""
    version = index.spaces.get_mapping_version()
    if version >= index_mapping.EXACT_FILTERS:
        return ()
    message = (
        "the catalogue's index is of an older kind: size and price are filtered one by one, prices in all currencies "
        "alike, and words only in the case they are written in"
    )
    detail = {"hint": "run `python -m catalog reindex`", "version": version, "current": index_mapping.VERSION}
    return (AnswerWarning("old_index", message, detail),)


def warn_of_few_hits(
    index: SearchIndex, filters: Filters, found: int, limit: int, relaxed: bool = False
) -> tuple[AnswerWarning, ...]:
    """Returns warnings that may explain why less was `found` than the `limit`; a full page asks nothing of the
    index."""
    if filters == NO_FILTERS or (found >= limit and not relaxed):
        return ()
    proven = bool(found) and not relaxed  # what passed all filters has the only value of a key
    asked = {key: values for key, values in _list_words(filters) if not (proven and len(values) == 1)}
    few = dict(_take_first(asked))
    unknown = index.filter_values.find_unknown(few) if few else {}
    named = [(key, word) for key, words in unknown.items() for word in words]
    warnings = [_warn_of_unknown(index, key, word) for key, word in named[:MAX_SUGGESTED]]
    return (*warnings, *_find_contradictions(filters))


def _list_words(filters: Filters) -> Iterator[tuple[str, Sequence[str]]]:
    for key in TERM_FIELDS:
        if values := getattr(filters, key):
            yield key, values
    for name, values in filters.attributes.items():
        if values:
            yield f"attributes.{name}", values


def _take_first(asked: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Sequence[str]]]:
    left = MAX_CHECKED
    for key, values in asked.items():
        if left > 0:
            yield key, values[:left]
        left -= len(values)


def _warn_of_unknown(index: SearchIndex, key: str, word: str) -> AnswerWarning:
    known = (
        [] if key in ID_KEYS else index.filter_values.get(key)
    )  # as many ids as products, and none is near another
    guess = nearest(word, known)
    hint = f"; the nearest one there is: '{guess}'" if guess else ""
    detail = {"key": key, "value": word, "nearest": guess, "values": list(known[:SHOWN])}
    return AnswerWarning("unknown_filter_value", f"{_describe_missing(key, word, known)}{hint}", detail)


def _describe_missing(key: str, word: str, known: Sequence[str]) -> str:
    if key == "size":  # only sizes in stock are indexed: this one may be sold out
        return f"no product has the size '{word}' in stock"
    name = key.removeprefix("attributes.")
    if name == key:
        return f"no product has the {key} '{word}'"
    return f"no product has the attribute '{name}' " + (f"with the value '{word}'" if known else "at all")


def warn_of_prices(price: PriceRange | None) -> tuple[AnswerWarning, ...]:
    """Returns a warning where a price band and the bounds that were asked for have no price in common."""
    if price is None or price.gte is None or price.lte is None or price.gte <= price.lte:
        return ()
    message = "price_min and price_max leave no price of the price_band"
    return (AnswerWarning("contradictory_filters", message, {"keys": ["price", "price_band"]}),)


def _find_contradictions(filters: Filters) -> Iterator[AnswerWarning]:
    if filters.size and filters.available is False:
        message = "a size that is asked for has to be in stock, so with available=false nothing passes"
        yield AnswerWarning("contradictory_filters", message, {"keys": ["size", "available"]})
