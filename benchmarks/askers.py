"""The two that are compared: the API over HTTP, and a bare client that sends Elasticsearch the same requests."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import urllib3

from benchmarks.cases import LIMIT
from catalog import similarity
from catalog.domain.filters import Filters
from catalog.elastic import Catalogue
from catalog.search.search_types import Page
from catalog.similar import SimilarRequest, similar_to

TIMING = re.compile(r"(\w+);dur=([\d.]+)")
Hits = list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: wall time and the server's `took` in ms; of the API also its own times, by Server-Timing."""

    hits: Hits
    wall_ms: float
    took_ms: float
    index_ms: float = 0.0  # in calls of Elasticsearch, as the API saw them
    total_ms: float = 0.0  # in the API's process
    plan: str = "exact"


class ApiFailed(Exception):
    """The API answered with an error."""


class Asker(Protocol):
    def prepare(self, ids: Sequence[str]) -> None: ...  # what need not be timed
    def ask(self, product_id: str) -> Asked: ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the gateway sent it."""

    method: str
    target: str
    headers: Any
    body: Any


class BareClient:
    """The get and the search that the gateway sends for a question, byte for byte, by the same client library.

    They are recorded beforehand, so that this stays the API's own question whatever plan the gateway chooses. Other
    requests (counts, mappings) are not repeated: a bare client would not send them, and they count against the API.
    """

    NEEDED = re.compile(r"/(_doc/|_mget|_msearch|_search)")

    def __init__(self, catalogue: Catalogue, filters: Filters) -> None:
        self.catalogue, self.filters = catalogue, filters
        self.recorded: dict[str, list[Call]] = {}

    def prepare(self, ids: Sequence[str]) -> None:
        """Record the requests of each id that has not been asked about yet."""
        transport = self.catalogue.client.transport
        send = transport.perform_request
        for product_id in ids:
            calls = self.recorded.setdefault(product_id, [])
            if calls:
                continue

            def record(method: str, target: str, *, _calls: list[Call] = calls, **given: Any) -> Any:
                if self.NEEDED.search(target) and "promotions" not in target:
                    _calls.append(Call(method, target, given.get("headers"), given.get("body")))
                return send(method, target, **given)

            transport.perform_request = record  # type: ignore[method-assign]
            try:
                similar_to(self.catalogue, SimilarRequest(product_id, self.filters, Page(LIMIT)))
            finally:
                transport.perform_request = send  # type: ignore[method-assign]

    def ask(self, product_id: str) -> Asked:
        """Look the source up by id, then ask for its neighbours."""
        transport, calls = self.catalogue.client.transport, self.recorded[product_id]
        started = time.perf_counter()
        answers = [
            transport.perform_request(call.method, call.target, headers=call.headers, body=call.body).body
            for call in calls
        ]
        wall = (time.perf_counter() - started) * 1000
        answer: Any = answers[-1]
        search = answer["responses"][0] if "responses" in answer else answer
        knn = '"knn"' in str(calls[-1].body)
        to_cosine = similarity.knn_to_cosine if knn else similarity.script_to_cosine
        best = sorted(search["hits"]["hits"], key=lambda hit: (-hit["_score"], hit["_id"]))[:LIMIT]
        hits = [
            (hit["_id"], to_cosine(hit["_score"])) for hit in best
        ]  # the gateway asks for one more: catalog.search.tie_breaking
        return Asked(hits, wall, float(search["took"]), plan="knn" if knn else "exact")


class Api:
    """`GET /v1/products/{id}/similar` over one kept-alive connection; `more` parameters as `key=value`."""

    def __init__(self, host: str, filters: Filters, *more: str) -> None:
        self.host = host
        self.pool = urllib3.PoolManager(maxsize=1, retries=False)
        self.query = "&".join([f"limit={LIMIT}", *(f"brand={brand}" for brand in filters.brand), *more])

    def close(self) -> None:
        self.pool.clear()

    def prepare(self, ids: Sequence[str]) -> None:
        """A storefront prepares nothing."""

    def ask(self, product_id: str) -> Asked:
        """The question as a storefront asks it."""
        started = time.perf_counter()
        answer = self.pool.request("GET", f"{self.host}/v1/products/{product_id}/similar?{self.query}")
        body = orjson.loads(answer.data)
        wall = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise ApiFailed(f"the API answered {answer.status}: {body}")
        spent = {name: float(value) for name, value in TIMING.findall(answer.headers["Server-Timing"])}
        hits = [(hit["id"], hit["score"]) for hit in body["hits"]]
        return Asked(hits, wall, spent["es"], spent["index"], spent["total"], body["plan"]["strategy"])
