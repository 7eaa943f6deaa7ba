"""The words of filters that the catalogue has: which currencies there are, which value somebody may have meant."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from catalog.domain.filter_fields import TERM_FIELDS
from catalog.elastic.base import Store
from catalog.elastic.ttl_cache import Remembered
from catalog.search import filter_clauses

MAX_WORDS = 1000  # values of a key that are known by name, most frequent first; more than any shop's menu
KEYS_KEPT = 200  # attribute names are free text, so somebody could ask for ever new ones
ALWAYS = "words"  # `preference`: the same copies for everybody


class WordStore(Store):
    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._words: dict[str, Remembered[Sequence[str]]] = {}

    def words(self, key: str) -> Sequence[str]:
        """The values of a filter key (or `attributes.<name>`), most frequent first, as they are spelled."""
        if key not in self._words:
            if len(self._words) >= KEYS_KEPT:
                self._words.clear()
            self._words[key] = Remembered(partial(self._read_words, key))
        return self._words[key].get()

    def _read_words(self, key: str) -> Sequence[str]:
        aggs = {"words": {"terms": {"field": TERM_FIELDS.get(key, key), "size": MAX_WORDS}}}
        (answer,) = self.msearch([{"size": 0, "track_total_hits": False, "aggs": aggs}], ALWAYS)
        return [str(bucket["key"]) for bucket in answer["aggregations"]["words"]["buckets"]]

    def unknown_words(self, asked: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """Those values, per filter key, that no product has."""
        version = self.mapping_version()
        named = [(key, word) for key, words in asked.items() for word in words]
        queries = {
            str(number): filter_clauses.build_terms_clause(key, [word], version)
            for number, (key, word) in enumerate(named)
        }
        aggs = {"known": {"filters": {"filters": queries}}}
        (answer,) = self.msearch([{"size": 0, "track_total_hits": False, "aggs": aggs}], ALWAYS)
        counts = answer["aggregations"]["known"]["buckets"]
        found: dict[str, list[str]] = {}
        for number, (key, word) in enumerate(named):
            if not counts[str(number)]["doc_count"]:
                found.setdefault(key, []).append(word)
        return found
