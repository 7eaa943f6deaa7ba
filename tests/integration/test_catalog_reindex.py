"""Reindexing under writers and readers: no failed query, no lost write, no resurrected product."""

import threading
from typing import Any

import numpy as np
import pytest

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.elastic.reindexing import reindex
from catalog.errors import RefusedChange, WriteConflict
from catalog.settings import CatalogSettings
from tests.asking import browse_query, similar_query

SPACE = Space("color", "v1", 8)
COUNT = 3000


def make(number: int, title: str = "x") -> dict[str, Any]:
    return document(parse({"id": f"p{number:05d}", "title": title, "image_url": f"file:///{number}.jpg", "price": 1}))


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    catalogue.products.write([Change(f"p{n:05d}", make(n)) for n in range(COUNT)])
    catalogue.spaces.ensure(SPACE)
    vectors = similarity.normalize(np.random.default_rng(0).normal(size=(COUNT, 8)))
    outcomes = [Outcome(f"p{n:05d}", f"file:///{n}.jpg", "done", vector=vectors[n]) for n in range(COUNT)]
    catalogue.embeddings.write_outcomes(SPACE, outcomes)
    catalogue.products.refresh()
    return catalogue


class Writer(threading.Thread):
    """Changes, deletes, creates and embeds products until told to stop, remembering what it was promised."""

    def __init__(self, index: Catalogue) -> None:
        super().__init__()
        self.index, self.stop = index, threading.Event()
        self.titles: dict[str, str] = {}
        self.deleted: set[str] = set()
        self.vectors: dict[str, Any] = {}
        self.error: BaseException | None = None

    def run(self) -> None:
        rng, number = np.random.default_rng(1), 0
        try:
            while not self.stop.is_set():
                number += 1
                self._one(rng, number)
        except BaseException as error:
            self.error = error

    def _one(self, rng: np.random.Generator, number: int) -> None:
        name = f"p{rng.integers(COUNT):05d}"
        stored = self.index.products.read(name)
        if stored is None:
            return
        at: Any = {"seq_no": stored.seq_no, "primary_term": stored.primary_term}
        if number % 10 == 0:
            self._must(Change(name, None, **at))
            self.deleted.add(name)
            self.titles.pop(name, None)
            self.vectors.pop(name, None)
        elif number % 10 == 1:
            self._must(Change(f"n{number:05d}", {**make(0, "created"), "id": f"n{number:05d}"}))
            self.titles[f"n{number:05d}"] = "created"
        elif number % 10 == 2:
            vector = similarity.normalize(rng.normal(size=8))
            self.index.embeddings.write_outcomes(
                SPACE, [Outcome(name, stored.source["image_url"], "done", vector=vector)]
            )
            self.vectors[name] = vector
        else:
            title = f"title {number}"
            self._must(Change(name, {**stored.source, "title": title}, **at))
            self.titles[name] = title

    def _must(self, change: Change) -> None:
        result = self.index.products.write([change])[0]
        while result.status == "conflict":  # the alias moved between reading and writing
            stored = self.index.products.read(change.id)
            if stored is None:
                raise WriteConflict(f"{change.id} vanished")
            at = {"seq_no": stored.seq_no, "primary_term": stored.primary_term}
            result = self.index.products.write([Change(change.id, change.source, **at)])[0]
        assert result.status != "failed", result.message


class Reader(threading.Thread):
    """Asks both kinds of questions without a pause; one failure or short answer is remembered."""

    def __init__(self, index: Catalogue, vector: Any) -> None:
        super().__init__()
        self.index, self.vector, self.stop = index, vector, threading.Event()
        self.asked, self.problems = 0, []  # type: ignore[var-annotated]

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                hits = self.index.similar.search(similar_query(SPACE, self.vector, limit=10)).hits
                products = self.index.browsing.search(browse_query(limit=10)).products
                if len(hits) != 10 or len(products) != 10:
                    self.problems.append((len(hits), len(products)))
            except Exception as error:
                self.problems.append(repr(error))
            self.asked += 1


def test_a_reindex_under_load_loses_nothing_and_fails_nothing(filled: Catalogue, settings: CatalogSettings) -> None:
    before = filled.layout.read_serving_index()
    writer = Writer(connect(settings))
    reader = Reader(connect(settings), similarity.normalize(np.ones(8)))
    writer.start()
    reader.start()
    try:
        summary = reindex.reindex(filled)
    finally:
        writer.stop.set()
        reader.stop.set()
        writer.join()
        reader.join()
    assert writer.error is None
    assert reader.problems == []
    assert reader.asked > 20
    assert summary.replayed > 0
    assert filled.layout.read_serving_index() == summary.new != before
    assert not filled.client.indices.exists(index=before)
    for name, title in writer.titles.items():
        stored = filled.products.read(name)
        assert stored is not None and stored.source["title"] == title, name
    assert all(filled.products.read(name) is None for name in writer.deleted)
    for name, vector in writer.vectors.items():
        found = filled.products.read_vectors([name], [SPACE])[name]
        np.testing.assert_allclose(found[1][SPACE.name], vector, atol=1e-6)


def test_reindex_takes_over_todays_settings(filled: Catalogue, settings: CatalogSettings) -> None:
    other = connect(settings.model_copy(update={"vector_index": "int8_flat", "index_shards": 2}))
    summary = reindex.reindex(other)
    assert summary.copied == COUNT
    body: Any = other.client.indices.get(index=summary.new)[summary.new]
    field = body["mappings"]["properties"]["embedding"]["properties"][SPACE.name]["properties"]["vector"]
    assert field["index_options"]["type"] == "int8_flat"
    assert body["settings"]["index"]["number_of_shards"] == "2"
    assert "blocks" not in body["settings"]["index"]


def test_an_unfinished_reindex_is_not_trampled_on(filled: Catalogue) -> None:
    leftover = filled.names.successor(filled.layout.read_serving_index())
    filled.layout.create_index(leftover)
    with pytest.raises(RefusedChange, match="--discard-unfinished"):
        reindex.reindex(filled)
    assert reindex.reindex(filled, discard_unfinished=True).new == leftover


def test_a_reindex_that_fails_leaves_the_old_index_as_it_was(
    filled: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = filled.layout.read_serving_index()

    def fail(self: Any) -> None:
        raise RuntimeError("the power went out")

    monkeypatch.setattr(reindex._Move, "_swap", fail)
    with pytest.raises(RuntimeError):
        reindex.reindex(filled)
    assert filled.layout.read_serving_index() == before
    assert filled.products.write([Change("fresh", {**make(1), "id": "fresh"})])[0].status == "created"
    assert not filled.client.indices.exists(index=filled.names.successor(before))
