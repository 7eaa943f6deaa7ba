"""One index type: load, ask in peace, write new prices, write while shoppers ask."""

import random
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.askers import Api
from benchmarks.cases import FILTERS, Size
from benchmarks.stage import create_catalogue, load, read_index_stats, wait_for_merges
from benchmarks.updates_feed import Feed, Imported, importing, take_in
from benchmarks.updates_results import Effort, Line, Spent
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings, VectorIndex
from loadtest.draw import product_id
from loadtest.local import run_api

NONE = "none"  # a catalogue without vectors
KINDS = (NONE, "flat", "int8_flat", "bbq_flat", "hnsw", "int8_hnsw", "bbq_hnsw")
QUICK_KINDS = (NONE, "int8_flat", "int8_hnsw")
QUICK = Effort(updates=500, questions=20)
Times = list[tuple[float, float]]  # when a question was asked (perf_counter), and the milliseconds it took


def measure(base: CatalogSettings, size: Size, kind: str, effort: Effort, seed: int, folder: Path) -> Line:
    """Figures of one index type on a catalogue of its own, which is gone afterwards."""
    with create_catalogue(base, "updates", _index_type(kind)) as catalogue, importing() as pool:
        settings = catalogue.settings
        loading = _load(catalogue, size, kind, seed, pool)
        nothing = pool.submit(take_in, settings, Feed(size, seed, effort.updates, 0)).result()
        before = _spent(catalogue)
        alone = pool.submit(take_in, settings, Feed(size, seed, effort.updates, 1)).result()
        wait_for_merges(catalogue)
        until_settled = time.perf_counter() - alone.started
        spent = _spent(catalogue) - before
        idle: Times = []
        during: Times = []
        beside = alone
        if kind != NONE:
            with run_api(settings, folder, VECTOR_INDEX=kind) as host:
                idle, during, beside = _asked(host, pool, settings, size, effort, seed)
        return Line(
            kind,
            round(loading, 1),
            round(alone.updated / alone.seconds),
            round(alone.updated / until_settled),
            round(nothing.unchanged / nothing.seconds),
            spent,
            round(beside.updated / beside.seconds),
            _percentiles(idle),
            _percentiles(during),
        )


def _asked(
    host: str, pool: ProcessPoolExecutor, settings: CatalogSettings, size: Size, effort: Effort, seed: int
) -> tuple[Times, Times, Imported]:
    """Questions in peace, then questions for as long as an import runs, and that import."""
    api, rng = Api(host, FILTERS["none"]), random.Random(seed)
    for _ in range(effort.questions):  # warms up
        _ask(api, rng, size)
    idle = [_ask(api, rng, size) for _ in range(effort.questions)]
    running: Future[Imported] = pool.submit(take_in, settings, Feed(size, seed, effort.updates, 2))
    asked = []
    while not running.done():
        asked.append(_ask(api, rng, size))
    done = running.result()
    return idle, [one for one in asked if done.started <= one[0] <= done.ended], done


def _ask(api: Api, rng: random.Random, size: Size) -> tuple[float, float]:
    started = time.perf_counter()
    return started, api.ask(product_id(rng.randrange(size.products))).wall_ms


def _percentiles(times: Times) -> tuple[float, float] | None:
    if not times:
        return None
    p50, p95 = np.percentile([milliseconds for _, milliseconds in times], (50, 95))
    return round(float(p50), 1), round(float(p95), 1)


def _index_type(kind: str) -> VectorIndex:
    return cast(VectorIndex, "flat" if kind == NONE else kind)


def _load(catalogue: Catalogue, size: Size, kind: str, seed: int, pool: ProcessPoolExecutor) -> float:
    """Seconds until the catalogue is full and nothing merges any more."""
    started = time.perf_counter()
    if kind == NONE:
        pool.submit(take_in, catalogue.settings, Feed(size, seed, size.products, 0)).result()
    else:
        load(catalogue, size, size.drawn(seed))
    wait_for_merges(catalogue)
    return time.perf_counter() - started


def _spent(catalogue: Catalogue) -> Spent:
    found = read_index_stats(catalogue, "indexing", "refresh", "merge", "flush", "store")
    return Spent(
        indexing=found["indexing"]["index_time_in_millis"] / 1000,
        refresh=found["refresh"]["total_time_in_millis"] / 1000,
        merge=found["merges"]["total_time_in_millis"] / 1000,
        flush=found["flush"]["total_time_in_millis"] / 1000,
        disk_mb=found["store"]["size_in_bytes"] / 2**20,
    )
