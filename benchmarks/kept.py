"""Catalogues of drawn products that outlive a run: loaded and merged once, found again by what they hold."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from benchmarks.cases import SILENT_EVERY, Size
from catalog.elastic import Catalogue, connect
from catalog.search.planner import GRAPHS
from catalog.settings import CatalogSettings, VectorIndex
from loadtest import draw, loader
from loadtest.cluster import Cluster
from loadtest.settings import LoadtestSettings

SEED = 7
MARK = "benchmark"  # under the mapping's `_meta`; written last, so that half a catalogue never counts as one
# Where a graph is built, a merge builds it again: few merges while loading, all of them in the last one.
LOADING_GRAPHS = {"index.merge.policy.segments_per_tier": 40}
MERGE_POLL = 2.0  # seconds
MERGE_PATIENCE = 2 * 3600.0  # a million products in one graph take 15 minutes and more


@dataclass(frozen=True, slots=True)
class Loaded:
    """A catalogue as it was loaded: seconds of its bulk requests and of its forced merge, segments afterwards."""

    fingerprint: str
    products: int
    load_seconds: float
    merge_seconds: float
    segments: int
    megabytes: float


def prefix(size: Size, index_type: VectorIndex) -> str:
    """The index prefix of this catalogue, the same in every run."""
    return f"benchq_{size.products}x{size.dims}_{index_type}_"


def fingerprint(size: Size) -> str:
    """Which products these are: changes with the way they are drawn."""
    first = next(size.shopped(SEED))
    told = [size.products, size.dims, SEED, SILENT_EVERY, draw.BRANDS, first.document, first.vector.tobytes().hex()]
    return hashlib.sha256(orjson.dumps(told)).hexdigest()[:12]


def segments_wanted(index_type: VectorIndex) -> int:
    """A graph is searched fastest in one piece; of flat vectors two cores read two segments side by side."""
    return 1 if index_type in GRAPHS else 2


@contextmanager
def catalogue(
    base: CatalogSettings, size: Size, index_type: VectorIndex, *, keep: bool
) -> Iterator[tuple[Catalogue, Loaded]]:
    """A loaded and merged catalogue: one that an earlier run kept or a new one; deleted afterwards unless `keep`."""
    name = base.index_prefix + prefix(size, index_type)
    settings = base.model_copy(update={"index_prefix": name, "vector_index": index_type})
    found = connect(settings)
    cluster = Cluster(settings.elasticsearch_url[0].rstrip("/"), LoadtestSettings.load())
    try:
        yield found, complete(found, size) or load(found, cluster, size, index_type)
    finally:
        if not keep:
            loader.delete_prefix(cluster, settings.index_prefix)
        found.client.close()
        cluster.close()


def complete(found: Catalogue, size: Size) -> Loaded | None:
    """What an earlier run loaded, None where it is not there, not whole or drawn otherwise."""
    client, index = found.client, found.names.products
    if not client.indices.exists(index=index):
        return None
    mapping: Any = client.indices.get_mapping(index=index)
    told = next(iter(mapping.values()))["mappings"].get("_meta", {}).get(MARK)
    if told is None or told["fingerprint"] != fingerprint(size):
        return None
    client.indices.refresh(index=index)
    counted: Any = client.count(index=index)
    return Loaded(**told) if counted["count"] == size.products else None


def load(found: Catalogue, cluster: Cluster, size: Size, index_type: VectorIndex) -> Loaded:
    """Replace whatever has this prefix by a fresh catalogue, merged to the segments it should have."""
    loader.delete_prefix(cluster, found.settings.index_prefix)
    index = found.create()
    if index_type in GRAPHS:
        cluster.ask("PUT", f"{index}/_settings", LOADING_GRAPHS)
    space = loader.Space(size.space, size.dims, index_type)
    done = loader.load(cluster, found.names.products, space, size.shopped(SEED))
    cluster.ask("PUT", f"{index}/_settings", dict.fromkeys(LOADING_GRAPHS))
    seconds = _merge(cluster, index, segments_wanted(index_type))
    stats: Any = found.client.indices.stats(index=index, metric=["segments", "store"])
    primaries = stats["_all"]["primaries"]
    told = Loaded(
        fingerprint(size),
        done.products,
        done.seconds,
        seconds,
        int(primaries["segments"]["count"]),
        round(primaries["store"]["size_in_bytes"] / 1e6, 1),
    )
    mapping = cluster.ask("GET", f"{index}/_mapping")[index]["mappings"]
    cluster.ask("PUT", f"{index}/_mapping", {"_meta": {**mapping.get("_meta", {}), MARK: asdict(told)}})
    return told


def _merge(cluster: Cluster, index: str, segments: int) -> float:
    """Force the merge and wait for it, longer than one request may take; returns its seconds."""
    started = time.perf_counter()
    cluster.ask("POST", f"{index}/_forcemerge?max_num_segments={segments}&wait_for_completion=false")
    while time.perf_counter() - started < MERGE_PATIENCE:
        time.sleep(MERGE_POLL)
        nodes = cluster.ask("GET", "_tasks?actions=indices:admin/forcemerge*")["nodes"].values()
        merges = cluster.ask("GET", f"{index}/_stats/merge")["_all"]["primaries"]["merges"]
        if not any(node["tasks"] for node in nodes) and not merges["current"]:
            break
    cluster.ask("POST", f"{index}/_refresh")
    return round(time.perf_counter() - started, 2)
