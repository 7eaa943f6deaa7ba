"""Finds the few ids that one index has and another lacks: ranges of ids are counted, those that differ are read."""

from collections.abc import Iterator, Sequence
from typing import Any

from catalog.elastic.completeness import require_all_shards
from catalog.elastic.connection import IndexConnection
from catalog.elastic.pages import scan

FAN_OUT = 32  # parts of a range that are counted next
AT_ONCE = 128  # ranges counted by one search
Span = tuple[int, int]  # numbers of two fences: from the first, up to the second


def missing_ids(connection: IndexConnection, ours: str, theirs: str, fences: Sequence[str]) -> Iterator[str]:
    """Ids that the index `ours` has and `theirs` lacks, where `ours` has all of `theirs`; both are refreshed first.

    `fences` are ascending ids, some hundred products apart; without any, all ids are read where the counts differ.
    """
    for index in (ours, theirs):
        connection.client.indices.refresh(index=index)
    edges: list[str | None] = [None, *fences, None]
    spans: list[Span] = [(0, len(edges) - 1)]
    while spans:
        counted = zip(
            spans, _counts(connection, ours, edges, spans), _counts(connection, theirs, edges, spans), strict=True
        )
        different = [span for span, mine, other in counted if mine != other]
        spans = [part for span in different if span[1] - span[0] > 1 for part in _parts(span)]
        for span in different:
            if span[1] - span[0] == 1:
                yield from _missing(_ids(connection, ours, edges, span), _ids(connection, theirs, edges, span))


def _parts(span: Span) -> list[Span]:
    start, end = span
    step = -(-(end - start) // FAN_OUT)
    return [(at, min(at + step, end)) for at in range(start, end, step)]


def _counts(connection: IndexConnection, index: str, edges: Sequence[str | None], spans: Sequence[Span]) -> list[int]:
    found: list[int] = []
    for start in range(0, len(spans), AT_ONCE):
        queries = [_within(edges, span) for span in spans[start : start + AT_ONCE]]
        aggs = {"spans": {"filters": {"filters": queries}}}
        answer: Any = require_all_shards(
            connection.client.search(index=index, size=0, aggs=aggs, track_total_hits=False)
        )
        found += [int(bucket["doc_count"]) for bucket in answer["aggregations"]["spans"]["buckets"]]
    return found


def _within(edges: Sequence[str | None], span: Span) -> dict[str, Any]:
    bounds = {"gte": edges[span[0]], "lt": edges[span[1]]}
    given = {name: value for name, value in bounds.items() if value is not None}
    return {"range": {"id": given}} if given else {"match_all": {}}


def _ids(connection: IndexConnection, index: str, edges: Sequence[str | None], span: Span) -> Iterator[str]:
    for hit in scan(connection, _within(edges, span), source=False, index=index):
        yield str(hit["_id"])


def _missing(ours: Iterator[str], theirs: Iterator[str]) -> Iterator[str]:
    """Those of `ours` that are not in `theirs`; both ascending."""
    other = next(theirs, None)
    for mine in ours:
        while other is not None and other < mine:
            other = next(theirs, None)
        if other != mine:
            yield mine
