"""Three nodes: copies that differ, and a lost node whose part of the catalogue must not be missing in silence."""

from __future__ import annotations

import dataclasses
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import requests
from flask.testing import FlaskClient

import engine
from app import create_app
from app.settings import ApiSettings
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.elastic.pages import scan
from catalog.errors import Unavailable
from catalog.search.planning.plan_cost import Breadth
from catalog.search.planning.planner import IN_BULK, Planner
from catalog.search.planning.prices import Costs, SearchPrice
from catalog.settings import CatalogSettings
from catalog.similarity import normalize
from tests.asking import changed, similar_query

pytestmark = [pytest.mark.slow, pytest.mark.chaos]
SPACE = Space("wide", "v1", 64)
COUNT = 200
PATIENCE = 120  # seconds for a cluster to find itself again, on whatever machine


@dataclasses.dataclass
class Cluster:
    options: engine.StartOptions
    settings: engine.EngineSettings
    running: engine.RunningEngine

    def nodes_of(self, index: str) -> list[str]:
        """Names of the nodes that hold a shard of `index`."""
        rows = requests.get(f"{self.running.urls[0]}/_cat/shards/{index}?format=json", timeout=30).json()
        return sorted(row["node"] for row in rows)

    def kill(self, name: str) -> None:
        """End one node at once."""
        pid = self.running.pids[int(name.removeprefix("node-")) - 1]
        process = psutil.Process(pid)
        os.kill(pid, 9)
        psutil.wait_procs([process], timeout=PATIENCE)

    def heal(self) -> None:
        """Start the nodes that are missing, and wait until each node knows all others."""
        self.running = engine.start(self.options, self.settings)
        whole = {"wait_for_nodes": "3", "wait_for_status": "green", "timeout": f"{PATIENCE}s", "local": "true"}
        for url in self.running.urls:
            seen = requests.get(f"{url}/_cluster/health", params=whole, timeout=2 * PATIENCE).json()
            assert not seen["timed_out"], seen


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Three nodes of this module's own."""
    settings = engine.EngineSettings.load().model_copy(
        update={"elasticsearch_url": None, "engine_port": engine.find_free_port()}
    )
    data = Path(tempfile.mkdtemp(prefix="visual-search-engine-"))
    data.chmod(0o755)
    options = engine.StartOptions(data=data, nodes=3)
    try:
        yield Cluster(options, settings, engine.start(options, settings))
    finally:
        engine.stop(settings.engine_port, settings)
        shutil.rmtree(data, ignore_errors=True)


def filled(cluster: Cluster, prefix: str, count: int, **settings: Any) -> Catalogue:
    """A catalogue of `count` products, all embedded; each copy of a shard has got them in an order of its own."""
    catalogue = connect(
        CatalogSettings.model_validate(
            {"elasticsearch_url": tuple(cluster.running.urls), "index_prefix": prefix, "index_refresh": "-1"}
            | settings
        )
    )
    catalogue.layout.create()
    catalogue.spaces.ensure(SPACE)
    rows = normalize(np.random.default_rng(3).normal(size=(count, SPACE.dims)))

    def put(numbers: Any) -> None:
        names = ids(numbers)
        catalogue.products.write([Change(name, product(name)) for name in names])
        outcomes = [
            Outcome(name, photo(name), "done", vector=rows[n]) for n, name in zip(numbers, names, strict=True)
        ]
        catalogue.embeddings.write_outcomes(SPACE, outcomes)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, np.array_split(np.arange(count), 20)))
    catalogue.client.indices.forcemerge(index=catalogue.names.products, max_num_segments=1)
    catalogue.products.refresh()
    small = ",".join([catalogue.names.history, catalogue.names.promotions, catalogue.names.rules])
    catalogue.client.indices.put_settings(
        index=small, settings={"auto_expand_replicas": "false", "number_of_replicas": 2}
    )
    catalogue.client.cluster.health(wait_for_status="green", timeout=f"{PATIENCE}s")
    return catalogue


def ids(numbers: Any) -> list[str]:
    return [f"p{number:04d}" for number in numbers]


def photo(name: str) -> str:
    return f"https://photos.example/{name}.jpg"


def product(name: str) -> dict[str, Any]:
    color = ("red", "blue")[int(name[1:]) % 2]
    return document(parse({"id": name, "title": "x", "color": color, "image_url": photo(name), "price": 5}))


def drawn(seed: int) -> Any:
    return normalize(np.random.default_rng(seed).normal(size=SPACE.dims))


