"""Merchandising rules and the fallback over HTTP."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.schemas.answers import SimilarAnswer
from app.schemas.rules import EXAMPLES, RulesAnswer
from catalog.domain.merchandising_rulebook import UNKNOWN, Rulebook
from catalog.errors import Unavailable
from tests.fake_stores import FakeRules
from tests.unit.app_shop import UNEMBEDDED, client_of, shop

WRITING = ("put", "delete", "patch")  # what is posted here are questions
HIDE = {"action": "hide", "target": {"filter": {"color_family": "red"}}}
PIN = {"action": "pin", "target": {"ids": ["p-17"]}, "position": 2}
SIMILAR = "/v1/products/p-1/similar"


@pytest.fixture
def client() -> FlaskClient:
    return client_of(shop(), allow_anonymous_writes=True)


def put(client: FlaskClient, rule_id: str, body: Any) -> Any:
    answer = client.put(f"/v1/rules/{rule_id}", json=body)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def test_a_rule_is_kept_read_replaced_and_deleted(client: FlaskClient) -> None:
    assert client.get("/v1/rules").get_json() == {"rules": []}
    kept = put(client, "summer-1", {**PIN, "valid_from": "2027-06-01T02:00:00+02:00", "note": "campaign"})
    assert kept.pop("updated_at").endswith("Z")
    assert kept == {"id": "summer-1", **PIN, "valid_from": "2027-06-01T00:00:00Z", "note": "campaign"}
    put(client, "a", HIDE)
    listed = RulesAnswer.model_validate_json(client.get("/v1/rules").data)
    assert [rule.id for rule in listed.rules] == ["a", "summer-1"]
    sent_back = put(client, "a", client.get("/v1/rules").get_json()["rules"][0])
    assert sent_back["target"] == {"filter": {"color_family": ["red"]}}
    assert client.delete("/v1/rules/a").get_json() == {"deleted": "a"}
    again = client.delete("/v1/rules/a")
    assert (again.status_code, again.get_json()["code"]) == (404, "rule_not_found")
    assert [rule["id"] for rule in client.get("/v1/rules").get_json()["rules"]] == ["summer-1"]


def test_rules_act_on_similar_products_and_the_answer_explains(client: FlaskClient) -> None:
    put(client, "hide-red", HIDE)
    put(client, "pin", PIN)
    answer = client.get(SIMILAR, query_string={"explain": "true", "limit": 50, "fields": "color_family"})
    body = SimilarAnswer.model_validate_json(answer.data, strict=True)
    assert body.hits[1].id == "p-17" and body.hits[1].explain is not None
    assert body.hits[1].explain.rules == ["pin"] and body.hits[1].explain.rank_after == 2
    assert {hit["product"]["color_family"] for hit in answer.get_json()["hits"]} == {"blue", "green"}
    filtered = client.get(SIMILAR, query_string={"color_family": "blue"}).get_json()["hits"]
    assert "p-17" not in {hit["id"] for hit in filtered}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({**PIN, "position": -1}, "position: Input should be greater than or equal to 1"),
        ({**PIN, "position": "1"}, "position: Input should be a valid integer"),
        ({**HIDE, "when": {"filter": {"colour": "red"}}}, "unknown filter; did you mean color?"),
        ({**HIDE, "targets": {}}, "unknown field; did you mean target?"),
        ({**HIDE, "target": {}}, "name products by either ids or a filter"),
        ({**HIDE, "valid_from": "2027-02-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}, "before valid_until"),
        ({**HIDE, "valid_from": 1}, "valid_from: Input should be a valid datetime"),
        ({**HIDE, "id": "other"}, "the path says 'r' and the body 'other'"),
        ({"action": "hide"}, "target: is required"),
    ],
)
def test_a_wrong_rule_is_refused_in_words(client: FlaskClient, body: Any, message: str) -> None:
    answer = client.put("/v1/rules/r", json=body)
    assert answer.status_code == 422 and message in answer.get_json()["message"], answer.get_json()
    assert client.get("/v1/rules").get_json() == {"rules": []}


def test_an_id_of_a_rule_is_plain(client: FlaskClient) -> None:
    for name in ("a b", "-a", "x" * 129, "ü"):
        answer = client.put(f"/v1/rules/{name}", json=HIDE)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_rule"), name


def test_the_examples_of_the_documentation_are_accepted(client: FlaskClient) -> None:
    for name, example in EXAMPLES.items():
        put(client, name, example["value"])


def test_a_product_without_an_embedding_gets_its_category_where_asked(client: FlaskClient) -> None:
    path = f"/v1/products/{UNEMBEDDED}/similar"
    assert client.get(path).status_code == 409
    for answer in (
        client.get(path, query_string={"fallback": "category", "limit": 3, "total": "true"}),
        client.post(
            "/v1/search",
            json={"query": {"product_id": UNEMBEDDED}, "fallback": "category", "limit": 3, "total": True},
        ),
    ):
        body = SimilarAnswer.model_validate_json(answer.data, strict=True)
        assert body.plan.strategy == "fallback" and body.total == 19
        assert [hit.score for hit in body.hits] == [None] * 3
        assert "category 'dress'" in body.warnings[0].message
        assert all(hit["product"]["available"] for hit in answer.get_json()["hits"])
    wrong = client.get(path, query_string={"fallback": "brand"})
    assert wrong.status_code == 422 and "fallback" in wrong.get_json()["message"]


def test_refused_writes_do_not_make_shoppers_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = shop()

    def refuse(_: Any) -> None:
        raise Unavailable("Elasticsearch answered 403: security_exception")

    monkeypatch.setattr(catalogue.rules, "put", refuse)
    client = client_of(catalogue, allow_anonymous_writes=True)
    assert [client.put("/v1/rules/r", json=HIDE).status_code for _ in range(5)] == [503] * 5
    assert client.get(SIMILAR).status_code == 200


@pytest.mark.parametrize("settings", [{}, {"allow_anonymous_writes": False}], ids=str)
def test_nobody_writes_rules_where_writing_is_not_allowed(settings: Any) -> None:
    catalogue = shop()
    client = client_of(catalogue, **settings)
    for answer in (
        client.put("/v1/rules/r", json=HIDE),
        client.put("/v1/rules/r", data="not even JSON"),  # refused before it is read
        client.put("/v1/rules/a b", json=HIDE),
        client.delete("/v1/rules/r"),
        client.delete("/v1/rules/r?nonsense=1"),
    ):
        body = answer.get_json()
        assert (answer.status_code, body["code"]) == (401, "key_required")
        assert body["detail"] == {"reason": "missing", "scope": "admin"}
    assert catalogue.rules.kept == {}
    assert client.get("/v1/rules").get_json() == {"rules": []}


def test_every_endpoint_that_writes_is_guarded(client: FlaskClient) -> None:
    closed = client_of(shop())
    spec = closed.get("/openapi.json").get_json()
    writing = [(path, verb) for path, verbs in spec["paths"].items() for verb in verbs if verb in WRITING]
    assert ("/v1/rules/{rule_id}", "put") in writing and ("/v1/rules/{rule_id}", "delete") in writing
    for path, verb in writing:
        answer = closed.open(re.sub(r"{\w+}", "r", path), method=verb.upper(), json={})
        assert answer.status_code == 401, (verb, path)
        assert {"401", "403"} <= spec["paths"][path][verb]["responses"].keys()


def test_rules_may_name_only_so_many_products_in_all(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.domain.merchandising_rulebook.MAX_NAMED", 5)
    put(client, "a", {"action": "hide", "target": {"ids": ["1", "2"]}, "when": {"ids": ["3"]}})
    put(client, "b", {"action": "hide", "target": {"filter": {"brand": ["x"], "attributes": {"fit": ["slim"]}}}})
    refused = client.put("/v1/rules/c", json={"action": "hide", "target": {"ids": ["1"]}})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_rule")
    assert refused.get_json()["detail"] == {"named": 5, "asked": 1, "allowed": 5}
    assert "5 ids" in refused.get_json()["message"]
    put(client, "a", {"action": "hide", "target": {"ids": ["1", "2", "3"]}})  # in its own place there is room
    monkeypatch.setattr("catalog.domain.merchandising_rulebook.MAX_NAMED", 2)
    put(client, "a", {"action": "hide", "target": {"ids": ["1", "2"]}})  # fewer than before, if still too many
    assert client.delete("/v1/rules/b").status_code == 200


def test_there_is_an_answer_where_rules_were_never_read_and_it_says_so() -> None:
    class Unread(FakeRules):
        def get_rulebook(self) -> Rulebook:
            return UNKNOWN

    catalogue = shop()
    catalogue.rules = Unread(catalogue)
    client = client_of(catalogue)
    for path in (SIMILAR, f"/v1/products/{UNEMBEDDED}/similar?fallback=category"):
        body = SimilarAnswer.model_validate_json(client.get(path).data, strict=True)
        assert body.hits and [each.code for each in body.warnings][-1] == "rules_unavailable"
