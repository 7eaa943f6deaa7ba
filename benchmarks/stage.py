"""Sets the stage of a measurement: an Elasticsearch, a catalogue of drawn products, the API; gone afterwards."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from benchmarks.sizes import Size
from catalog.elastic import Catalogue, connect
from catalog.errors import Unavailable
from catalog.settings import CatalogSettings, VectorIndex
from loadtest import loader
from loadtest.drawn_products import DrawnProduct
from loadtest.local import run_engine
from loadtest.settings import LoadtestSettings

TIMEOUT = 300.0  # seconds for one request of Elasticsearch
MERGE_PATIENCE = 240.0  # seconds to wait for merges after loading: they would be measured too


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """How a catalogue got there: seconds of its bulk requests, of the merges after them, and what they left."""

    seconds: float
    merge_seconds: float
    segments: int
    megabytes: float


@contextmanager
def find_elasticsearch(heap: str = "1g") -> Iterator[CatalogSettings]:
    """Yields settings of the server that runs already, else of one started for this run with so much heap."""
    settings = CatalogSettings.load()
    found = connect(settings)
    try:
        found.client.cluster.health()
        running: Any = nullcontext(settings.elasticsearch_url[0])
    except Exception as error:  # whatever is wrong with it, another one is needed
        if LoadtestSettings.load().elasticsearch_url:
            raise Unavailable(f"ELASTICSEARCH_URL is set and does not answer: {error}") from error
        running = run_engine(heap)
    finally:
        found.client.close()
    with running as url:
        yield settings.model_copy(update={"elasticsearch_url": (url.rstrip("/"),), "elasticsearch_timeout": TIMEOUT})


@contextmanager
def create_catalogue(base: CatalogSettings, purpose: str, index_type: VectorIndex) -> Iterator[Catalogue]:
    """Yields an empty catalogue under a prefix of its own, deleted afterwards with all that was put into it."""
    prefix = f"{purpose}_{secrets.token_hex(4)}_"
    catalogue = connect(base.model_copy(update={"index_prefix": prefix, "vector_index": index_type}))
    try:
        catalogue.layout.create()
        yield catalogue
    finally:
        catalogue.layout.drop()
        catalogue.client.close()


def load(
    catalogue: Catalogue,
    size: Size,
    products: Iterable[DrawnProduct],
    progress: Callable[[int], None] = lambda _: None,
) -> LoadFigures:
    """Loads the products into the catalogue and waits until nothing merges any more."""
    done = loader.load(catalogue, size.space, products, progress)
    started = time.perf_counter()
    segments, megabytes = wait_for_merges(catalogue)
    catalogue.products.refresh()
    return LoadFigures(done.seconds, time.perf_counter() - started, segments, megabytes)


def wait_for_merges(catalogue: Catalogue) -> tuple[int, float]:
    """Waits until nothing merges any more; returns the number of segments and their megabytes."""
    deadline = time.monotonic() + MERGE_PATIENCE
    while True:
        total = read_index_stats(catalogue, "merge", "segments", "store")
        if not total["merges"]["current"] or time.monotonic() > deadline:
            return int(total["segments"]["count"]), total["store"]["size_in_bytes"] / 1e6
        time.sleep(0.5)


def read_index_stats(catalogue: Catalogue, *metrics: str) -> Any:
    """Returns Elasticsearch's figures of the product index, primaries alone."""
    stats: Any = catalogue.client.indices.stats(index=catalogue.names.products, metric=list(metrics))
    return stats["_all"]["primaries"]
