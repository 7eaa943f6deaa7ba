"""Values of filters that the catalogue has: which currencies there are, which value somebody may have meant."""

from collections.abc import Mapping, Sequence
from functools import partial

from catalog.domain.filter_fields import TERM_FIELDS
from catalog.elastic.connection import IndexConnection
from catalog.elastic.stores.spaces import SpaceStore
from catalog.elastic.ttl_cache import TtlCache
from catalog.search import filter_clauses

MAX_VALUES = 1000  # values of a key that are known by name, most frequent first; more than any shop's menu
MAX_KEYS = 200  # attribute names are free text, so somebody could ask for ever new ones
PREFERENCE = "words"  # the same copies of the shards for everybody


class FilterValueStore:
    """Looks up which values of a filter products have."""

    def __init__(self, connection: IndexConnection, spaces: SpaceStore) -> None:
        self._connection = connection
        self._spaces = spaces
        self._values: dict[str, TtlCache[Sequence[str]]] = {}

    def get(self, key: str) -> Sequence[str]:
        """Returns the values of a filter key (or `attributes.<name>`), most frequent first, as they are spelled."""
        if key not in self._values:
            if len(self._values) >= MAX_KEYS:
                self._values.clear()
            self._values[key] = TtlCache(partial(self._read, key))
        return self._values[key].get()

    def find_unknown(self, asked: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Returns those values, per filter key, that no product has."""
        version = self._spaces.get_mapping_version()
        named = [(key, value) for key, values in asked.items() for value in values]
        queries = {
            str(number): filter_clauses.build_terms_clause(key, [value], version)
            for number, (key, value) in enumerate(named)
        }
        aggs = {"known": {"filters": {"filters": queries}}}
        (answer,) = self._connection.msearch([{"size": 0, "track_total_hits": False, "aggs": aggs}], PREFERENCE)
        counts = answer["aggregations"]["known"]["buckets"]
        found: dict[str, list[str]] = {}
        for number, (key, value) in enumerate(named):
            if not counts[str(number)]["doc_count"]:
                found.setdefault(key, []).append(value)
        return found

    def _read(self, key: str) -> Sequence[str]:
        aggs = {"words": {"terms": {"field": TERM_FIELDS.get(key, key), "size": MAX_VALUES}}}
        (answer,) = self._connection.msearch([{"size": 0, "track_total_hits": False, "aggs": aggs}], PREFERENCE)
        return [str(bucket["key"]) for bucket in answer["aggregations"]["words"]["buckets"]]
