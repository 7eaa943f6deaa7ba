"""Puts drawn products with their vectors straight into the catalogue's index, at the speed of bulk requests."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from catalog.settings import VectorIndex
from loadtest.cluster import Cluster, reason
from loadtest.draw import ID_PREFIX, Drawn
from loadtest.errors import CannotStart, LoadFailed, NotAllowed

CHUNK_BYTES = 5_000_000
PATIENCE = 60.0  # seconds to keep sending again what the server is too busy for
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Space:
    """The embedding space to fill: `<model>__<version>`, its length, its index type."""

    name: str
    dims: int
    index_type: VectorIndex = "flat"


@dataclass(frozen=True, slots=True)
class Loaded:
    index: str
    space: str
    products: int
    seconds: float


def space_properties(space: Space) -> dict[str, Any]:
    """Mapping of `embedding.<space>`, the one that `catalog.mapping` gives it (a test compares them)."""
    stored = {"type": "keyword", "index": False, "doc_values": False}
    return {
        "properties": {
            "vector": {
                "type": "dense_vector",
                "dims": space.dims,
                "index": True,
                "similarity": "cosine",
                "index_options": {"type": space.index_type},
            },
            "image_url": stored,
            "image_sha256": {"type": "keyword"},
            "status": {"type": "keyword"},
            "reason": {"type": "keyword"},
            "attempts": {"type": "integer"},
            "next_try_at": {"type": "date"},
            "etag": stored,
        }
    }


def load(
    cluster: Cluster, alias: str, space: Space, drawn: Iterable[Drawn], progress: Progress = lambda _: None
) -> Loaded:
    """Index every drawn product into the catalogue behind `alias`, searchable when this returns.

    Raises CannotStart where there is no catalogue or the space has other dimensions, NotAllowed where the catalogue
    holds products that were not drawn, LoadFailed where the server refuses one.
    """
    started = time.perf_counter()
    index = concrete(cluster, alias)
    _require_drawn_only(cluster, index)
    _ensure_space(cluster, index, space)
    number = 0
    with _quiet(cluster, index):
        for lines in _chunks(_lines(drawn, space.name)):
            _index(cluster, index, lines)
            number += len(lines) // 2
            progress(number)
    cluster.ask("POST", f"{index}/_refresh")
    return Loaded(index, space.name, number, round(time.perf_counter() - started, 2))


def concrete(cluster: Cluster, alias: str) -> str:
    """The index behind the alias; raises CannotStart where there is none."""
    found = cluster.find(f"_alias/{alias}")
    if not found:
        raise CannotStart(f"there is no catalogue '{alias}' at {cluster.url}: run `python -m catalog create` first")
    return str(next(iter(found)))


def delete_prefix(cluster: Cluster, prefix: str) -> list[str]:
    """Delete every index whose name starts with `prefix`, which may not be empty; returns their names."""
    if not prefix:
        raise NotAllowed("an empty prefix would delete every catalogue on the server")
    found = [str(row["index"]) for row in cluster.ask("GET", f"_cat/indices/{prefix}*?format=json&h=index")]
    for name in found:  # one by one: the server refuses to delete by wildcard
        cluster.ask("DELETE", name)
    return found


def _require_drawn_only(cluster: Cluster, index: str) -> None:
    cluster.ask("POST", f"{index}/_refresh")
    others = {"query": {"bool": {"must_not": {"prefix": {"id": ID_PREFIX}}}}}
    if number := cluster.ask("POST", f"{index}/_count", others)["count"]:
        raise NotAllowed(
            f"'{index}' holds {number} products that were not drawn: give drawn ones a catalogue of their own, "
            "with INDEX_PREFIX and `python -m catalog create`"
        )


def _ensure_space(cluster: Cluster, index: str, space: Space) -> None:
    mapping = cluster.ask("GET", f"{index}/_mapping")[index]["mappings"]
    spaces = mapping.get("properties", {}).get("embedding", {}).get("properties", {})
    if known := spaces.get(space.name):
        if (dims := known["properties"]["vector"]["dims"]) != space.dims:
            raise CannotStart(f"{space.name} has {dims} dimensions there, not {space.dims}: give another --space")
        return
    body = {"properties": {"embedding": {"properties": {space.name: space_properties(space)}}}}
    cluster.ask("PUT", f"{index}/_mapping", body)


@contextmanager
def _quiet(cluster: Cluster, index: str) -> Iterator[None]:
    """No refreshes and no replicas while loading; both as they were afterwards."""
    names = ("refresh_interval", "number_of_replicas")
    was = cluster.ask("GET", f"{index}/_settings")[index]["settings"]["index"]
    cluster.ask("PUT", f"{index}/_settings", {"index": {"refresh_interval": "-1", "number_of_replicas": 0}})
    try:
        yield
    finally:
        cluster.ask("PUT", f"{index}/_settings", {"index": {name: was.get(name) for name in names}})


def _lines(drawn: Iterable[Drawn], space: str) -> Iterator[tuple[bytes, bytes]]:
    for product in drawn:
        document = product.document
        made = {"vector": product.vector, "image_url": document["image_url"], "status": "done", "attempts": 1}
        source = {**document, "embedding": {space: made}}
        yield (
            orjson.dumps({"index": {"_id": document["id"]}}),
            orjson.dumps(source, option=orjson.OPT_SERIALIZE_NUMPY),
        )


def _chunks(pairs: Iterable[tuple[bytes, bytes]]) -> Iterator[list[bytes]]:
    chunk: list[bytes] = []
    size = 0
    for pair in pairs:
        chunk += pair
        size += len(pair[1])
        if size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _index(cluster: Cluster, index: str, lines: Sequence[bytes]) -> None:
    deadline, pause = time.monotonic() + PATIENCE, 0.1
    while lines:
        items = cluster.bulk(index, lines)
        busy: list[bytes] = []
        for number, item in enumerate(items):
            if item["status"] == 429:
                busy += lines[2 * number : 2 * number + 2]
            elif item["status"] >= 300:
                raise LoadFailed(f"Elasticsearch refused product '{item.get('_id')}': {reason(item)}")
        if busy and time.monotonic() > deadline:
            raise LoadFailed(f"Elasticsearch was too busy for {len(busy) // 2} products for {PATIENCE:.0f} s")
        if busy:
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
        lines = busy
