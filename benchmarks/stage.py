"""Sets the stage for one size: an Elasticsearch, a catalogue of drawn products, the API; gone afterwards."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cases import Size
from catalog.elastic import Catalogue, connect
from catalog.errors import Unavailable
from catalog.settings import CatalogSettings
from loadtest import loader
from loadtest.cluster import Cluster
from loadtest.local import api_running, engine_running
from loadtest.settings import LoadtestSettings

MERGE_PATIENCE = 120.0  # seconds to wait for merges after loading: they would be measured too


@dataclass(frozen=True, slots=True)
class Stage:
    catalogue: Catalogue
    host: str
    load_seconds: float
    segments: int


@contextmanager
def elasticsearch(heap: str = "1g") -> Iterator[CatalogSettings]:
    """The settings of the server that runs already, else of one started for this run with so much heap."""
    settings = CatalogSettings.load()
    found = connect(settings)
    try:
        found.client.cluster.health()
        running: Any = nullcontext(settings.elasticsearch_url[0])
    except Exception as error:  # whatever is wrong with it, another one is needed
        if LoadtestSettings.load().elasticsearch_url:
            raise Unavailable(f"ELASTICSEARCH_URL is set and does not answer: {error}") from error
        running = engine_running(heap)
    finally:
        found.client.close()
    with running as url:
        yield settings.model_copy(update={"elasticsearch_url": (url,), "elasticsearch_timeout": 120.0})


@contextmanager
def stage(base: CatalogSettings, size: Size, seed: int, folder: Path) -> Iterator[Stage]:
    """A loaded catalogue of this size under a prefix of its own, and an API over it."""
    settings = base.model_copy(update={"index_prefix": f"bench_{secrets.token_hex(4)}_", "vector_index": "flat"})
    url = settings.elasticsearch_url[0].rstrip("/")
    cluster, catalogue = Cluster(url, LoadtestSettings.load()), connect(settings)
    try:
        catalogue.create()
        space = loader.Space(size.space, size.dims, "flat")
        loaded = loader.load(cluster, catalogue.names.products, space, size.drawn(seed))
        environment = {"ELASTICSEARCH_URL": url, "INDEX_PREFIX": settings.index_prefix}
        segments = settled(catalogue)
        with api_running(environment, folder) as host:
            yield Stage(catalogue, host, loaded.seconds, segments)
    finally:
        loader.delete_prefix(cluster, settings.index_prefix)
        catalogue.client.close()
        cluster.close()


def settled(catalogue: Catalogue) -> int:
    """Wait until nothing merges any more; the number of segments."""
    deadline = time.monotonic() + MERGE_PATIENCE
    while True:
        stats: Any = catalogue.client.indices.stats(index=catalogue.names.products, metric=["merge", "segments"])
        total = stats["_all"]["primaries"]
        if not total["merges"]["current"] or time.monotonic() > deadline:
            return int(total["segments"]["count"])
        time.sleep(0.5)
