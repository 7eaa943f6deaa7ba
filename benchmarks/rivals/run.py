"""Runs one size, from nothing to figures: build everybody, serve everybody, ask in turns, write."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

from benchmarks.drawn_shop import DrawnShop
from benchmarks.rivals.contestants import postgres
from benchmarks.rivals.contestants.registry import OURS, RIVALS
from benchmarks.rivals.measurement import ask_all, write_all
from benchmarks.rivals.ours import serve_catalogue
from benchmarks.rivals.processes import ServedContestant, measure_memory_mb, serve
from benchmarks.rivals.results import ContestantCosts, ContestantFigures, RivalEffort
from benchmarks.sizes import Size
from catalog.settings import CatalogSettings

Log = Callable[[str], None]


def run_contest(
    settings: CatalogSettings, size: Size, effort: RivalEffort, seed: int, log: Log
) -> tuple[list[ContestantFigures], dict[str, float]]:
    """Returns figures per contestant, and the size of our indices on disk in MB; everything started is ended."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="visual-search-rivals-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        log(f"drawing {size.products} x {size.dims}")
        shop = DrawnShop.draw_with_prices(size, seed)
        shop.save(folder)
        database = stack.enter_context(postgres.run_postgres(folder))
        served: dict[str, ServedContestant] = {}
        for name in RIVALS:
            log(f"building {name}")
            served[name] = stack.enter_context(serve(name, folder, database))
        for name, kind in OURS.items():
            log(f"loading {name}")
            served[name] = stack.enter_context(serve_catalogue(settings, size, seed, kind, folder))
        log("asking")
        answers = ask_all({name: one.connection for name, one in served.items()}, shop, effort, seed)
        lines = []
        for name, one in served.items():
            log(f"writing to {name}")
            costs = _measure_costs(one, shop, effort, seed)
            lines.append(ContestantFigures(name, one.title, one.family, answers[name], costs))
        return lines, {name: one.index_mb for name, one in served.items() if one.index_mb is not None}


def _measure_costs(one: ServedContestant, shop: DrawnShop, effort: RivalEffort, seed: int) -> ContestantCosts:
    memory = sum(measure_memory_mb(pid) for pid in one.pids)  # after the questions, before the writes
    writes = write_all(one.connection, one.writer, shop, effort, seed)
    if not one.writer.refreshes:
        writes = replace(writes, visible_forced_p50=None)
    return ContestantCosts(one.build_seconds, one.start_seconds, round(memory, 1), **asdict(writes))
