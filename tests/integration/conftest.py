"""Fixtures of the integration tests: a catalogue of its own on the shared engine, and the job that embeds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings
from models.bundles.writer import BundleMaker
from models.making.color.color_export import export_color
from tests.image_server import ImageServer, image_server
from tests.integration.app_proxy import Relay, relay_to
from tests.integration.app_serving import Server, fill, serving
from tests.integration.etl_process import Etl, environ_for
from tests.unit.photo_shop import COUNT, embedder, picture, source


@pytest.fixture
def settings(elasticsearch_url: str, index_prefix: str) -> CatalogSettings:
    return CatalogSettings.model_validate(
        {"elasticsearch_url": elasticsearch_url, "index_prefix": index_prefix, "index_refresh": "-1"}
    )


@pytest.fixture
def catalogue(settings: CatalogSettings) -> Iterator[Catalogue]:
    found = connect(settings)
    found.layout.create()
    yield found
    found.client.close()


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the model `color`."""
    folder = tmp_path_factory.mktemp("bundles")
    export_color(BundleMaker("tests", "pytest", folder))
    return folder


@pytest.fixture
def server() -> Iterator[ImageServer]:
    with image_server() as running:
        yield running


@pytest.fixture
def etl(settings: CatalogSettings, bundles: Path, server: ImageServer, tmp_path: Path) -> Etl:
    """`python -m etl` on the catalogue of this test."""
    return Etl(environ_for(settings, bundles, server, tmp_path / "vectors"))


@pytest.fixture
def relay(elasticsearch_url: str, index_prefix: str) -> Iterator[Relay]:
    """A relay before an Elasticsearch that holds the API's small shop."""
    fill(elasticsearch_url, index_prefix).client.close()
    with relay_to(elasticsearch_url) as relay:
        yield relay


@pytest.fixture
def filled(settings: CatalogSettings) -> Iterator[Catalogue]:
    """A catalogue of products with photos, embedded by the real model `color`."""
    catalogue = connect(settings)
    catalogue.layout.create()
    sources = [source(number) for number in range(COUNT)]
    catalogue.products.write([Change(each["id"], each) for each in sources])
    catalogue.spaces.ensure(embedder().space)
    catalogue.products.refresh()
    vectors = embedder().embed_images([picture(number) for number in range(COUNT)])
    outcomes = [Outcome(s["id"], s["image_url"], "done", vector=v) for s, v in zip(sources, vectors, strict=True)]
    catalogue.embeddings.write_outcomes(embedder().space, outcomes)
    catalogue.products.refresh()
    yield catalogue
    catalogue.client.close()


@pytest.fixture
def photo_server(filled: Catalogue, settings: CatalogSettings, tmp_path: Path) -> Iterator[Server]:
    """The API as it is run, over products with photos; everybody may write."""
    environ = {"ELASTICSEARCH_URL": settings.elasticsearch_url[0], "INDEX_PREFIX": settings.index_prefix}
    with serving(tmp_path, **environ, API_WORKERS="1", ALLOW_ANONYMOUS_WRITES="true") as running:
        yield running
