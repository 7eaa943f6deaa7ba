"""Our API on Elasticsearch, loaded with the same products; one process and one type of vector index."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import psutil

from benchmarks.cases import Size
from benchmarks.stage import settled
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings, VectorIndex
from loadtest import loader
from loadtest.cluster import Cluster
from loadtest.local import api_running
from loadtest.settings import LoadtestSettings


@dataclass(frozen=True, slots=True)
class Ours:
    """`pids` are the API's and, where it is on this machine, Elasticsearch's."""

    catalogue: Catalogue
    host: str
    build_seconds: float
    start_seconds: float
    index_mb: float
    pids: tuple[int, ...]


@contextmanager
def loaded(base: CatalogSettings, size: Size, seed: int, index_type: str, folder: Path) -> Iterator[Ours]:
    """A catalogue of its own and an API over it, both gone afterwards; building ends when merges have ended."""
    kind = cast(VectorIndex, index_type)
    settings = base.model_copy(update={"index_prefix": f"rivals_{secrets.token_hex(4)}_", "vector_index": kind})
    url = settings.elasticsearch_url[0].rstrip("/")
    cluster, catalogue = Cluster(url, LoadtestSettings.load()), connect(settings)
    try:
        catalogue.create()
        started = time.perf_counter()
        loader.load(cluster, catalogue.names.products, loader.Space(size.space, size.dims, kind), size.drawn(seed))
        settled(catalogue)
        seconds = time.perf_counter() - started
        changes = {"ELASTICSEARCH_URL": url, "INDEX_PREFIX": settings.index_prefix, "API_WORKERS": "1"}
        changes["VECTOR_INDEX"] = kind
        started = time.perf_counter()
        before = {child.pid for child in psutil.Process().children()}
        with api_running(changes, folder / f"ours-{kind}") as host:
            start = time.perf_counter() - started
            api = {child.pid for child in psutil.Process().children()} - before
            mb = _index_mb(catalogue)
            yield Ours(catalogue, host, round(seconds, 2), round(start, 2), mb, (*api, *_server(catalogue)))
    finally:
        loader.delete_prefix(cluster, settings.index_prefix)
        catalogue.client.close()
        cluster.close()


def _index_mb(catalogue: Catalogue) -> float:
    stats: Any = catalogue.client.indices.stats(index=catalogue.names.products, metric=["store"])
    return round(float(stats["_all"]["primaries"]["store"]["size_in_bytes"]) / 2**20, 1)


def _server(catalogue: Catalogue) -> list[int]:
    nodes: Any = catalogue.client.nodes.info(metric=["process"])
    pids = [int(node["process"]["id"]) for node in nodes["nodes"].values()]
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).name() == "java"]
