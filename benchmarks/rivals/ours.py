"""Our API on Elasticsearch, loaded with the same products; one process and one type of vector index."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import psutil

from benchmarks.rivals.connections import CatalogueWriter, RivalConnection
from benchmarks.rivals.processes import ServedContestant
from benchmarks.sizes import Size
from benchmarks.stage import create_catalogue, load, read_index_stats
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings, VectorIndex
from loadtest.local import run_api


@contextmanager
def serve_catalogue(
    base: CatalogSettings, size: Size, seed: int, index_type: str, folder: Path
) -> Iterator[ServedContestant]:
    """Yields a catalogue of its own and an API over it, both gone afterwards; building ends when merges have."""
    with ExitStack() as stack:
        catalogue = stack.enter_context(create_catalogue(base, "rivals", cast(VectorIndex, index_type)))
        figures = load(catalogue, size, size.draw_silent(seed))
        changes = {"API_WORKERS": "1", "VECTOR_INDEX": index_type}
        started = time.perf_counter()
        before = {child.pid for child in psutil.Process().children()}
        host = stack.enter_context(run_api(catalogue.settings, folder / f"ours-{index_type}", **changes))
        seconds = round(time.perf_counter() - started, 2)
        api = {child.pid for child in psutil.Process().children()} - before
        yield ServedContestant(
            title=f"our API, {index_type}",
            family="ours",
            connection=RivalConnection(host),
            writer=CatalogueWriter(catalogue, size.space),
            pids=(*api, *_list_server_pids(catalogue)),
            build_seconds=round(figures.seconds + figures.merge_seconds, 2),
            start_seconds=seconds,
            index_mb=round(read_index_stats(catalogue, "store")["store"]["size_in_bytes"] / 2**20, 1),
        )


def _list_server_pids(catalogue: Catalogue) -> list[int]:
    nodes: Any = catalogue.client.nodes.info(metric=["process"])
    pids = [int(node["process"]["id"]) for node in nodes["nodes"].values()]
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).name() == "java"]
