"""A job killed exactly between two writes: whichever they are, the next run brings history and index together."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from catalog.domain.product import document, parse
from catalog.domain.records import Change
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings
from tests.etl_kit import product
from tests.image_server import ImageServer, photo
from tests.integration.etl_process import Etl, color_space
from tests.integration.holding_proxy import HoldingProxy, When, bulk_to, holding_proxy

RUN = ("run", "--model", "color", "--batch-size", "8", "--fail-above", "1", "--json")
COUNT, PHOTOS = 150, 100


def fill_with_shared_and_missing_photos(catalogue: Catalogue, server: ImageServer) -> dict[str, str]:
    """150 products on 100 photos, every tenth of which is not there; returns product id -> photo."""
    urls = {f"p{number}": server.url(f"/shop/{number % PHOTOS}.jpg") for number in range(COUNT)}
    for number in range(PHOTOS):
        if number % 10:
            server.photos[f"/shop/{number}.jpg"] = photo((number * 37 % 240 + 10, number * 91 % 250, 90), (48, 48))
    changes = [Change(i, document(parse(product(1, url) | {"id": i}))) for i, url in urls.items()]
    assert {result.status for result in catalogue.products.write(changes)} == {"created"}
    return urls


def kill_at(etl: Etl, proxy: HoldingProxy, index: str, when: When, skip: int) -> bool:
    """Start a run and kill it when it writes to `index`; False when it ended before."""
    proxy.stop(bulk_to(index), when, skip)
    process = etl.start(*RUN)
    while not proxy.reached.wait(0.05) and process.poll() is None:
        pass
    reached = proxy.reached.is_set()
    process.kill()
    process.communicate()
    proxy.drop()
    return reached


def history_of(catalogue: Catalogue) -> dict[str, Any]:
    catalogue.client.indices.refresh(index=catalogue.names.history)
    hits = catalogue.client.search(index=catalogue.names.history, size=1000)["hits"]["hits"]
    return {hit["_source"]["image_url"]: hit["_source"] for hit in hits}


def owed(catalogue: Catalogue, urls: dict[str, str]) -> Sequence[str]:
    """Products that the history does not name under their photo."""
    history = history_of(catalogue)
    return [i for i, url in urls.items() if i not in history.get(url, {}).get("product_ids", ())]


@pytest.mark.slow
def test_no_kill_between_two_writes_loses_history(
    catalogue: Catalogue, server: ImageServer, etl: Etl, bundles: Path, settings: CatalogSettings
) -> None:
    urls = fill_with_shared_and_missing_photos(catalogue, server)
    points: list[tuple[str, When]] = [
        (name, when)
        for name in (catalogue.names.products, catalogue.names.history)
        for when in ("before", "after")  # type: ignore[misc]
    ]
    kills = 0
    with holding_proxy(settings.elasticsearch_url[0]) as proxy:
        etl.environ |= {"ELASTICSEARCH_URL": proxy.url, "ETL_PART_ROWS": "8", "ETL_LEASE_SECONDS": "1"}
        for name, when in points * 2:
            kills += kill_at(etl, proxy, name, when, skip=kills % 2)
    assert kills == 2 * len(points)
    etl.environ["ELASTICSEARCH_URL"] = settings.elasticsearch_url[0]
    etl(*RUN)
    assert owed(catalogue, urls) == []
    history = history_of(catalogue)
    assert {history[url]["status"] for url in urls.values() if url.endswith("0.jpg")} == {"failed"}
    assert {history[url]["status"] for url in urls.values() if not url.endswith("0.jpg")} == {"done"}
    assert catalogue.embeddings.count_unprocessed(color_space(bundles)) == 0
    status = catalogue.status.read_space(color_space(bundles))
    assert (status.done, dict(status.failed)) == (COUNT * 9 // 10, {"not_found": COUNT // 10})
