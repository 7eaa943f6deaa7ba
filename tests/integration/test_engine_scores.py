"""The script plugin's scores against numpy, and its answers to what it does not understand."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
import requests

SINGLE = "cosineSimilarity(params.query_vector, 'embedding.a__1.vector') + 1.0"
MIX = (
    "(params.w0 * cosineSimilarity(params.q0, 'embedding.a__1.vector')"
    " + params.w1 * cosineSimilarity(params.q1, 'embedding.b__2.vector')) / params.total + 1.0"
)
COUNT, DIMS = 1000, {"a__1": 40, "b__2": 64}
# Vectors are float32 in the index and _score is a float32 of at most 2.
TOLERANCE = 1e-6


class Index:
    """1,000 products with two random vectors each, and the same in numpy (unit rows, float64)."""

    def __init__(self, url: str, name: str) -> None:
        self.address = f"{url}/{name}"
        rng = np.random.default_rng(7)
        self.vectors = {space: rng.normal(size=(COUNT, dims)).astype(np.float32) for space, dims in DIMS.items()}

    def fill(self) -> None:
        spaces = {
            space: {"properties": {"vector": {"type": "dense_vector", "dims": dims, "index": False}}}
            for space, dims in DIMS.items()
        }
        mapping = {"mappings": {"properties": {"embedding": {"properties": spaces}}}}
        requests.put(self.address, json=mapping, timeout=30).raise_for_status()
        lines: list[Any] = []
        for i in range(COUNT):
            embedding = {space: {"vector": rows[i].tolist()} for space, rows in self.vectors.items()}
            lines += [{"index": {"_id": str(i)}}, {"embedding": embedding}]
        body = "".join(json.dumps(line) + "\n" for line in lines)
        headers = {"content-type": "application/x-ndjson"}
        answer = requests.post(f"{self.address}/_bulk?refresh=true", data=body, headers=headers, timeout=60)
        answer.raise_for_status()
        assert answer.json()["errors"] is False

    def search(self, source: str, params: dict[str, Any]) -> requests.Response:
        script = {"source": source, "params": params}
        query = {"script_score": {"query": {"match_all": {}}, "script": script}}
        body = {"query": query, "size": COUNT, "_source": False}
        return requests.post(f"{self.address}/_search", json=body, timeout=30)

    def scores(self, source: str, params: dict[str, Any]) -> np.ndarray:
        """Shape (1000,), in the order of the products' numbers."""
        answer = self.search(source, params)
        assert answer.status_code == 200, answer.text
        found = {int(hit["_id"]): hit["_score"] for hit in answer.json()["hits"]["hits"]}
        return np.array([found[i] for i in range(COUNT)])

    def cosines(self, space: str, query: np.ndarray) -> np.ndarray:
        rows = self.vectors[space].astype(np.float64)
        return rows @ query / np.linalg.norm(rows, axis=1) / np.linalg.norm(query)


@pytest.fixture
def index(elasticsearch_url: str, index_prefix: str) -> Index:
    made = Index(elasticsearch_url.partition(",")[0], f"{index_prefix}vectors")
    made.fill()
    return made


def queries(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (rng.normal(size=DIMS[space]).astype(np.float32).astype(np.float64) for space in ("a__1", "b__2"))
    return a, b


def test_scores_agree_with_numpy(index):
    for seed in range(3):
        a, b = queries(seed)
        single = index.scores(SINGLE, {"query_vector": a.tolist()})
        np.testing.assert_allclose(single, index.cosines("a__1", a) + 1, atol=TOLERANCE, rtol=0)

        weights = {"w0": 0.7, "w1": 2, "total": 2.7}
        mixed = index.scores(MIX, {"q0": a.tolist(), "q1": b.tolist(), **weights})
        expected = (0.7 * index.cosines("a__1", a) + 2 * index.cosines("b__2", b)) / 2.7 + 1
        np.testing.assert_allclose(mixed, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    ("source", "weights", "divisor"),
    [
        ("(COSINE_A) + 1.0", (1, 0), 1),
        ("(3 * COSINE_A) / 3 + 1.0", (3, 0), 3),
        ("( COSINE_A+0.25*COSINE_B )/1.25+1.0", (1, 0.25), 1.25),
        ("(2 * COSINE_A + 1 * COSINE_B + params.w * COSINE_A) /\n params.t\n + 1.0", (2.5, 1), 3.5),
        ("(" + " + ".join(["COSINE_A"] * 500) + ") / 500 + 1.0", (500, 0), 500),
    ],
    ids=["bare", "literal", "tight", "three-terms", "many-terms"],
)
def test_every_form_of_the_grammar(index, source, weights, divisor):
    a, b = queries(11)
    source = source.replace("COSINE_A", "cosineSimilarity(params.qa, 'embedding.a__1.vector')")
    source = source.replace("COSINE_B", 'cosineSimilarity(params.qb, "embedding.b__2.vector")')
    found = index.scores(source, {"qa": a.tolist(), "qb": b.tolist(), "w": 0.5, "t": 3.5})
    expected = (weights[0] * index.cosines("a__1", a) + weights[1] * index.cosines("b__2", b)) / divisor + 1
    np.testing.assert_allclose(found, expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    "source",
    [
        "doc['price'].value",
        "_score",
        "cosineSimilarity(params.q, 'f')",
        "cosineSimilarity(params.q, 'f') + 2.0",
        "dotProduct(params.q, 'f') + 1.0",
        "2 * cosineSimilarity(params.q, 'f') + 1.0",
        "(cosineSimilarity(params.q, 'f') - cosineSimilarity(params.q, 'g')) + 1.0",
        "(cosineSimilarity(params.q, 'f')) / 2 / 2 + 1.0",
        "cosineSimilarity(params.q, 'f') + 1.0 // and more",
        "cosineSimilarity(params.q, f) + 1.0",
    ],
)
def test_another_script_is_refused_with_what_is_understood(index, source):
    answer = index.search(source, {})
    assert answer.status_code == 400
    (cause,) = answer.json()["error"]["root_cause"]
    assert cause["type"] == "script_exception"
    assert "this server understands only: cosineSimilarity(params.NAME, 'FIELD') + 1.0" in cause["reason"]


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"query_vector": [1.0, 2.0]}, r"different number of dimensions \[2\] than the document vectors \[40\]"),
        ({}, "params.query_vector is missing"),
    ],
    ids=["wrong length", "missing"],
)
def test_a_wrong_query_vector_is_told_as_the_server_tells_it(index, params, reason):
    answer = index.search(SINGLE, params)
    assert answer.status_code == 400
    failure = answer.json()["error"]["failed_shards"][0]["reason"]
    assert failure["type"] == "script_exception"
    assert failure["caused_by"]["type"] == "illegal_argument_exception"
    assert re.search(reason, failure["caused_by"]["reason"])


def test_one_product_without_a_vector_fails_the_search_as_with_painless(index):
    requests.put(f"{index.address}/_doc/bare?refresh=true", json={"embedding": {}}, timeout=30).raise_for_status()
    answer = index.search(SINGLE, {"query_vector": queries(1)[0].tolist()})
    assert answer.status_code == 400
    assert "Dense vector value missing for a field" in answer.text


def test_a_script_in_another_place_is_refused(index):
    answer = requests.post(f"{index.address}/_update/1", json={"script": "ctx._source.price = 1"}, timeout=30)
    assert answer.status_code == 400
    assert "no [update] scripts here" in answer.text
