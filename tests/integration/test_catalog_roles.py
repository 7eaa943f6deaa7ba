"""A secured cluster: each role does its whole job, nothing of another's, and nothing to a neighbour's catalogue."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

import engine
from app import create_app
from app.settings import ApiSettings
from catalog import similarity
from catalog.domain import merchandising_rules
from catalog.domain.api_keys import make_key
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.promotion import Promotion
from catalog.domain.records import Change, HistoryEntry, Outcome
from catalog.elastic import Catalogue, connect
from catalog.elastic.access_roles import roles
from catalog.elastic.names import Names
from catalog.elastic.reindexing.reindex import reindex
from catalog.errors import Unavailable, VisualSearchError
from catalog.settings import CatalogSettings

SPACE = Space("color", "v1", 8)
PREFIX = "shop_"
# Names that patterns with stars match, or that begin like ours.
NEIGHBOURS = ("", "my_shop_", "shop_2_", "shop_products-", "other_")
HIDE = {"action": "hide", "target": {"ids": ["p2"]}}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[engine.RunningEngine]:
    data = Path(tempfile.mkdtemp(prefix="visual-search-roles-"))
    data.chmod(0o755)
    file = tmp_path_factory.mktemp("roles") / "roles.json"
    file.write_text(json.dumps(roles(Names(PREFIX))))
    settings = engine.EngineSettings.load({})
    options = engine.StartOptions(port=engine.find_free_port(), data=data, heap="512m", security=True, roles=file)
    found = engine.start(options, settings)
    try:
        yield found
    finally:
        engine.stop(found.port, settings)
        shutil.rmtree(data, ignore_errors=True)


@pytest.fixture
def as_user(running: engine.RunningEngine) -> Iterator[Callable[..., Catalogue]]:
    opened: list[Catalogue] = []

    def open_as(user: str, prefix: str = PREFIX, password: str | None = None) -> Catalogue:
        assert running.access is not None
        opened.append(
            connect(
                CatalogSettings(
                    elasticsearch_url=(running.url,),
                    elasticsearch_user=user,
                    elasticsearch_password=password or running.access.read_passwords()[user],
                    elasticsearch_ca=str(running.access.ca),
                    index_prefix=prefix,
                )
            )
        )
        return opened[-1]

    yield open_as
    for each in opened:
        each.client.close()


def sources() -> list[dict[str, Any]]:
    return [document(parse({"id": f"p{n}", "title": "x", "image_url": f"https://s.example/{n}"})) for n in range(20)]


def fill(index: Catalogue) -> None:
    index.layout.create()
    docs = sources()
    assert {result.status for result in index.products.write([Change(doc["id"], doc) for doc in docs])} == {"created"}
    index.spaces.ensure(SPACE)
    rows = similarity.normalize(np.random.default_rng(0).normal(size=(20, 8)))
    outcomes = [Outcome(doc["id"], doc["image_url"], "done", vector=rows[n]) for n, doc in enumerate(docs)]
    index.embeddings.write_outcomes(SPACE, outcomes)
    index.products.refresh()


def refused(act: Callable[[], Any]) -> bool:
    """Whether the server does not let this user."""
    try:
        done = act()
    except VisualSearchError as error:  # a question by HEAD has nothing but its status
        assert "security_exception" in error.message or " 403" in error.message, error.message
        return True
    return isinstance(done, list) and all(each.status == "failed" for each in done)


def api(index: Catalogue) -> FlaskClient:
    return create_app(index, ApiSettings(allow_anonymous_writes=True, public_status=True)).test_client()


@pytest.fixture
def filled(as_user: Callable[..., Catalogue]) -> Iterator[Catalogue]:
    """The catalogue of PREFIX, made by the user `etl`."""
    writer = as_user("etl")
    fill(writer)
    yield writer
    writer.layout.drop()


@pytest.mark.slow
def test_search_answers_every_question_and_changes_nothing(
    filled: Catalogue, as_user: Callable[..., Catalogue]
) -> None:
    reader = as_user("search")
    client = api(reader)
    for path in (
        "/v1/products?facets=color",
        "/v1/products/p1",
        "/v1/products/p1/similar?total=true&facets=color",
        "/v1/rules",
        "/v1/models",
        "/v1/catalog/status",
        "/readyz",
    ):
        assert client.get(path).status_code == 200, path
    assert client.put("/v1/rules/r", json=HIDE).status_code == 503
    doc = sources()[0]
    assert refused(lambda: reader.products.write([Change("p99", {**doc, "id": "p99"})]))
    assert refused(lambda: reader.spaces.ensure(Space("other", "v1", 8)))
    assert refused(lambda: reader.promotions.append(Promotion(SPACE.name, "me", "x"), 0))
    assert refused(reader.layout.drop)
    with pytest.raises(Unavailable, match="answered 401"):
        as_user("search", PREFIX, "wrong").status.ping()


@pytest.mark.slow
def test_rules_writes_rules_and_nothing_else(filled: Catalogue, as_user: Callable[..., Catalogue]) -> None:
    writer = as_user("rules")
    client = api(writer)
    before = [hit["id"] for hit in client.get("/v1/products/p1/similar").get_json()["hits"]]
    hide = {"action": "hide", "target": {"ids": before[:1]}}
    assert client.put("/v1/rules/r", json=hide).status_code == 200
    assert before[0] not in [hit["id"] for hit in client.get("/v1/products/p1/similar").get_json()["hits"]]
    assert [rule["id"] for rule in client.get("/v1/rules").get_json()["rules"]] == ["r"]
    assert client.delete("/v1/rules/r").status_code == 200
    doc = sources()[0]
    assert refused(lambda: writer.products.write([Change("p99", {**doc, "id": "p99"})]))
    assert refused(lambda: writer.promotions.append(Promotion(SPACE.name, "me", "x"), 0))
    assert refused(writer.layout.drop)
    filled.client.indices.delete(index=filled.names.rules)  # a catalogue from before there were rules
    assert client.put("/v1/rules/r", json=hide).status_code == 200


@pytest.mark.slow
def test_keys_are_made_by_their_own_role_and_only_read_by_the_api(
    filled: Catalogue, as_user: Callable[..., Catalogue]
) -> None:
    maker, reader, key = as_user("keys"), as_user("search"), make_key("one", ("search",))[0]
    maker.api_keys.add(key)
    assert list(reader.api_keys.get_all()) == [key.id]
    assert refused(lambda: reader.api_keys.revoke(key.id)) and refused(lambda: filled.api_keys.revoke(key.id))
    assert refused(filled.api_keys.read_all) and refused(
        lambda: as_user("rules").api_keys.add(make_key("two", ("search",))[0])
    )
    assert refused(lambda: maker.products.read("p1")) and refused(maker.rules.read_all)
    assert maker.api_keys.revoke(key.id).revoked_at is not None


@pytest.mark.slow
def test_products_are_written_through_the_api_by_their_own_role(
    filled: Catalogue, as_user: Callable[..., Catalogue]
) -> None:
    writer, doc = as_user("products"), sources()[0]
    assert [each.status for each in writer.products.write([Change("p99", {**doc, "id": "p99"})])] == ["created"]
    stored = writer.products.read_many(["p1"])["p1"]
    change = Change("p1", {**doc, "id": "p1"}, seq_no=stored.seq_no, primary_term=stored.primary_term)
    assert [each.status for each in writer.products.write([change])] == ["updated"]
    assert refused(lambda: writer.rules.put(merchandising_rules.parse({"id": "r", **HIDE})))
    assert refused(writer.layout.drop)
    assert refused(lambda: as_user("search").products.write([Change("p98", {**doc, "id": "p98"})]))


@pytest.mark.slow
def test_etl_does_all_the_rest_and_neither_reads_nor_writes_rules(
    filled: Catalogue, as_user: Callable[..., Catalogue]
) -> None:
    assert filled.embeddings.count_unprocessed(SPACE) == 0
    filled.history.append(
        [HistoryEntry("https://s.example/1", SPACE, datetime.now(UTC), ("p1",), "done", None, 1, "run")]
    )
    filled.promotions.append(Promotion(SPACE.name, "me", "better"), 0)
    assert filled.promotions.get_promoted() == SPACE.name
    done = reindex(filled, lambda *_: None)
    assert (done.copied, done.left, filled.products.count()) == (20, None, 20)
    assert api(as_user("search")).get("/v1/products/p1/similar").status_code == 200  # in the new index too
    assert refused(lambda: filled.rules.put(merchandising_rules.parse({"id": "r", **HIDE})))
    assert refused(filled.rules.read_all)


@pytest.mark.slow
def test_no_role_reaches_a_neighbour(filled: Catalogue, as_user: Callable[..., Catalogue]) -> None:
    for prefix in NEIGHBOURS:
        fill(as_user("admin", prefix))
        theirs = as_user("admin", prefix)
        theirs.rules.put(merchandising_rules.parse({"id": "r", **HIDE}))
        for user in ("search", "rules", "etl"):
            index = as_user(user, prefix)
            assert refused(index.status.ping), (user, prefix)
            assert refused(lambda index=index: index.products.read("p1")), (user, prefix)
            assert refused(index.rules.read_all), (user, prefix)
            assert refused(lambda index=index: index.rules.put(merchandising_rules.parse({"id": "x", **HIDE}))), (
                user,
                prefix,
            )
            assert refused(lambda index=index: index.rules.delete("r")), (user, prefix)
            assert refused(lambda index=index: index.products.write([Change("p99", sources()[0])])), (user, prefix)
            assert refused(index.layout.create), (user, prefix)
            for name in (theirs.names.products, theirs.names.history, theirs.names.promotions, theirs.names.rules):
                listed = index.client.options(ignore_status=403).indices.delete(index=name)
                assert listed.meta.status in (400, 403), (user, name)
        assert theirs.products.count() == 20 and [rule.id for rule in theirs.rules.read_all()] == ["r"]
        theirs.layout.drop()
