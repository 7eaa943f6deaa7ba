"""A reindex that is killed, overtaken or too slow: writers get in again, nothing is lost, and it is said."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from elasticsearch import ApiError

from catalog import similarity
from catalog.commands.reindex_state import format_reindex_state
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.elastic.reindexing import healing, reindex, reindex_record
from catalog.errors import RefusedChange, Unavailable
from catalog.settings import CatalogSettings
from tests.integration.http_proxy import proxy_to

SPACE = Space("color", "v1", 8)
COUNT = 1200  # more than two fences
VECTORS = similarity.normalize(np.random.default_rng(0).normal(size=(COUNT, 8)))


def make(number: int, title: str = "x") -> dict[str, Any]:
    return document(parse({"id": f"p{number:05d}", "title": title, "image_url": f"file:///{number}.jpg", "price": 1}))


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "GRACE", 0.0)


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    catalogue.products.write([Change(f"p{n:05d}", make(n)) for n in range(COUNT)])
    catalogue.spaces.ensure(SPACE)
    catalogue.embeddings.write_outcomes(
        SPACE, [Outcome(f"p{n:05d}", f"file:///{n}.jpg", "done", vector=VECTORS[n]) for n in range(COUNT)]
    )
    catalogue.products.refresh()
    return catalogue


class Held:
    """Holds requests of one kind in a proxy: `arrived` when the first comes, which waits for `go`."""

    def __init__(self, method: str, ending: str) -> None:
        self.method, self.ending = method, ending
        self.arrived, self.go = threading.Event(), threading.Event()

    def __call__(self, method: str, path: str, _body: bytes) -> None:
        if method == self.method and path.partition("?")[0].endswith(self.ending):
            self.arrived.set()
            self.go.wait()


def environment(settings: CatalogSettings, url: str) -> dict[str, str]:
    ours = {"ELASTICSEARCH_URL": url, "INDEX_PREFIX": settings.index_prefix, "INDEX_REFRESH": "-1"}
    return {**os.environ, **ours}


@pytest.fixture
def killed(filled: Catalogue, settings: CatalogSettings, elasticsearch_url: str) -> Iterator[Catalogue]:
    """A catalogue whose reindex was killed while it had writers blocked, just before its swap."""
    held = Held("POST", "/_aliases")
    with proxy_to(elasticsearch_url, before=held) as proxy:
        command = [sys.executable, "-m", "catalog", "reindex"]
        with subprocess.Popen(command, env=environment(settings, proxy.url), stderr=subprocess.DEVNULL) as process:
            assert held.arrived.wait(120)
            process.send_signal(signal.SIGKILL)
            process.wait()
        held.ending = "/nothing"
        yield filled
        held.go.set()


def is_refused(index: Catalogue) -> bool:
    """Whether a write is refused because of a block, without waiting for it."""
    try:
        index.client.index(index=index.names.products, id="p00001", document=make(1, "written"))
    except ApiError as error:
        assert "cluster_block_exception" in str(error)
        return True
    return False


def catalog(settings: CatalogSettings, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "catalog", *arguments]
    return subprocess.run(command, env=environment(settings, url), capture_output=True, text=True, check=False)


def test_status_says_that_a_killed_reindex_blocks_writes(
    killed: Catalogue, settings: CatalogSettings, elasticsearch_url: str
) -> None:
    assert is_refused(killed)
    status = killed.status.read()
    assert (status.writes_blocked, status.reindex, status.products) == (True, "killed", COUNT)
    assert "blocks all writes" in catalog(settings, elasticsearch_url, "status").stdout
    assert is_refused(killed)  # telling it changes nothing


@pytest.mark.parametrize("command", ["create", "import", "ensure_space", "make_due", "reindex"])
def test_the_next_command_undoes_a_killed_reindex(killed: Catalogue, command: str, tmp_path: Any) -> None:
    before, left = killed.layout.read_serving_index(), killed.names.successor(killed.layout.read_serving_index())
    if command == "create":
        killed.layout.create()
    elif command == "import":
        feed = tmp_path / "feed.csv"
        feed.write_text("id,title,image_link,price\np00001,y,file:///1.jpg,2\n")
        done = catalog(killed.settings, killed.settings.elasticsearch_url[0], "import", str(feed))
        assert done.returncode == 0, done.stderr
        assert "undid a reindex that was killed" in done.stderr
    elif command == "ensure_space":
        killed.spaces.ensure(SPACE)
    elif command == "make_due":
        killed.embeddings.make_due(SPACE, ["failed"])
    else:
        assert reindex.reindex(killed).new == left
    assert not is_refused(killed)
    status = killed.status.read()
    assert (status.writes_blocked, status.reindex, status.left_over) == (False, None, ())
    assert killed.layout.read_serving_index() == (left if command == "reindex" else before)
    assert killed.client.indices.exists(index=left) == (command == "reindex")
    killed.products.refresh()
    assert killed.status.read_space(SPACE).done == COUNT - 1  # p00001 was written anew, without a vector


def test_a_running_reindex_is_left_alone_and_comes_to_its_end(
    filled: Catalogue, settings: CatalogSettings, elasticsearch_url: str
) -> None:
    """A command that comes while writers are blocked waits for the end of that; then its writes go through."""
    held = Held("POST", "/_aliases")
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        held.go.set()
        thread.join()

    with proxy_to(elasticsearch_url, before=held) as proxy:
        mover = connect(settings.model_copy(update={"elasticsearch_url": (proxy.url,)}))
        thread = threading.Thread(target=reindex.reindex, args=(mover,))
        before = filled.layout.read_serving_index()
        thread.start()
        assert held.arrived.wait(60)
        assert filled.status.read().reindex == "running"
        healing.heal(filled.connection, sleep=wait)
        mover.client.close()
    assert waits == [healing.LOOK_AGAIN]
    assert filled.layout.read_serving_index() != before
    assert not is_refused(filled)


def test_a_reindex_that_was_taken_for_dead_cannot_swap_any_more(
    filled: Catalogue, settings: CatalogSettings, elasticsearch_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up after another command has undone it and a product was written: that write stays."""
    held = Held("POST", "/_aliases")
    found: list[BaseException] = []

    def move() -> None:
        try:
            reindex.reindex(mover)
        except Exception as error:
            found.append(error)

    with proxy_to(elasticsearch_url, before=held) as proxy:
        mover = connect(settings.model_copy(update={"elasticsearch_url": (proxy.url,)}))
        thread = threading.Thread(target=move)
        before = filled.layout.read_serving_index()
        thread.start()
        assert held.arrived.wait(60)
        with monkeypatch.context() as dead:
            dead.setattr(reindex_record.Record, "is_alive", lambda _: False)
            filled.layout.heal()
        assert not is_refused(filled)
        held.go.set()
        thread.join()
        mover.client.close()
    assert found and isinstance(found[0], RefusedChange)
    assert filled.layout.read_serving_index() == before
    product = filled.products.read("p00001")
    assert product is not None and product.source["title"] == "written"
    assert not is_refused(filled)


