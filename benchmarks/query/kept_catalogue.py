"""Catalogues of drawn products that outlive a run: loaded and merged once, found again by what they hold."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from benchmarks.sizes import SILENT_EVERY, Size
from benchmarks.stage import read_index_stats
from catalog.elastic import Catalogue, connect
from catalog.search.planning.plan_cost import GRAPHS
from catalog.settings import CatalogSettings, VectorIndex
from loadtest import loader
from loadtest.drawn_products import BRANDS

SEED = 7
MARK = "benchmark"  # under the mapping's `_meta`; written last, so that half a catalogue never counts as one
# Where a graph is built, a merge builds it again: few merges while loading, all of them in the last one.
LOADING_GRAPHS = {"index.merge.policy.segments_per_tier": 40}
MERGE_POLL = 2.0  # seconds
MERGE_PATIENCE = 2 * 3600.0  # a million products in one graph take 15 minutes and more


@dataclass(frozen=True, slots=True)
class KeptCatalogue:
    """Says how a catalogue was loaded: seconds of its bulk requests and of its forced merge, segments afterwards."""

    fingerprint: str
    products: int
    load_seconds: float
    merge_seconds: float
    segments: int
    megabytes: float


def name_prefix(size: Size, index_type: VectorIndex) -> str:
    """Returns the index prefix of this catalogue, the same in every run."""
    return f"benchq_{size.products}x{size.dims}_{index_type}_"


def compute_fingerprint(size: Size) -> str:
    """Returns a hash of the products, which changes with the way they are drawn."""
    first = next(size.draw_mixed(SEED))
    facts = [size.products, size.dims, SEED, SILENT_EVERY, BRANDS, first.document, first.vector.tobytes().hex()]
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()[:12]


def count_segments(index_type: VectorIndex) -> int:
    """Returns how many segments to merge to: a graph is searched fastest in one, flat vectors by two cores in two."""
    return 1 if index_type in GRAPHS else 2


@contextmanager
def open_catalogue(
    base: CatalogSettings, size: Size, index_type: VectorIndex, *, keep: bool
) -> Iterator[tuple[Catalogue, KeptCatalogue]]:
    """Yields a catalogue, loaded and merged by an earlier run or now; deleted afterwards unless `keep`."""
    name = base.index_prefix + name_prefix(size, index_type)
    found = connect(base.model_copy(update={"index_prefix": name, "vector_index": index_type}))
    try:
        yield found, read_kept(found, size) or load_catalogue(found, size, index_type)
    finally:
        if not keep:
            found.layout.drop()
        found.client.close()


def read_kept(found: Catalogue, size: Size) -> KeptCatalogue | None:
    """Reads what an earlier run loaded; None where it is not there, not whole or drawn otherwise."""
    client, index = found.client, found.names.products
    if not client.indices.exists(index=index):
        return None
    mapping: Any = client.indices.get_mapping(index=index)
    mark = next(iter(mapping.values()))["mappings"].get("_meta", {}).get(MARK)
    if mark is None or mark["fingerprint"] != compute_fingerprint(size):
        return None
    client.indices.refresh(index=index)
    return KeptCatalogue(**mark) if found.connection.count_products() == size.products else None


def load_catalogue(found: Catalogue, size: Size, index_type: VectorIndex) -> KeptCatalogue:
    """Replaces whatever has this prefix by a fresh catalogue, merged to the segments it should have."""
    found.layout.drop()
    index, indices = found.layout.create(), found.client.indices
    if index_type in GRAPHS:
        indices.put_settings(index=index, settings=LOADING_GRAPHS)
    done = loader.load(found, size.space, size.draw_mixed(SEED))
    indices.put_settings(index=index, settings=dict.fromkeys(LOADING_GRAPHS))
    seconds = _merge(found, index, count_segments(index_type))
    stats = read_index_stats(found, "segments", "store")
    kept = KeptCatalogue(
        compute_fingerprint(size),
        done.products,
        done.seconds,
        seconds,
        int(stats["segments"]["count"]),
        round(stats["store"]["size_in_bytes"] / 1e6, 1),
    )
    mapping: Any = indices.get_mapping(index=index)
    meta = mapping[index]["mappings"].get("_meta", {})
    indices.put_mapping(index=index, meta={**meta, MARK: asdict(kept)})
    return kept


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
    found.products.refresh()
    return round(time.perf_counter() - started, 2)
