"""Rules and promotions live in small indices of their own: losing one, or asking it, must not cost the questions."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from app import create_app
from app.settings import ApiSettings
from catalog import index_mapping, similarity
from catalog.domain import merchandising_rules
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.promotion import Promotion
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect, ttl_cache
from catalog.elastic.stores import small_indices
from catalog.settings import CatalogSettings

FIRST, SECOND = Space("color", "v1", 8), Space("resnet18", "v1", 8)
COUNT = 30
SIMILAR = "/v1/products/p00/similar"


def fill(index: Catalogue, *spaces: Space) -> Catalogue:
    docs = [document(parse({"id": f"p{n:02d}", "title": "x", "image_url": f"file:///{n}"})) for n in range(COUNT)]
    assert {result.status for result in index.products.write([Change(doc["id"], doc) for doc in docs])} == {"created"}
    rows = similarity.normalize(np.random.default_rng(3).normal(size=(COUNT, 8)))
    for space in spaces:
        index.spaces.ensure(space)
        outcomes = [Outcome(doc["id"], doc["image_url"], "done", vector=rows[n]) for n, doc in enumerate(docs)]
        index.embeddings.write_outcomes(space, outcomes)
    index.products.refresh()
    return index


def client_of(index: Catalogue) -> FlaskClient:
    return create_app(index, ApiSettings(allow_anonymous_writes=True)).test_client()


def lose(index: Catalogue, name: str) -> Callable[[], None]:
    """Puts an index without a primary in its place, as it is after its node was lost; returns what brings back one.

    What comes back is empty.
    """
    indices, nowhere = index.client.indices, "index.routing.allocation.require._name"
    indices.delete(index=name)
    body = index_mapping.RULES if name == index.names.rules else index_mapping.PROMOTIONS
    indices.create(
        index=name,
        mappings=body,
        settings={"number_of_replicas": 0, nowhere: "no such node"},
        wait_for_active_shards="0",
    )

    def bring_back() -> None:
        indices.put_settings(index=name, settings={nowhere: None})
        index.client.cluster.health(index=name, wait_for_status="yellow", timeout="60s")

    return bring_back


def codes(answer: Any) -> list[str]:
    return [each["code"] for each in answer.get_json()["warnings"]]


def ids(answer: Any) -> list[str]:
    return [hit["id"] for hit in answer.get_json()["hits"]]


def test_losing_the_rules_costs_no_answer_and_they_go_on_acting(
    catalogue: Catalogue, settings: CatalogSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client = client_of(fill(catalogue, FIRST))
    before = ids(client.get(SIMILAR))
    hide = {"action": "hide", "target": {"ids": [before[0]]}}
    assert client.put("/v1/rules/r", json=hide).status_code == 200
    expected = ids(client.get(SIMILAR))
    assert before[0] not in expected
    bring_back = lose(catalogue, catalogue.names.rules)
    monkeypatch.setattr(ttl_cache, "FRESH", 0)  # the copy is always too old
    with caplog.at_level(logging.WARNING, logger=ttl_cache.__name__):
        for _ in range(20):  # more than open the breaker
            answer = client.get(SIMILAR)
            assert (answer.status_code, ids(answer), codes(answer)) == (200, expected, [])
    assert [record.getMessage().partition(" cannot")[0] for record in caplog.records] == ["the merchandising rules"]
    assert client.get("/v1/rules").status_code == 503  # here they are what was asked for

    fresh = connect(settings)
    late = client_of(fresh)
    for _ in range(5):
        answer = late.get(SIMILAR)
        assert (answer.status_code, ids(answer), codes(answer)) == (200, before, ["rules_unavailable"])
    bring_back()
    assert client.put("/v1/rules/r", json=hide).status_code == 200
    for each in (client, late):
        for _ in range(600):  # a thread reads them; asking is what makes it begin
            answer = each.get(SIMILAR)
            if ids(answer) == expected and not codes(answer):
                break
        assert (ids(answer), codes(answer)) == (expected, [])
    fresh.client.close()


def test_a_closed_index_of_rules_is_a_lost_one(catalogue: Catalogue, settings: CatalogSettings) -> None:
    fill(catalogue, FIRST)
    catalogue.client.indices.close(index=catalogue.names.rules)
    assert codes(client_of(catalogue).get(SIMILAR)) == ["rules_unavailable"]
    assert client_of(catalogue).get("/v1/rules").status_code == 503


def test_losing_the_promotions_costs_only_who_cannot_know_what_serves(
    catalogue: Catalogue, settings: CatalogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(fill(catalogue, FIRST, SECOND))
    catalogue.promotions.append(Promotion(SECOND.name, "somebody", "better"), after=0)
    model = {"name": SECOND.model, "version": SECOND.version}
    assert client.get(SIMILAR).get_json()["model"] == model
    bring_back = lose(catalogue, catalogue.names.promotions)
    monkeypatch.setattr(ttl_cache, "FRESH", 0)
    for _ in range(20):
        assert client.get(SIMILAR).get_json()["model"] == model
    late = client_of(connect(settings))
    assert [late.get(SIMILAR).status_code for _ in range(5)] == [503] * 5  # which one serves was never read
    for name in (FIRST.model, FIRST.name):
        assert late.get(SIMILAR, query_string={"model": name}).status_code == 200, name
    assert late.get("/v1/products").status_code == 200
    bring_back()
    catalogue.promotions.append(Promotion(SECOND.name, "somebody", "again"), after=0)
    assert late.get(SIMILAR).get_json()["model"] == model


class Counted:
    """The requests that a catalogue sends, by method and path."""

    def __init__(self, index: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[str] = []
        perform = index.client.transport.perform_request

        def counting(method: str, target: str, **more: Any) -> Any:
            self.sent.append(f"{method} {target.partition('?')[0]}")
            return perform(method, target, **more)

        monkeypatch.setattr(index.client.transport, "perform_request", counting)


def test_two_spaces_without_a_promotion_cost_no_request_more_than_one_that_is_named(
    catalogue: Catalogue, settings: CatalogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(catalogue, FIRST, SECOND)
    index = connect(settings)
    monkeypatch.setattr(ttl_cache, "FRESH", 3600)
    client = client_of(index)
    for query in ({}, {"model": FIRST.name}):  # counts, shape and rules are remembered from now on
        assert client.get(SIMILAR, query_string=query).status_code == 200
    counted = Counted(index, monkeypatch)
    answers = [client.get(SIMILAR) for _ in range(10)]
    assert {answer.get_json()["model"]["name"] for answer in answers} == {FIRST.model}
    unnamed, counted.sent = counted.sent, []
    for _ in range(10):
        client.get(SIMILAR, query_string={"model": FIRST.name})
    assert unnamed == counted.sent
    assert len(unnamed) == 2 * 10  # the source, the search

    catalogue.promotions.append(Promotion(SECOND.name, "somebody", "better"), after=0)
    index.promotions._promoted.forget()  # what a few seconds do
    assert client.get(SIMILAR).get_json()["model"]["name"] == SECOND.model
    index.client.close()


def test_a_space_that_came_meanwhile_is_counted(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(catalogue, FIRST)
    assert [each.space for each in catalogue.status.get_spaces()] == [FIRST]
    catalogue.spaces.ensure(SECOND)
    assert [(each.space, each.done) for each in catalogue.status.get_spaces()] == [(FIRST, COUNT), (SECOND, 0)]


def settings_of(index: Catalogue, name: str) -> dict[str, Any]:
    found = index.client.indices.get_settings(index=name, flat_settings=True)[name]["settings"]
    return {key: found.get(f"index.{key}") for key in (small_indices.EXPAND, "number_of_replicas")}


def test_small_indices_get_a_replica_by_themselves_the_large_ones_as_asked(catalogue: Catalogue) -> None:
    names = catalogue.names
    for name in (names.rules, names.promotions):
        assert settings_of(catalogue, name) == {
            small_indices.EXPAND: "0-1",
            "number_of_replicas": "0",
        }  # one node only
    for name in (names.history, names.first):
        assert settings_of(catalogue, name)[small_indices.EXPAND] in (None, "false")


def test_small_indices_of_before_get_it_at_the_next_command_or_write(catalogue: Catalogue) -> None:
    names, indices = catalogue.names, catalogue.client.indices
    for name in (names.rules, names.promotions):
        indices.put_settings(index=name, settings={small_indices.EXPAND: None})
        assert settings_of(catalogue, name)[small_indices.EXPAND] in (None, "false")
    catalogue.rules.put(merchandising_rules.parse({"id": "r", "action": "hide", "target": {"ids": ["p00"]}}))
    assert settings_of(catalogue, names.rules)[small_indices.EXPAND] == "0-1"
    catalogue.layout.create()
    assert settings_of(catalogue, names.promotions)[small_indices.EXPAND] == "0-1"
    indices.put_settings(index=names.rules, settings={small_indices.EXPAND: "false", "number_of_replicas": 2})
    catalogue.layout.create()  # somebody wants two
    assert settings_of(catalogue, names.rules) == {small_indices.EXPAND: "false", "number_of_replicas": "2"}


def test_more_replicas_than_one_stay_as_many(settings: CatalogSettings) -> None:
    index = connect(settings.model_copy(update={"index_replicas": 2}))
    index.layout.create()
    assert settings_of(index, index.names.rules)[small_indices.EXPAND] == "0-2"
    index.client.close()
