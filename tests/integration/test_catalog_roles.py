"""A secured cluster: the API's role may only look, and that is enough for every question."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import engine
from app import create_app
from app.settings import Settings as ApiSettings
from catalog import similarity
from catalog.elastic import Catalogue, connect
from catalog.elastic.reindex import reindex
from catalog.errors import Unavailable
from catalog.product import document, parse
from catalog.records import Change, Outcome
from catalog.settings import Settings
from catalog.space import Space

SPACE = Space("color", "v1", 8)
PREFIX = "shop_"


@pytest.fixture(scope="module")
def running() -> Iterator[engine.Running]:
    data = Path(tempfile.mkdtemp(prefix="visual-search-roles-"))
    data.chmod(0o755)
    settings = engine.Settings.load({})
    options = engine.Options(port=engine.free_port(), data=data, heap="512m", security=True)
    found = engine.start(options, settings)
    try:
        yield found
    finally:
        engine.stop(found.port, settings)
        shutil.rmtree(data, ignore_errors=True)


def as_user(running: engine.Running, user: str, password: str | None = None) -> Catalogue:
    assert running.access is not None
    return connect(
        Settings(
            elasticsearch_url=(running.url,),
            elasticsearch_user=user,
            elasticsearch_password=password or running.access.passwords()[user],
            elasticsearch_ca=str(running.access.ca),
            index_prefix=PREFIX,
        )
    )


@pytest.mark.slow
def test_the_etl_role_fills_a_catalogue_that_the_search_role_can_only_read(running: engine.Running) -> None:
    writer = as_user(running, "etl")
    writer.create()
    docs = [document(parse({"id": f"p{n}", "title": "x", "image_url": f"https://s.example/{n}"})) for n in range(20)]
    assert {result.status for result in writer.write([Change(doc["id"], doc) for doc in docs])} == {"created"}
    writer.ensure_space(SPACE)
    rows = similarity.normalize(np.random.default_rng(0).normal(size=(20, 8)))
    outcomes = [Outcome(doc["id"], doc["image_url"], "done", vector=rows[n]) for n, doc in enumerate(docs)]
    writer.write_outcomes(SPACE, outcomes)
    assert reindex(writer).left is None
    writer.refresh()

    reader = as_user(running, "search")
    client = create_app(reader, ApiSettings(public_status=True)).test_client()
    for path in (
        "/v1/products?facets=color",
        "/v1/products/p1",
        "/v1/products/p1/similar?total=true&facets=color",
        "/v1/catalog/status",
        "/readyz",
    ):
        assert client.get(path).status_code == 200, path
    with pytest.raises(Unavailable, match="ELASTICSEARCH_USER"):
        reader.write([Change("p99", {**docs[0], "id": "p99"})])
    with pytest.raises(Unavailable, match="ELASTICSEARCH_USER"):
        as_user(running, "search", "wrong").ping()
    for index in (writer, reader):
        index.client.close()