def test_pages_of_a_graph_with_replicas_hold_every_product_once(cluster: Cluster) -> None:
    catalogue = filled(cluster, "copies_", 2000, vector_index="hnsw", index_replicas=2)
    # As narrow as can be: what the copies' graphs do not find in the same way shows.
    costs = Costs(small_ms=0, script=SearchPrice(base=1e6), bulk=None)
    catalogue.similar.planner = Planner(costs, Breadth(pool=100, num_candidates=100))
    for seed in range(20):
        query = similar_query(SPACE, drawn(seed), limit=10)
        pages = [catalogue.similar.search(changed(query, offset=offset)) for offset in range(0, 200, 10)]
        assert {page.plan.strategy for page in pages} == {"knn"}
        assert len({hit.id for page in pages for hit in page.hits}) == 200
    everything = [
        catalogue.similar.search(changed(query, limit=200, offset=offset)) for offset in range(0, 1000, 200)
    ]
    assert len({hit.id for page in everything for hit in page.hits}) == 1000
    catalogue.client.close()


QUESTIONS: list[Any] = [
    ("GET", "/v1/products/{id}/similar", None),
    ("GET", "/v1/products/{id}/similar?facets=color&facets=price&total=true&group_by=item_group_id", None),
    ("GET", "/v1/products/{id}/similar?exact=true&diversity=0.5&total=true", None),
    ("GET", "/v1/products", None),
    ("GET", "/v1/products?facets=color&color=red", None),
    ("POST", "/v1/search", {"query": {"vector": [1.0] * SPACE.dims}, "facets": ["color"], "total": True}),
    ("POST", "/v1/search/batch", {"searches": [{"query": {"vector": [1.0] * SPACE.dims}}] * 3}),
    ("GET", "/v1/catalog/status", None),
]


def ask(client: FlaskClient, question: Any, known: str) -> Any:
    method, path, body = question
    return client.open(path.format(id=known), method=method, json=body)


def test_a_lost_node_is_said_and_never_answered_around(cluster: Cluster) -> None:
    catalogue, every = filled(cluster, "halves_", COUNT, vector_index="flat", index_shards=2), ids(range(COUNT))
    client = create_app(catalogue, ApiSettings(public_status=True)).test_client()
    before = [ask(client, question, every[0]) for question in QUESTIONS]
    assert [answer.status_code for answer in before] == [200] * len(QUESTIONS)
    lost, kept = cluster.nodes_of(catalogue.names.products)
    assert lost != kept
    walks = [scan(catalogue.connection, {"match_all": {}}, source=False, page=30) for _ in range(2)]
    begun = [next(walk)["_id"] for walk in walks]

    cluster.kill(lost)
    known = one_of(catalogue, every)
    for _ in range(3):
        for question in QUESTIONS:
            answer = ask(client, question, known)
            assert (answer.status_code, answer.get_json().get("code")) == (503, "unavailable"), question
            assert int(answer.headers["Retry-After"]) >= 1
    with pytest.raises(Unavailable):
        list(walks[0])
    with pytest.raises(Unavailable):
        list(catalogue.embeddings.read_unprocessed(SPACE))
    counts = (catalogue.products.count, lambda: catalogue.embeddings.count_unprocessed(SPACE), catalogue.status.read)
    for counted in counts:
        with pytest.raises(Unavailable):
            counted()

    cluster.heal()
    assert within(PATIENCE, lambda: [ask(client, question, every[0]) for question in QUESTIONS]) == [
        told(answer.get_json()) for answer in before
    ]
    # A lost node says nothing about the plugin: the answers are in bulk as before.
    assert IN_BULK in catalogue.similar.search(similar_query(SPACE, drawn(0))).plan.reason
    # A walk whose point in time died with the node goes on behind the last product seen.
    assert [begun[1], *(hit["_id"] for hit in walks[1])] == every
    catalogue.client.close()


def one_of(catalogue: Catalogue, names: list[str]) -> str:
    """A product that can still be read."""
    for name in names:
        try:
            if catalogue.products.read(name):
                return name
        except Unavailable:
            continue
    raise AssertionError("no product can be read")


def told(body: Any) -> Any:
    """The body without scores, whose last digit a server that was just started may round otherwise."""
    if isinstance(body, dict):
        return {key: told(value) for key, value in body.items() if key != "score"}
    return [told(each) for each in body] if isinstance(body, list) else body


def within(seconds: float, answers: Any) -> list[Any]:
    """What is told once all are 200."""
    deadline = time.monotonic() + seconds
    while True:
        found = answers()
        if all(answer.status_code == 200 for answer in found) or time.monotonic() > deadline:
            return [told(answer.get_json()) for answer in found]
        time.sleep(0.5)
