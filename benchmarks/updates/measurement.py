"""Measures one index type: load, ask in peace, write new prices, write while shoppers ask."""

import random
import time
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.api_client import ApiClient
from benchmarks.sizes import FILTERS, Size
from benchmarks.stage import create_catalogue, load, read_index_stats, wait_for_merges
from benchmarks.updates.price_feed import ImportTimes, PriceFeed, import_feed, start_importer
from benchmarks.updates.results import ServerTimes, UpdateEffort, UpdateFigures
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings, VectorIndex
from loadtest.drawn_products import format_product_id
from loadtest.local import run_api

NONE = "none"  # a catalogue without vectors
KINDS = (NONE, "flat", "int8_flat", "bbq_flat", "hnsw", "int8_hnsw", "bbq_hnsw")
QUICK_KINDS = (NONE, "int8_flat", "int8_hnsw")
QUICK_EFFORT = UpdateEffort(updates=500, questions=20)
Times = list[tuple[float, float]]  # when a question was asked (perf_counter), and the milliseconds it took


def measure(
    base: CatalogSettings, size: Size, kind: str, effort: UpdateEffort, seed: int, folder: Path
) -> UpdateFigures:
    """Measures one index type on a catalogue of its own, which is gone afterwards."""
    with create_catalogue(base, "updates", _choose_index_type(kind)) as catalogue, start_importer() as pool:
        settings = catalogue.settings
        loading = _load_catalogue(catalogue, size, kind, seed, pool)
        nothing = pool.submit(import_feed, settings, PriceFeed(size, seed, effort.updates, 0)).result()
        before = _read_server_times(catalogue)
        alone = pool.submit(import_feed, settings, PriceFeed(size, seed, effort.updates, 1)).result()
        wait_for_merges(catalogue)
        until_merged = time.perf_counter() - alone.started
        spent = _read_server_times(catalogue) - before
        idle: Times = []
        during: Times = []
        beside = alone
        if kind != NONE:
            with run_api(settings, folder, VECTOR_INDEX=kind) as host:
                idle, during, beside = _ask_during_import(host, pool, settings, size, effort, seed)
        return UpdateFigures(
            kind,
            round(loading, 1),
            round(alone.updated / alone.seconds),
            round(alone.updated / until_merged),
            round(nothing.unchanged / nothing.seconds),
            spent,
            round(beside.updated / beside.seconds),
            _compute_percentiles(idle),
            _compute_percentiles(during),
        )


def _ask_during_import(
    host: str, pool: ProcessPoolExecutor, settings: CatalogSettings, size: Size, effort: UpdateEffort, seed: int
) -> tuple[Times, Times, ImportTimes]:
    """Asks in peace, then for as long as an import runs; returns both times, and that import's."""
    api, rng = ApiClient(host, FILTERS["none"]), random.Random(seed)
    for _ in range(effort.questions):  # warms up
        _ask(api, rng, size)
    idle = [_ask(api, rng, size) for _ in range(effort.questions)]
    running: Future[ImportTimes] = pool.submit(import_feed, settings, PriceFeed(size, seed, effort.updates, 2))
    times = []
    while not running.done():
        times.append(_ask(api, rng, size))
    done = running.result()
    return idle, [one for one in times if done.started <= one[0] <= done.ended], done


def _ask(api: ApiClient, rng: random.Random, size: Size) -> tuple[float, float]:
    started = time.perf_counter()
    return started, api.ask(format_product_id(rng.randrange(size.products))).wall_ms


def _compute_percentiles(times: Times) -> tuple[float, float] | None:
    if not times:
        return None
    p50, p95 = np.percentile([milliseconds for _, milliseconds in times], (50, 95))
    return round(float(p50), 1), round(float(p95), 1)


def _choose_index_type(kind: str) -> VectorIndex:
    return cast(VectorIndex, "flat" if kind == NONE else kind)


def _load_catalogue(catalogue: Catalogue, size: Size, kind: str, seed: int, pool: ProcessPoolExecutor) -> float:
    """Fills the catalogue; returns the seconds until nothing merges any more."""
    started = time.perf_counter()
    if kind == NONE:
        pool.submit(import_feed, catalogue.settings, PriceFeed(size, seed, size.products, 0)).result()
    else:
        load(catalogue, size, size.draw_silent(seed))
    wait_for_merges(catalogue)
    return time.perf_counter() - started


def _read_server_times(catalogue: Catalogue) -> ServerTimes:
    found = read_index_stats(catalogue, "indexing", "refresh", "merge", "flush", "store")
    return ServerTimes(
        indexing=found["indexing"]["index_time_in_millis"] / 1000,
        refresh=found["refresh"]["total_time_in_millis"] / 1000,
        merge=found["merges"]["total_time_in_millis"] / 1000,
        flush=found["flush"]["total_time_in_millis"] / 1000,
        disk_mb=found["store"]["size_in_bytes"] / 2**20,
    )
