"""An index that takes no writes, or is away: job and import wait, then stop and leave what is to be done."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog.domain.records import Change
from catalog.elastic import Catalogue, connect
from catalog.errors import WriteBlocked
from catalog.settings import CatalogSettings
from tests.feed_files import write_rows
from tests.image_server import ImageServer
from tests.integration.etl_process import Etl, color_space, fill, read_until
from tests.integration.holding_proxy import bulk_to, holding_proxy

RUN = ("run", "--model", "color", "--json")
ROWS = [
    {"id": f"p{number:04d}", "title": f"Dress {number}", "price": "10.00 EUR", "availability": "in_stock"}
    for number in range(1200)  # three chunks
]


@contextmanager
def blocked(catalogue: Catalogue, name: str = "write") -> Iterator[None]:
    """The product index takes no writes meanwhile."""
    put = catalogue.client.indices.put_settings
    put(index=catalogue.layout.read_serving_index(), settings={f"index.blocks.{name}": True})
    try:
        yield
    finally:
        put(index=catalogue.layout.read_serving_index(), settings={f"index.blocks.{name}": None})


@pytest.fixture
def catalog(etl: Etl) -> Etl:
    """`python -m catalog` on the same catalogue."""
    return Etl(etl.environ, "catalog")


@pytest.fixture
def feed(tmp_path: Path) -> str:
    return str(write_rows(tmp_path / "feed.csv", ROWS))


def test_a_block_that_stays_stops_the_run_and_fails_no_photo(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path
) -> None:
    fill(catalogue, server, 24)
    etl.environ |= {"ELASTICSEARCH_PATIENCE": "1", "ETL_PART_ROWS": "8"}
    with blocked(catalogue):
        etl(*RUN, expect=2)
        assert "refuses writes" in etl.errors and "index.blocks.write" in etl.errors
        status = catalogue.status.read_space(color_space(bundles))
        assert (status.done, status.pending, status.retry, dict(status.failed)) == (0, 24, 0, {})
    (model,) = etl(*RUN)["models"]
    assert model["reused"] > 0, "what was embedded is not embedded again"
    assert (model["reused"] + model["done"], model["failed"]) == (24, {})


def test_a_block_that_goes_in_time_is_waited_for(catalogue: Catalogue, server: ImageServer, etl: Etl) -> None:
    fill(catalogue, server, 12)
    with blocked(catalogue):
        process = etl.start(*RUN)
        read_until(process, "refuses writes")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert '"done": 12' in out


def test_an_import_waits_for_a_block_to_go_and_stops_where_it_stays(
    catalogue: Catalogue, catalog: Etl, feed: str
) -> None:
    with blocked(catalogue):
        catalog.environ["ELASTICSEARCH_PATIENCE"] = "1"
        catalog("import", feed, "--json", expect=2)
        assert "refuses writes" in catalog.errors
        del catalog.environ["ELASTICSEARCH_PATIENCE"]
        process = catalog.start("import", feed, "--json")
        read_until(process, "refuses writes")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert f'"created": {len(ROWS)}' in out and '"failed": 0' in out


def test_an_import_waits_for_an_elasticsearch_that_is_away(
    catalogue: Catalogue, catalog: Etl, feed: str, settings: CatalogSettings
) -> None:
    with holding_proxy(settings.elasticsearch_url[0]) as proxy:
        catalog.environ["ELASTICSEARCH_URL"] = proxy.url
        proxy.stop(bulk_to(catalogue.names.products), "after", skip=1)  # carried out, and the answer is lost
        process = catalog.start("import", feed, "--json")
        assert proxy.reached.wait(60)
        proxy.down.set()
        proxy.drop()
        read_until(process, "waiting for Elasticsearch")
        proxy.down.clear()
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert '"failed": 0' in out
    assert catalogue.products.count() == len(ROWS)


def test_a_full_disk_is_named_and_what_helps(catalogue: Catalogue, settings: CatalogSettings) -> None:
    at_once = connect(settings.model_copy(update={"elasticsearch_patience": 0}))
    with blocked(catalogue, "read_only_allow_delete"), pytest.raises(WriteBlocked, match="flood stage") as caught:
        at_once.products.write([Change("p1", {"id": "p1", "title": "Dress"})])
    at_once.client.close()
    assert "index.blocks.read_only_allow_delete" in caught.value.message
    assert catalogue.names.products not in caught.value.message
