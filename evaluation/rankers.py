"""Ranks products for queries: by the catalogue's own code, the running service, or plain numpy to check both."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
import urllib3

from catalog.errors import Unavailable
from catalog.ports import SearchIndex
from catalog.similar import SimilarRequest, similar_to
from catalog.similarity import Vectors, normalize
from evaluation.data.label_table import EvaluationQuery, LabelTable
from evaluation.errors import Disagreement

HTTP_TIMEOUT = 30.0
AT_A_TIME = 500  # rankings that may wait for their reader


@dataclass(frozen=True, slots=True)
class Ranking:
    """Holds ids, best first, and which plan found them."""

    ids: tuple[str, ...]
    strategy: str


class Ranker(Protocol):
    """Answers queries; may be asked by several threads at once."""

    def rank(self, question: EvaluationQuery) -> Ranking: ...


class IndexRanker:
    """Runs the code that answers in production, on the real index, without HTTP."""

    def __init__(self, index: SearchIndex, exact: bool | None = None) -> None:
        self._index, self._exact = index, exact

    def rank(self, question: EvaluationQuery) -> Ranking:
        request = question.request if self._exact is None else replace(question.request, exact=self._exact)
        answer = similar_to(self._index, request)
        return Ranking(tuple(hit.id for hit in answer.hits), answer.plan.strategy)


class HttpRanker:
    """Asks `POST /v1/search` of a running service; raises Unavailable or, for a refusal, Disagreement."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/v1/search"
        self._pool = urllib3.PoolManager(maxsize=16, timeout=HTTP_TIMEOUT, retries=2)

    def rank(self, question: EvaluationQuery) -> Ranking:
        try:
            answer = self._pool.request("POST", self._url, json=build_request_body(question.request))
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"{self._url} does not answer: {error}; is it running? (`make api`)") from error
        if answer.status != 200:
            raise Disagreement(f"{self._url} answered {answer.status}: {answer.data.decode(errors='replace')[:300]}")
        found = json.loads(answer.data)
        return Ranking(tuple(hit["id"] for hit in found["hits"]), found["plan"]["strategy"])


def build_request_body(request: SimilarRequest) -> dict[str, Any]:
    """Returns the JSON of the same question."""
    narrowed = request.filters.model_dump(mode="json", exclude_defaults=True)
    return {
        "query": {"product_id": request.product_id},
        "filter": narrowed,
        "limit": request.page.limit,
        "model": request.model,
        "fields": list(request.page.fields or ()),
        "exclude_source": request.exclude_source,
        "exclude_ids": list(request.exclude_ids),
        "score_threshold": "none",  # whole rankings are compared
    }


class NumpyRanker:
    """Ranks all candidates of a query by cosine, ties by id: the reference, and the only one that sees every rank."""

    def __init__(self, table: LabelTable, vectors: Vectors) -> None:
        self._table, self._vectors = table, normalize(vectors)
        self._ids = np.array([item.id for item in table.items], dtype=np.str_)
        self._by_id = np.argsort(np.argsort(self._ids))

    def rank(self, question: EvaluationQuery) -> Ranking:
        rows = self.rank_rows(question.query, question.scope)[: question.request.page.limit]
        return Ranking(tuple(str(name) for name in self._ids[rows]), "numpy")

    def rank_rows(self, query: int, scope: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Returns the row numbers of all candidates, best first."""
        rows = np.flatnonzero(self._table.select_candidates(query, scope))
        scores = (self._vectors @ self._vectors[query])[rows]  # cosines: all are unit vectors
        return np.asarray(rows[np.lexsort((self._by_id[rows], -scores))])


def rank_all(
    ranker: Ranker, questions: Iterable[EvaluationQuery], threads: int
) -> Iterator[tuple[EvaluationQuery, Ranking]]:
    """Yields every query with its ranking, in order, `threads` at a time."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ask")
    try:
        rest = iter(questions)
        while chunk := list(islice(rest, AT_A_TIME)):
            yield from zip(chunk, pool.map(ranker.rank, chunk), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupted run does not wait for rankings that nobody will read