def test_a_swap_that_would_keep_writers_waiting_too_long_lets_them_in_first(
    filled: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is passed twice while writers are blocked; each time they are let in, and the third time it goes."""
    refused: list[bool] = []
    slow = [True, True]
    replay = reindex.Copier.replay

    def slowly(self: Any, seen: Any) -> int:
        if reindex.deadline.get_remaining() is not None:
            refused.append(is_refused(filled))
            if slow:
                slow.pop()
                reindex.deadline.start(0.0)
        elif reindex.deadline.get_remaining() is None and refused:
            refused.append(is_refused(filled))
        return replay(self, seen)

    monkeypatch.setattr(reindex.Copier, "replay", slowly)
    summary = reindex.reindex(filled)
    assert summary.blocks == 3
    assert refused[0] and refused.count(True) == 3
    assert refused[1] is False  # between two blocks writers get in
    product = filled.products.read("p00001")
    assert product is not None and product.source["title"] == "written"
    assert filled.products.count() == COUNT


def test_a_swap_that_is_always_late_is_given_up(filled: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reindex, "BLOCK_LIMIT", 0.0)
    before = filled.layout.read_serving_index()
    with pytest.raises(Unavailable):
        reindex.reindex(filled)
    assert filled.layout.read_serving_index() == before
    assert not is_refused(filled)
    assert filled.status.read().left_over == () and filled.status.read().reindex is None


def test_a_delete_between_the_comparisons_is_found_without_reading_all_ids(
    filled: Catalogue, settings: CatalogSettings, elasticsearch_url: str
) -> None:
    """Counted in searches: what is read of ids under the block is one range of many, however large the catalogue."""
    read: list[int] = []

    def look(_path: str, _body: bytes, answer: Any) -> Any:
        if "pit_id" in answer and reindex_blocked.is_set():
            read.append(len(answer["hits"]["hits"]))
        return answer

    reindex_blocked = threading.Event()

    def before(method: str, path: str, _body: bytes) -> None:
        if "/_block/write" in path:
            stored = filled.products.read("p00777")
            assert stored is not None
            at = {"seq_no": stored.seq_no, "primary_term": stored.primary_term}
            assert filled.products.write([Change("p00777", None, **at)])[0].status == "deleted"
            reindex_blocked.set()

    with proxy_to(elasticsearch_url, before=before, change=look) as proxy:
        mover = connect(settings.model_copy(update={"elasticsearch_url": (proxy.url,)}))
        summary = reindex.reindex(mover)
        mover.client.close()
    assert summary.deleted == 1
    assert filled.products.read("p00777") is None
    assert sum(read) <= 2 * 500  # one range in both indices; all ids would be 2,400


def test_the_old_index_stays_until_the_new_one_has_its_replicas(
    filled: Catalogue, settings: CatalogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One node cannot hold two copies: the old index is left, said, and deleted once there are enough."""
    monkeypatch.setattr(reindex, "COPIES_WITHIN", 0.0)
    index = connect(settings.model_copy(update={"index_replicas": 1}))
    summary = reindex.reindex(index)
    assert summary.left == summary.old
    assert summary.old in summary.advice()
    index.layout.create()
    assert index.client.indices.exists(index=summary.old)  # still not
    assert index.status.read().left_over == (summary.old,)
    assert any(summary.old in line for line in format_reindex_state(index.status.read()))
    index.client.indices.put_settings(index=summary.new, settings={"number_of_replicas": 0})
    index.layout.create()
    assert not index.client.indices.exists(index=summary.old)
    assert index.status.read().left_over == ()
    index.client.close()


def test_what_an_older_version_left_is_discarded_on_request(filled: Catalogue) -> None:
    """It has no record: nobody can tell whether its process lives, so that it takes a word."""
    filled.layout.create_index(filled.names.successor(filled.layout.read_serving_index()))
    filled.client.indices.add_block(index=filled.layout.read_serving_index(), block="write")
    filled.layout.create()
    assert is_refused(filled)
    assert filled.status.read().writes_blocked
    assert any("--discard-unfinished" in line for line in format_reindex_state(filled.status.read()))
    with pytest.raises(RefusedChange, match="--discard-unfinished"):
        reindex.reindex(filled)
    reindex.reindex(filled, discard_unfinished=True)
    assert not is_refused(filled)
