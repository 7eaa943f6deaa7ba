"""Who answers questions: the catalogue's own code, the running service over HTTP, or plain numpy to check both."""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
import urllib3

from catalog.errors import Unavailable
from catalog.ports import SearchPort
from catalog.similar import SimilarRequest, similar_to
from catalog.similarity import Vectors, normalize
from evaluation.data.label_table import Question, Table
from evaluation.errors import Disagreement

HTTP_TIMEOUT = 30.0
AT_A_TIME = 500  # answers that may wait for whoever counts them


@dataclass(frozen=True, slots=True)
class Ranked:
    """Ids, best first, and which plan found them."""

    ids: tuple[str, ...]
    strategy: str


class Ranker(Protocol):
    """Answers questions; may be asked by several threads at once."""

    def rank(self, question: Question) -> Ranked: ...


class IndexRanker:
    """The code that answers in production, on the real index, without HTTP."""

    def __init__(self, index: SearchPort, exact: bool | None = None) -> None:
        self._index, self._exact = index, exact

    def rank(self, question: Question) -> Ranked:
        request = question.request if self._exact is None else replace(question.request, exact=self._exact)
        answer = similar_to(self._index, request)
        return Ranked(tuple(hit.id for hit in answer.hits), answer.plan.strategy)


class HttpRanker:
    """`POST /v1/search` of a running service; raises Unavailable or, for a refusal, Disagreement."""

    def __init__(self, url: str) -> None:
        self._url = f"{url.rstrip('/')}/v1/search"
        self._pool = urllib3.PoolManager(maxsize=16, timeout=HTTP_TIMEOUT, retries=2)

    def rank(self, question: Question) -> Ranked:
        try:
            answer = self._pool.request("POST", self._url, json=body_of(question.request))
        except urllib3.exceptions.HTTPError as error:
            raise Unavailable(f"{self._url} does not answer: {error}; is it running? (`make api`)") from error
        if answer.status != 200:
            raise Disagreement(f"{self._url} answered {answer.status}: {answer.data.decode(errors='replace')[:300]}")
        found = json.loads(answer.data)
        return Ranked(tuple(hit["id"] for hit in found["hits"]), found["plan"]["strategy"])


def body_of(request: SimilarRequest) -> dict[str, Any]:
    """The JSON of the same question."""
    narrowed = request.filters.model_dump(mode="json", exclude_defaults=True)
    return {
        "query": {"product_id": request.product_id},
        "filter": narrowed,
        "limit": request.page.limit,
        "model": request.model,
        "fields": list(request.page.fields or ()),
        "exclude_source": request.exclude_source,
        "exclude_ids": list(request.exclude_ids),
    }


class NumpyRanker:
    """All candidates of a question by cosine, ties by id: the reference, and the only one that sees every rank."""

    def __init__(self, table: Table, vectors: Vectors) -> None:
        self._table, self._vectors = table, normalize(vectors)
        self._ids = np.array([item.id for item in table.items], dtype=np.str_)
        self._by_id = np.argsort(np.argsort(self._ids))

    def rank(self, question: Question) -> Ranked:
        rows = self.rows(question.query, question.scope)[: question.request.page.limit]
        return Ranked(tuple(str(name) for name in self._ids[rows]), "numpy")

    def rows(self, query: int, scope: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Row numbers of all candidates, best first."""
        rows = np.flatnonzero(self._table.candidates(query, scope))
        scores = (self._vectors @ self._vectors[query])[rows]  # cosines: all are unit vectors
        return np.asarray(rows[np.lexsort((self._by_id[rows], -scores))])


def ranked_all(ranker: Ranker, questions: Iterable[Question], threads: int) -> Iterator[tuple[Question, Ranked]]:
    """Every question with its answer, in order, `threads` at a time."""
    pool = ThreadPoolExecutor(threads, thread_name_prefix="ask")
    try:
        rest = iter(questions)
        while chunk := list(islice(rest, AT_A_TIME)):
            yield from zip(chunk, pool.map(ranker.rank, chunk), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)  # whoever interrupts a run does not wait for what nobody will read
