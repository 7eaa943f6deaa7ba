"""Remembers for seconds how many products pass a filter: the planner asks before every search."""

import time
from dataclasses import replace

import orjson

from catalog.elastic.connection import IndexConnection
from catalog.search import candidate_clauses
from catalog.search.search_types import SimilarQuery

FRESH = 30.0  # seconds
MOST = 2000  # counts that are kept


class CandidateCounts:
    """Counts the products that a similar query would have to compare with."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._counts: dict[bytes, tuple[float, int]] = {}

    def count(self, query: SimilarQuery) -> int:
        """Returns the number of products that pass the filters and have every vector; at most FRESH seconds old.

        What is left out by id or group is counted all the same, or every source would have to be counted anew.
        """
        named = replace(query.exclusions, source_ids=(), source_groups=(), ids=(), names=(), groups=())
        body = candidate_clauses.match_candidates(replace(query, exclusions=named))
        key = orjson.dumps(body)
        known, now = self._counts.get(key), time.monotonic()
        if known and now - known[0] < FRESH:
            return known[1]
        number = self._connection.count_products(body)
        if len(self._counts) >= MOST:
            self._counts.clear()
        self._counts[key] = (now, number)
        return number
