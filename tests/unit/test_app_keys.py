"""API keys over HTTP: who may what, how a refusal looks, and that no key is ever written anywhere."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.http import access
from app.http.flood_gate import find_gate
from catalog.domain.api_keys import make_key
from catalog.errors import Unavailable
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import client_of, shop

SIMILAR = "/v1/products/p-1/similar"
HIDE = {"action": "hide", "target": {"ids": ["p-2"]}}
PAST = datetime.now(UTC) - timedelta(seconds=1)
OPEN = ("/healthz", "/openapi.json", "/docs", "/", "/static/docs/docs.js")
READS = (
    SIMILAR,
    "/v1/products",
    "/v1/products/p-1",
    "/v1/rules",
    "/v1/models",
    "/v1/models/color",
    "/v1/products/p-1/photo",
)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def refusal(answer: Any) -> tuple[int, str, Any]:
    body = answer.get_json()
    return answer.status_code, body["code"], body["detail"].get("reason")


def test_a_key_is_sent_in_either_header_and_writes_what_its_scope_says() -> None:
    catalogue = shop()
    client, key = client_of(catalogue), catalogue.api_keys.give("admin")
    for headers in (
        bearer(key),
        {"X-API-Key": key},
        {"Authorization": f"bearer  {key} "},
        bearer(key) | {"X-API-Key": key},
    ):
        assert client.put("/v1/rules/r", json=HIDE, headers=headers).status_code == 200, headers
        assert client.delete("/v1/rules/r", headers=headers).status_code == 200
        assert client.get(SIMILAR, headers=headers).status_code == 200  # open to everybody, to keys of any scope too


def test_without_a_key_nobody_writes_and_is_told_what_to_send() -> None:
    catalogue = shop()
    answer = client_of(catalogue).put("/v1/rules/r", data="not even JSON")  # refused before it is read
    assert refusal(answer) == (401, "key_required", "missing")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="visual-search"'
    assert "admin" in answer.get_json()["message"] and "Authorization: Bearer" in answer.get_json()["message"]
    assert catalogue.rules.kept == {}


def test_a_key_of_another_scope_is_told_which_one_is_lacking() -> None:
    catalogue = shop()
    key = catalogue.api_keys.give("search", "catalog")
    answer = client_of(catalogue).put("/v1/rules/r", json=HIDE, headers=bearer(key))
    assert refusal(answer)[:2] == (403, "scope_lacking")
    assert answer.get_json()["detail"] == {"key": key[:11], "scope": "admin"}
    assert 'error="insufficient_scope", scope="admin"' in answer.headers["WWW-Authenticate"]


def test_anonymous_writers_may_where_the_setting_says_so_with_any_good_key_too() -> None:
    catalogue = shop()
    client = client_of(catalogue, allow_anonymous_writes=True)
    assert client.put("/v1/rules/r", json=HIDE).status_code == 200
    assert client.put("/v1/rules/r", json=HIDE, headers=bearer(catalogue.api_keys.give("search"))).status_code == 200
    assert refusal(client.put("/v1/rules/r", json=HIDE, headers=bearer(make_key("x", ("admin",))[1])))[0] == 401


def test_a_search_that_is_not_public_needs_the_scope_search() -> None:
    catalogue = shop()
    client = client_of(catalogue, public_search=False, public_status=True)
    good, wrong = catalogue.api_keys.give("search"), catalogue.api_keys.give("catalog", "admin")
    for path in (*READS, "/v1/catalog/status"):
        assert refusal(client.get(path))[:2] == (401, "key_required"), path
        assert refusal(client.head(path) and client.get(path, headers=bearer(wrong)))[:2] == (403, "scope_lacking")
        assert client.get(path, headers=bearer(good)).status_code not in (401, 403), path
    asked = {"query": {"product_id": "p-1"}}
    assert client.post("/v1/search", json=asked).status_code == 401
    assert client.post("/v1/search", json=asked, headers=bearer(good)).status_code == 200
    for path in (*OPEN, "/readyz", "/metrics"):
        with client.get(path) as answer:
            assert answer.status_code == 200, path


def test_every_endpoint_is_a_question_or_a_write_unless_it_is_listed_as_open() -> None:
    app = client_of(shop()).application
    found = {rule.endpoint for rule in app.url_map.iter_rules() if access.scope_of(rule.endpoint, app) is None}
    assert found == access.OPEN


KEY = make_key("nobody's", ("admin",))[1]


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        (bearer(KEY), "unknown"),
        ({"X-API-Key": KEY}, "unknown"),
        (bearer(KEY[:-1]), "malformed"),
        (bearer(KEY + "A"), "malformed"),
        (bearer(KEY.upper()), "malformed"),
        (bearer(f"{KEY} {KEY}"), "malformed"),
        (bearer(f"{KEY},{KEY}"), "malformed"),
        (bearer(""), "malformed"),
        ({"Authorization": "Bearer"}, "malformed"),
        ({"X-API-Key": ""}, "malformed"),
        (bearer("eyJhbGciOiJub25lIn0.e30."), "malformed"),
        (bearer("vs_ünïcödé_" + "é" * 43), "malformed"),
        (bearer("vs_" + "٠" * 8 + "_" + "A" * 43), "malformed"),
        (bearer("x" * 5000), "malformed"),
        (bearer(KEY) | {"X-API-Key": make_key("x", ("admin",))[1]}, "malformed"),
    ],
)
@pytest.mark.parametrize("path", [SIMILAR, "/v1/products"])
def test_a_key_that_is_none_is_refused_even_where_none_is_needed(path: str, headers: Any, reason: str) -> None:
    encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
    answer = client_of(shop()).get(path, headers=encoded)
    assert refusal(answer) == (401, "invalid_key", reason)
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_expired_and_revoked_keys_are_told_apart_only_to_whom_they_belong() -> None:
    catalogue = shop()
    client = client_of(catalogue)
    for changes, reason in (({"expires_at": PAST}, "expired"), ({"revoked_at": PAST}, "revoked")):
        key = catalogue.api_keys.give("admin", **changes)
        assert refusal(client.get(SIMILAR, headers=bearer(key))) == (401, "invalid_key", reason)
        guess = key[:12] + make_key("x", ("admin",))[1][12:]  # its id, another secret
        assert refusal(client.get(SIMILAR, headers=bearer(guess))) == (401, "invalid_key", "unknown")
    key = catalogue.api_keys.give("admin", expires_at=datetime.now(UTC) + timedelta(days=1))
    assert client.get(SIMILAR, headers=bearer(key)).status_code == 200


def test_other_schemes_are_none_of_ours() -> None:
    for value in ("Basic dXNlcjpwYXNz", "Digest x", "nonsense", ""):
        assert client_of(shop()).get(SIMILAR, headers={"Authorization": value}).status_code == 200


def test_a_key_is_no_parameter() -> None:
    for name in ("key", "api_key", "access_token"):
        answer = client_of(shop()).get("/v1/products", query_string={name: KEY})
        assert answer.status_code == 422 and KEY not in answer.get_data(as_text=True)


def test_a_browser_asks_for_permission_without_a_key() -> None:
    client = client_of(shop(), public_search=False, cors_origins=("https://shop.example",))
    asked = {
        "Origin": "https://shop.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization",
    }
    answer = client.options("/v1/rules/r", headers=asked)
    assert answer.status_code == 200 and "Authorization" in answer.headers["Access-Control-Allow-Headers"]
    refused = client.put("/v1/rules/r", json=HIDE, headers={"Origin": "https://shop.example"})
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "https://shop.example"  # so that a page can read why


def test_a_rate_is_a_key_s_own_or_the_setting_s() -> None:
    catalogue = shop()
    client = client_of(catalogue, api_key_rate="3/h")
    usual, quick, slow = (catalogue.api_keys.give("search", rate=rate) for rate in (None, "1000/s", "1/h"))
    for key, allowed in ((usual, 3), (slow, 1)):
        statuses = [client.get("/v1/rules", headers=bearer(key)).status_code for _ in range(allowed + 2)]
        assert statuses == [200] * allowed + [429] * 2
    answer = client.get("/v1/rules", headers=bearer(usual))
    assert refusal(answer)[:2] == (429, "rate_limited")
    assert answer.get_json()["detail"] == {"key": usual[:11], "rate": "3/h"}
    assert 1 < int(answer.headers["Retry-After"]) <= 1200
    assert {client.get("/v1/rules", headers=bearer(quick)).status_code for _ in range(20)} == {200}
    assert {client.get("/v1/rules").status_code for _ in range(5)} == {200}  # who has no key is not counted


def test_a_flood_is_turned_away_before_it_takes_a_thread() -> None:
    catalogue = shop()
    client = client_of(catalogue)
    gate = find_gate(client.application)
    assert gate is not None and find_gate(object()) is None
    key = catalogue.api_keys.give("search", rate="1/h")

    def refused(key: str, name: str = "AUTHORIZATION") -> Any:
        return gate.find_refusal([("HOST", "localhost"), (name, f"Bearer {key}" if name[0] == "A" else key)])

    assert refused(key) is None  # looking takes nothing
    assert client.get("/v1/rules", headers=bearer(key)).status_code == 200
    for name in ("AUTHORIZATION", "X-API-KEY"):
        found = refused(key, name)
        assert (found.code, found.detail) == ("rate_limited", {"key": key[:11], "rate": "1/h"})
        assert 3000 < found.retry_after <= 3600
    free, gone = catalogue.api_keys.give("search"), catalogue.api_keys.give("search", rate="1/h", revoked_at=PAST)
    for other in (key[:-1], key[:12] + KEY[12:], KEY, free, gone, "", "nonsense"):
        assert refused(other) is None  # the application says why


def test_a_key_that_cannot_be_checked_is_a_503_and_who_has_none_is_answered() -> None:
    class Unread:
        def get_all(self) -> Any:
            raise Unavailable("Elasticsearch answered 403: security_exception for hidden-index")

    catalogue = shop()
    catalogue.api_keys = Unread()  # type: ignore[assignment]
    client = client_of(catalogue)
    answer = client.get(SIMILAR, headers=bearer(KEY))
    assert answer.status_code == 503 and "hidden" not in answer.get_data(as_text=True)
    assert client.get(SIMILAR).status_code == 200
    assert refusal(client.get(SIMILAR, headers=bearer("nonsense")))[0] == 401


def test_no_key_is_written_anywhere(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    catalogue = shop()
    client = client_of(catalogue, access_log=True, public_status=True)
    good, poor = catalogue.api_keys.give("admin"), catalogue.api_keys.give("search")
    often = catalogue.api_keys.give("search", rate="1/h")

    def fail(product_id: str) -> Any:
        raise RuntimeError("a mistake of ours")

    def ask(client: FlaskClient, key: str) -> list[Any]:
        return [
            client.get(SIMILAR, headers=bearer(key)),
            client.get("/v1/products/nope", headers={"X-API-Key": key}),
            client.get("/v1/products?limit=x", headers=bearer(key)),
            client.put("/v1/rules/r", json=HIDE, headers=bearer(key)),
            client.get("/nowhere", headers=bearer(key)),
        ]

    answers = [each for key in (good, poor, often, KEY, KEY[:-1]) for each in ask(client, key)]
    catalogue.products.read = fail  # type: ignore[method-assign, assignment]
    answers.append(client.get("/v1/products/p-1", headers=bearer(good)))
    answers.append(client.get("/metrics"))
    assert {200, 401, 403, 404, 422, 429, 500} <= {each.status_code for each in answers}
    shown = capfd.readouterr()
    written = [shown.out, shown.err, *(f"{each.headers}{each.get_data(as_text=True)}" for each in answers)]
    for record in caplog.records:
        written.append(logging.Formatter().format(record) + str(vars(record)))
    hashes = {each.hash for each in catalogue.api_keys.kept.values()}
    secrets = {key[12:-1] for key in (good, poor, often, KEY)} | hashes
    assert [text for text in written if any(secret in text for secret in secrets)] == []
    named = [getattr(record, "fields", {}).get("key") for record in caplog.records if record.name == "app.access"]
    assert good[:11] in named  # whose request it was is in the access log


def test_the_specification_says_what_this_server_wants() -> None:
    closed = client_of(shop(), public_search=False).get("/openapi.json").get_json()
    opened = client_of(shop(), allow_anonymous_writes=True).get("/openapi.json").get_json()
    assert {"type": "http", "scheme": "bearer"}.items() <= closed["components"]["securitySchemes"]["key"].items()
    for path, verb in (("/v1/rules/{rule_id}", "put"), ("/v1/products", "get")):
        there = closed["paths"][path][verb]
        assert [next(iter(each)) for each in there["security"]] == ["key", "keyHeader"]
        assert {"401", "403", "429"} <= there["responses"].keys()
        assert "WWW-Authenticate" in there["responses"]["401"]["headers"]
        assert "security" not in opened["paths"][path][verb]
    assert "security" not in closed["paths"]["/healthz"]["get"]


def test_keys_of_a_catalogue_are_not_those_of_another() -> None:
    one, other = shop(), FakeCatalogue()
    key = one.api_keys.give("search")
    assert client_of(one).get("/v1/rules", headers=bearer(key)).status_code == 200
    assert client_of(other).get("/v1/rules", headers=bearer(key)).status_code == 401
