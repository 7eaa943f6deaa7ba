"""A random index of vectors, written to a real engine and kept in numpy: what `vector_scan` is held against."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import requests

DIMS = {"a": 64, "b": 5}
BRANDS = ("ada", "bo", "cy")


class VectorShop:
    """`count` products of one or two vectors of any length; many lack one, some are deleted, none is quantised away.

    Written in several rounds, so that the engine keeps it in several segments.
    """

    def __init__(self, address: str, seed: int, count: int = 700, full: bool = False) -> None:
        self.address, self.count = address, count
        rng = np.random.default_rng(seed)
        self.vectors = {name: _stretched(rng, count, dims) for name, dims in DIMS.items()}
        self.there = {name: full | (rng.random(count) < 0.8) for name in DIMS}
        self.brand = rng.choice(BRANDS, count, p=(0.9, 0.08, 0.02))
        self.gone = np.zeros(count, bool) if full else rng.random(count) < 0.1

    def fill(self, index_type: str, shards: int) -> None:
        fields: dict[str, Any] = {
            name: {
                "type": "dense_vector",
                "dims": dims,
                "similarity": "cosine",
                "index_options": {"type": index_type},
            }
            for name, dims in DIMS.items()
        }
        fields["b"]["index_options"] = {"type": "flat"}  # bbq wants 64 dimensions
        fields |= {"id": {"type": "keyword"}, "brand": {"type": "keyword"}, "group": {"type": "integer"}}
        body = {
            "settings": {"number_of_shards": shards, "number_of_replicas": 0, "refresh_interval": "-1"},
            "mappings": {"properties": fields},
        }
        requests.put(self.address, json=body, timeout=30).raise_for_status()
        for rows in np.array_split(np.arange(self.count), 3):
            self._bulk([line for n in rows for line in self._lines(int(n))])
        self._bulk([{"delete": {"_id": _id(int(n))}} for n in np.flatnonzero(self.gone)])

    def _lines(self, n: int) -> list[Any]:
        product: dict[str, Any] = {"id": _id(n), "brand": str(self.brand[n]), "group": n // 3}
        product |= {name: self.vectors[name][n].tolist() for name in DIMS if self.there[name][n]}
        return [{"index": {"_id": _id(n)}}, product]

    def _bulk(self, lines: list[Any]) -> None:
        if not lines:
            return
        body = "".join(json.dumps(line) + "\n" for line in lines)
        headers = {"content-type": "application/x-ndjson"}
        answer = requests.post(f"{self.address}/_bulk?refresh=true", data=body, headers=headers, timeout=60)
        answer.raise_for_status()
        assert answer.json()["errors"] is False

    def search(self, **body: Any) -> requests.Response:
        return requests.post(
            f"{self.address}/_search", json={"size": self.count, "_source": False, **body}, timeout=60
        )

    def hits(self, **body: Any) -> dict[str, float]:
        """Score by id, in order."""
        answer = self.search(**body)
        assert answer.status_code == 200, answer.text
        return {hit["_id"]: hit["_score"] for hit in answer.json()["hits"]["hits"]}

    def scores(self, weights: dict[str, float], queries: dict[str, Any], brands: tuple[str, ...]) -> dict[str, float]:
        """What numpy says: weighted mean of cosines + 1 of every product that passes and has all the vectors."""
        passing = ~self.gone & np.isin(self.brand, brands)
        total: Any = np.zeros(self.count)
        for name, weight in weights.items():
            passing = passing & self.there[name]
            rows = self.vectors[name].astype(np.float64)
            query = np.asarray(queries[name], np.float64)
            total = total + weight * (rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query))
        total = total / sum(weights.values()) + 1
        return {_id(int(n)): float(total[n]) for n in np.flatnonzero(passing)}


def scan(weights: dict[str, float], queries: dict[str, Any], brands: tuple[str, ...] = BRANDS) -> dict[str, Any]:
    """The query under test."""
    parts = [
        {"field": name, "query_vector": list(map(float, queries[name])), "weight": weight}
        for name, weight in weights.items()
    ]
    narrow = {"filter": {"terms": {"brand": brands}}} if brands != BRANDS else {}
    return {"vector_scan": {"parts": parts, **narrow}}


def script(weights: dict[str, float], queries: dict[str, Any], brands: tuple[str, ...] = BRANDS) -> dict[str, Any]:
    """The same as a script_score."""
    passing = [{"exists": {"field": name}} for name in weights] + [{"terms": {"brand": brands}}]
    terms = " + ".join(f"params.w_{name} * cosineSimilarity(params.q_{name}, '{name}')" for name in weights)
    params: dict[str, Any] = {f"q_{name}": list(map(float, queries[name])) for name in weights}
    params |= {f"w_{name}": weight for name, weight in weights.items()} | {"total": sum(weights.values())}
    source = {"source": f"({terms}) / params.total + 1.0", "params": params}
    return {"script_score": {"query": {"bool": {"filter": passing}}, "script": source}}


def _stretched(rng: np.random.Generator, count: int, dims: int) -> Any:
    """Float32 [count, dims] of any direction and of lengths from 0.01 to 100."""
    raw = rng.normal(size=(count, dims))
    lengths = 10 ** rng.uniform(-2, 2, size=(count, 1))
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True) * lengths).astype(np.float32)


def _id(n: int) -> str:
    return f"p{n:04d}"
