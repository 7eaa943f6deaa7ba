"""Client of the API over HTTP whose answers carry their times."""

import re
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3

from benchmarks.sizes import LIMIT
from benchmarks.timing import time_call
from catalog.domain.filters import Filters

TIMING = re.compile(r"(\w+);dur=([\d.]+)")
Hits = list[tuple[str, float]]


class ApiFailed(Exception):
    """Raised where the API, or what is compared with it, answers with an error."""


@dataclass(frozen=True, slots=True)
class TimedAnswer:
    """One answer: wall time and the server's `took` in ms; of the API also its own times, by Server-Timing."""

    hits: Hits
    wall_ms: float
    took_ms: float
    index_ms: float = 0.0  # in calls of Elasticsearch, as the API saw them
    total_ms: float = 0.0  # in the API's process
    plan: str = "exact"


class ApiClient:
    """Asks `GET /v1/products/{id}/similar` over one kept-alive connection; `more` parameters are `key=value`.

    Without a floor: what is measured are rankings, and their length.
    """

    def __init__(self, host: str, filters: Filters, *more: str) -> None:
        self.host = host
        self.pool = urllib3.PoolManager(maxsize=1, retries=False)
        self.query = "&".join(
            [f"limit={LIMIT}", "score_threshold=none", *(f"brand={brand}" for brand in filters.brand), *more]
        )

    def close(self) -> None:
        self.pool.clear()

    def ask(self, product_id: str) -> TimedAnswer:
        """Asks for products like this one as a storefront does; raises ApiFailed."""
        url = f"{self.host}/v1/products/{product_id}/similar?{self.query}"
        (answer, body), wall = time_call(lambda: self._get(url))
        if answer.status != 200:
            raise ApiFailed(f"the API answered {answer.status}: {body}")
        times = {name: float(value) for name, value in TIMING.findall(answer.headers["Server-Timing"])}
        hits = [(hit["id"], hit["score"]) for hit in body["hits"]]
        return TimedAnswer(hits, wall, times["es"], times["index"], times["total"], body["plan"]["strategy"])

    def _get(self, url: str) -> tuple[urllib3.BaseHTTPResponse, dict[str, Any]]:
        answer = self.pool.request("GET", url)
        return answer, orjson.loads(answer.data)
