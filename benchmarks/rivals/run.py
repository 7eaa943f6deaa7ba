"""Runs one size, from nothing to figures: build everybody, serve everybody, ask in turns, write."""

import shutil
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.drawn_shop import DrawnShop
from benchmarks.rivals.contestants import postgres
from benchmarks.rivals.contestants.registry import OURS, RIVALS
from benchmarks.rivals.measurement import ask_all, write_all
from benchmarks.rivals.ours import serve_catalogue
from benchmarks.rivals.processes import build_in_process, measure_memory_mb, serve
from benchmarks.rivals.results import AnswerFigures, ContestantCosts, ContestantFigures, RivalEffort
from benchmarks.rivals.writers import CatalogueWriter, PriceWriter, RivalConnection, RivalWriter
from benchmarks.sizes import Size
from catalog.settings import CatalogSettings

Log = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServedContestant:
    """Contestant that answers."""

    title: str
    family: str
    connection: RivalConnection
    writer: PriceWriter
    pids: tuple[int, ...]
    build_seconds: float
    start_seconds: float
    refreshes: bool


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
        served = _serve_rivals(stack, folder, log)
        disk: dict[str, float] = {}
        for name, kind in OURS.items():
            log(f"loading {name}")
            ours = stack.enter_context(serve_catalogue(settings, size, seed, kind, folder))
            disk[name] = ours.index_mb
            served[name] = ServedContestant(
                title=f"our API, {kind}",
                family="ours",
                connection=RivalConnection(ours.host),
                writer=CatalogueWriter(ours.catalogue, size.space),
                pids=ours.pids,
                build_seconds=ours.build_seconds,
                start_seconds=ours.start_seconds,
                refreshes=True,
            )
        log("asking")
        answers = ask_all({name: one.connection for name, one in served.items()}, shop, effort, seed)
        lines = []
        for name, one in served.items():
            log(f"writing to {name}")
            lines.append(_measure_costs(name, one, answers[name], shop, effort, seed))
        return lines, disk


def _serve_rivals(stack: ExitStack, folder: Path, log: Log) -> dict[str, ServedContestant]:
    database = stack.enter_context(postgres.run_postgres(folder))
    served = {}
    for name, contestant in RIVALS.items():
        log(f"building {name}")
        seconds = build_in_process(name, folder)
        server = stack.enter_context(serve(name, folder))
        connection = RivalConnection(server.host)
        served[name] = ServedContestant(
            title=contestant.title,
            family=contestant.family,
            connection=connection,
            writer=RivalWriter(connection),
            pids=(server.pid, database) if contestant.family == "pgvector" else (server.pid,),
            build_seconds=seconds,
            start_seconds=server.start_seconds,
            refreshes=False,
        )
    return served


def _measure_costs(
    name: str,
    one: ServedContestant,
    answers: dict[str, AnswerFigures],
    shop: DrawnShop,
    effort: RivalEffort,
    seed: int,
) -> ContestantFigures:
    memory = sum(measure_memory_mb(pid) for pid in one.pids)  # after the questions, before the writes
    writes = write_all(one.connection, one.writer, shop, effort, seed)
    costs = ContestantCosts(
        build_seconds=one.build_seconds,
        start_seconds=one.start_seconds,
        memory_mb=round(memory, 1),
        price_p50=writes.price_p50,
        price_p95=writes.price_p95,
        bulk_per_second=writes.bulk_per_second,
        visible_p50=writes.visible_p50,
        visible_forced_p50=writes.visible_forced_p50 if one.refreshes else None,
        vector_p50=writes.vector_p50,
    )
    return ContestantFigures(name, one.title, one.family, answers, costs)
