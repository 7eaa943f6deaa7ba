"""Bare client of Elasticsearch: sends it the requests that the API's gateway sends, without the API."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.api_client import TimedAnswer
from benchmarks.sizes import LIMIT
from benchmarks.timing import time_call
from catalog import similarity
from catalog.domain.filters import Filters
from catalog.elastic import Catalogue
from catalog.search.search_types import Page
from catalog.similar import SimilarRequest, similar_to


@dataclass(frozen=True, slots=True)
class RecordedRequest:
    """One request as the gateway sent it."""

    method: str
    target: str
    headers: Any
    body: Any


class BareClient:
    """Sends the get and the search that the gateway sends for a question, byte for byte, by the same library.

    They are recorded beforehand, so that this stays the API's own question whatever plan the gateway chooses. Other
    requests (counts, mappings) are not repeated: a bare client would not send them, and they count against the API.
    """

    NEEDED = re.compile(r"/(_doc/|_mget|_msearch|_search)")

    def __init__(self, catalogue: Catalogue, filters: Filters) -> None:
        self.catalogue, self.filters = catalogue, filters
        self.recorded: dict[str, list[RecordedRequest]] = {}

    def record(self, ids: Sequence[str]) -> None:
        """Records the requests of each id that has not been asked about yet; this is not timed."""
        transport = self.catalogue.client.transport
        send = transport.perform_request
        for product_id in ids:
            requests = self.recorded.setdefault(product_id, [])
            if requests:
                continue

            def record(method: str, target: str, *, _requests: list[RecordedRequest] = requests, **given: Any) -> Any:
                if self.NEEDED.search(target) and "promotions" not in target:
                    _requests.append(RecordedRequest(method, target, given.get("headers"), given.get("body")))
                return send(method, target, **given)

            transport.perform_request = record  # type: ignore[method-assign]
            try:
                similar_to(self.catalogue, SimilarRequest(product_id, self.filters, Page(LIMIT)))
            finally:
                transport.perform_request = send  # type: ignore[method-assign]

    def ask(self, product_id: str) -> TimedAnswer:
        """Looks the source up by id, then asks for its neighbours."""
        requests = self.recorded[product_id]
        answers, wall = time_call(lambda: [self._send(request) for request in requests])
        answer = answers[-1]
        search = answer["responses"][0] if "responses" in answer else answer
        knn = '"knn"' in str(requests[-1].body)
        to_cosine = similarity.knn_to_cosine if knn else similarity.script_to_cosine
        # The gateway asks for one more than the page holds: catalog/search/tie_breaking.py.
        best = sorted(search["hits"]["hits"], key=lambda hit: (-hit["_score"], hit["_id"]))[:LIMIT]
        hits = [(hit["_id"], to_cosine(hit["_score"])) for hit in best]
        return TimedAnswer(hits, wall, float(search["took"]), plan="knn" if knn else "exact")

    def _send(self, request: RecordedRequest) -> Any:
        transport = self.catalogue.client.transport
        return transport.perform_request(
            request.method, request.target, headers=request.headers, body=request.body
        ).body
