"""One size, from nothing to figures: build everybody, serve everybody, ask in turns, write."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cases import Size
from benchmarks.rivals import measure, ours, postgres
from benchmarks.rivals.contestants import OURS, RIVALS
from benchmarks.rivals.doors import Http, OurWriter, RivalWriter, Writer
from benchmarks.rivals.figures import Cell, Costs, Effort, Line
from benchmarks.rivals.processes import built, memory_mb, serving
from benchmarks.rivals.shop import Shop
from catalog.domain.space import Space
from catalog.settings import CatalogSettings

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Standing:
    """A contestant that answers."""

    title: str
    family: str
    http: Http
    writer: Writer
    pids: tuple[int, ...]
    build_seconds: float
    start_seconds: float
    refreshes: bool


def run(
    settings: CatalogSettings, size: Size, effort: Effort, seed: int, told: Told
) -> tuple[list[Line], dict[str, float]]:
    """A line per contestant, and the size of our indices on disk in MB; everything started is ended."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="visual-search-rivals-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        told(f"drawing {size.products} x {size.dims}")
        shop = Shop.drawn(size, seed)
        shop.save(folder)
        standing = _rivals(stack, folder, told)
        disk: dict[str, float] = {}
        for name, kind in OURS.items():
            told(f"loading {name}")
            here = stack.enter_context(ours.loaded(settings, size, seed, kind, folder))
            disk[name] = here.index_mb
            writer = OurWriter(here.catalogue, Space.parse(size.space, size.dims))
            times = (here.build_seconds, here.start_seconds)
            title = f"our API, {kind}"
            standing[name] = Standing(title, "ours", Http(here.host), writer, here.pids, *times, refreshes=True)
        told("asking")
        cells = measure.ask_all({name: one.http for name, one in standing.items()}, shop, effort, seed)
        lines = []
        for name, one in standing.items():
            told(f"writing to {name}")
            lines.append(_line(name, one, cells[name], shop, effort, seed))
        return lines, disk


def _rivals(stack: ExitStack, folder: Path, told: Told) -> dict[str, Standing]:
    server = stack.enter_context(postgres.running(folder))
    standing = {}
    for name, contestant in RIVALS.items():
        told(f"building {name}")
        seconds = built(name, folder)
        served = stack.enter_context(serving(name, folder))
        http = Http(served.host)
        pids = (served.pid, server) if contestant.family == "pgvector" else (served.pid,)
        times = (seconds, served.start_seconds)
        standing[name] = Standing(
            contestant.title, contestant.family, http, RivalWriter(http), pids, *times, refreshes=False
        )
    return standing


def _line(name: str, one: Standing, cells: dict[str, Cell], shop: Shop, effort: Effort, seed: int) -> Line:
    memory = sum(memory_mb(pid) for pid in one.pids)  # after the questions, before the writes
    written = measure.write_all(one.http, one.writer, shop, effort, seed)
    costs = Costs(
        one.build_seconds,
        one.start_seconds,
        round(memory, 1),
        written.price_p50,
        written.price_p95,
        written.bulk_per_second,
        written.visible_p50,
        written.visible_forced_p50 if one.refreshes else None,
        written.vector_p50,
    )
    return Line(name, one.title, one.family, cells, costs)
