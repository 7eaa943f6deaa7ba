"""Two real jobs at once on one model: each photo is embedded once, a dead holder's work goes on."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.domain.product import document, parse
from catalog.domain.records import Change
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings
from tests.etl_kit import product
from tests.image_server import ImageServer
from tests.integration.etl_process import Etl, color_space, fill, read_until
from tests.integration.holding_proxy import HoldingProxy, bulk_to, holding_proxy

RUN = ("run", "--model", "color", "--json")
COUNT = 40


@pytest.fixture
def proxy(settings: CatalogSettings) -> Iterator[HoldingProxy]:
    with holding_proxy(settings.elasticsearch_url[0]) as running:
        yield running


@pytest.fixture
def first(etl: Etl, proxy: HoldingProxy) -> Etl:
    """The job that comes first: by the proxy, so that a test can hold it when its first part is stored."""
    etl.environ |= {"ETL_PART_ROWS": "16", "ETL_LEASE_SECONDS": "15"}
    # Longer than a second job takes to start: a held request that times out is sent again, and no longer held.
    return Etl(etl.environ | {"ELASTICSEARCH_URL": proxy.url, "ELASTICSEARCH_TIMEOUT": "300"})


def start_and_hold(first: Etl, proxy: HoldingProxy, catalogue: Catalogue) -> "subprocess.Popen[str]":
    proxy.stop(bulk_to(catalogue.names.products), "before")
    process = first.start(*RUN)
    assert proxy.reached.wait(120), process.communicate()
    return process


def ended(process: "subprocess.Popen[str]", expect: int = 0) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == expect, err
    return out


def embedded_once(server: ImageServer) -> bool:
    return {server.seen[f"/shop/{number}.jpg"] for number in range(COUNT)} == {1}


def test_a_second_job_stops_and_names_the_first(
    catalogue: Catalogue, server: ImageServer, etl: Etl, first: Etl, proxy: HoldingProxy, tmp_path: Path
) -> None:
    fill(catalogue, server, COUNT)
    running = start_and_hold(first, proxy, catalogue)
    etl(*RUN, expect=2)
    assert "another job embeds into color__" in etl.errors and f"(process {running.pid} on " in etl.errors
    etl("restore", "--model", "color", expect=2)
    assert not list((tmp_path / "vectors").rglob("done-*.json")), "the parts of the first are not marked finished"
    proxy.let_go()
    (model,) = json.loads(ended(running))["models"]
    assert (model["done"], model["reused"]) == (COUNT, 0)
    assert embedded_once(server)
    assert etl(*RUN)["seen"] == 0


def test_a_second_job_may_wait_and_then_has_nothing_to_do(
    catalogue: Catalogue, server: ImageServer, etl: Etl, first: Etl, proxy: HoldingProxy
) -> None:
    fill(catalogue, server, COUNT)
    running = start_and_hold(first, proxy, catalogue)
    second = etl.start(*RUN, "--wait")
    read_until(second, "is held by run")
    proxy.let_go()
    assert json.loads(ended(running))["models"][0]["done"] == COUNT
    assert json.loads(ended(second))["seen"] == 0
    assert embedded_once(server)


def test_watch_lets_the_other_job_finish(
    catalogue: Catalogue, server: ImageServer, etl: Etl, first: Etl, proxy: HoldingProxy
) -> None:
    fill(catalogue, server, COUNT)
    running = start_and_hold(first, proxy, catalogue)
    watch = etl.start("watch", "--model", "color", "--interval", "0.5", "--json")
    read_until(watch, "another job embeds into")
    proxy.let_go()
    ended(running)
    catalogue.products.write([Change("late", document(parse(product(1, server.url("/red.jpg")) | {"id": "late"})))])
    while not server.seen["/red.jpg"] and watch.poll() is None:
        time.sleep(0.05)
    watch.send_signal(signal.SIGTERM)
    ended(watch)
    assert embedded_once(server) and server.seen["/red.jpg"] == 1


def test_the_work_of_a_killed_holder_goes_on_after_its_lease(
    catalogue: Catalogue, server: ImageServer, etl: Etl, first: Etl, proxy: HoldingProxy, bundles: Path
) -> None:
    fill(catalogue, server, COUNT)
    first.environ["ETL_LEASE_SECONDS"] = "2"  # what the dead one promised counts
    running = start_and_hold(first, proxy, catalogue)
    running.kill()
    running.communicate()
    proxy.drop()
    process = etl.start(*RUN)
    read_until(process, "taken over from run")
    (model,) = json.loads(ended(process))["models"]
    assert model["reused"] > 0 and model["reused"] + model["done"] == COUNT
    assert catalogue.embeddings.count_unprocessed(color_space(bundles)) == 0
