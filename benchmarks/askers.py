"""The two that are compared: the API over HTTP, and a bare client that sends Elasticsearch the same requests."""

import re
import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import orjson
import urllib3

from benchmarks.cases import LIMIT
from catalog import queries, similarity
from catalog.elastic import Catalogue
from catalog.filters import Filters
from catalog.ports import SimilarQuery
from catalog.space import Space

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


class Asker(Protocol):
    def ask(self, product_id: str) -> Asked: ...


class BareClient:
    """Get and msearch by the same client library with the same bodies, and nothing else."""

    def __init__(self, catalogue: Catalogue, space: Space, filters: Filters) -> None:
        self.client, self.alias = catalogue.client, catalogue.names.products
        self.space, self.filters = space, filters
        self.source = [*queries.STORED_FIELDS, space.field]

    def ask(self, product_id: str) -> Asked:
        """Look the source up by id, then ask for its neighbours."""
        started = time.perf_counter()
        found = self.client.get(index=self.alias, id=product_id, source_includes=self.source)["_source"]
        vector = np.asarray(found["embedding"][self.space.name]["vector"], dtype=np.float32)
        body = queries.similar(
            SimilarQuery(
                space=self.space,
                vector=vector,
                filters=self.filters,
                limit=LIMIT,
                exclude_ids=(product_id,),
                exclude_groups=(found["group_key"],),
            )
        )
        line = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY).decode()
        searches: Any = [{"preference": queries.stable_preference(line)}, line]
        answer = self.client.msearch(index=self.alias, searches=searches)["responses"][0]
        wall = (time.perf_counter() - started) * 1000
        hits = [(hit["_id"], similarity.script_to_cosine(hit["_score"])) for hit in answer["hits"]["hits"]]
        return Asked(hits, wall, float(answer["took"]))


class Api:
    """`GET /v1/products/{id}/similar` over one kept-alive connection."""

    def __init__(self, host: str, filters: Filters) -> None:
        self.host = host
        self.pool = urllib3.PoolManager(maxsize=1, retries=False)
        self.query = "&".join([f"limit={LIMIT}", *(f"brand={brand}" for brand in filters.brand)])

    def ask(self, product_id: str) -> Asked:
        """The question as a storefront asks it."""
        started = time.perf_counter()
        answer = self.pool.request("GET", f"{self.host}/v1/products/{product_id}/similar?{self.query}")
        body = orjson.loads(answer.data)
        wall = (time.perf_counter() - started) * 1000
        if answer.status != 200:
            raise RuntimeError(f"the API answered {answer.status}: {body}")
        spent = {name: float(value) for name, value in TIMING.findall(answer.headers["Server-Timing"])}
        hits = [(hit["id"], hit["score"]) for hit in body["hits"]]
        return Asked(hits, wall, spent["es"], spent["index"], spent["total"])
