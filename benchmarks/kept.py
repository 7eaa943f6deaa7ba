"""Catalogues of drawn products that outlive a run: loaded and merged once, found again by what they hold."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from benchmarks.cases import SILENT_EVERY, Size
from benchmarks.stage import read_index_stats
from catalog.domain.space import Space
from catalog.elastic import Catalogue, connect
from catalog.search.planner import GRAPHS
from catalog.settings import CatalogSettings, VectorIndex
from loadtest import draw, loader

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
    found = connect(base.model_copy(update={"index_prefix": name, "vector_index": index_type}))
    try:
        yield found, complete(found, size) or load(found, size, index_type)
    finally:
        if not keep:
            found.drop()
        found.client.close()


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


def load(found: Catalogue, size: Size, index_type: VectorIndex) -> Loaded:
    """Replaces whatever has this prefix by a fresh catalogue, merged to the segments it should have."""
    found.drop()
    index, indices = found.create(), found.client.indices
    if index_type in GRAPHS:
        indices.put_settings(index=index, settings=LOADING_GRAPHS)
    done = loader.load(found, Space.parse(size.space, size.dims), size.shopped(SEED))
    indices.put_settings(index=index, settings=dict.fromkeys(LOADING_GRAPHS))
    seconds = _merge(found, index, segments_wanted(index_type))
    stats = read_index_stats(found, "segments", "store")
    told = Loaded(
        fingerprint(size),
        done.products,
        done.seconds,
        seconds,
        int(stats["segments"]["count"]),
        round(stats["store"]["size_in_bytes"] / 1e6, 1),
    )
    mapping: Any = indices.get_mapping(index=index)
    meta = mapping[index]["mappings"].get("_meta", {})
    indices.put_mapping(index=index, meta={**meta, MARK: asdict(told)})
    return told


def _merge(found: Catalogue, index: str, segments: int) -> float:
    """Forces the merge and waits for it, longer than one request may take; returns its seconds."""
    started = time.perf_counter()
    found.client.indices.forcemerge(index=index, max_num_segments=segments, wait_for_completion=False)
    while time.perf_counter() - started < MERGE_PATIENCE:
        time.sleep(MERGE_POLL)
        path = "/_tasks?actions=indices:admin/forcemerge*"  # the client's own method warns of a technical preview
        tasks: Any = found.client.perform_request("GET", path, headers={"accept": "application/json"})
        merging = read_index_stats(found, "merge")["merges"]["current"]
        if not merging and not any(node["tasks"] for node in tasks["nodes"].values()):
            break
    found.refresh()
    return round(time.perf_counter() - started, 2)
