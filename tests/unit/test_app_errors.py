"""Every error has one shape; none has a traceback; hosts and origins are checked."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.http.errors import STATUS, status_of
from catalog import errors
from tests.fake_stores import FakeProducts
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import client_of, shop


@pytest.fixture
def client() -> FlaskClient:
    return client_of(shop(), max_content_length=1024, max_upload_length=1500, cors_origins="https://shop.example")


def assert_error(answer: Any, status: int, code: str) -> None:
    body = answer.get_json()
    assert set(body) == {"code", "message", "detail"}
    assert (answer.status_code, body["code"]) == (status, code)
    assert body["message"] and isinstance(body["detail"], dict)
    assert answer.headers["X-Query-Id"]


def test_no_such_route(client: FlaskClient) -> None:
    assert_error(client.get("/v2/products"), 404, "not_found")
    assert_error(client.get("/v1/products/a/b/c"), 404, "not_found")


def test_wrong_method_says_which_are_right(client: FlaskClient) -> None:
    answer = client.delete("/v1/search")
    assert_error(answer, 405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_a_body_too_large(client: FlaskClient) -> None:
    assert_error(
        client.post("/v1/search", data=b"x" * 2000, content_type="application/json"), 413, "content_too_large"
    )


def test_what_an_operator_could_do_is_a_hint_and_not_in_the_message(client: FlaskClient) -> None:
    """A shop's page may show the message: it names no command and no setting of ours."""
    old = shop()
    old.version = 1
    unembedded, nobody = client_of(old).get("/v1/products/p-19/similar"), client_of(FakeCatalogue())
    found = [
        client.get("/v1/products", headers={"Host": "evil.example"}).get_json(),
        client.post("/v1/search", data=b"x" * 2000, content_type="application/json").get_json(),
        client.get("/metrics").get_json(),
        unembedded.get_json(),
        nobody.post("/v1/search", json={"query": {"vector": [1]}}).get_json(),
        *client_of(old).get("/v1/products/p-1/similar").get_json()["warnings"][-1:],
    ]
    assert [each["code"] for each in found] == [
        *("untrusted_host", "content_too_large", "not_public", "product_not_embedded", "model_not_found", "old_index")
    ]
    for each in found:
        assert each["detail"]["hint"] and not re.search(r"python -m|visual-search|[A-Z]+_[A-Z]+", each["message"])


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/products/none", "product_not_found"),
        ("GET", "/v1/products/none/similar", "product_not_found"),
        ("GET", "/v1/products/none/photo", "product_not_found"),
        ("GET", "/v1/products/p-1/similar?model=none", "model_not_found"),
        ("GET", "/v1/models/none", "model_not_found"),
        ("DELETE", "/v1/rules/none", "rule_not_found"),
        ("GET", "/v1/product/p-1", "not_found"),
    ],
)
def test_a_404_names_what_is_missing(method: str, path: str, code: str) -> None:
    answer = client_of(shop(), allow_anonymous_writes=True).open(path, method=method)
    assert_error(answer, 404, code)


def test_a_body_that_is_not_json(client: FlaskClient) -> None:
    assert_error(client.post("/v1/search", data="a=b"), 415, "unsupported_media_type")
    assert_error(
        client.post("/v1/search", data="{}", content_type="application/x-www-form-urlencoded"),
        415,
        "unsupported_media_type",
    )


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "a b"])
def test_an_untrusted_host(client: FlaskClient, host: str) -> None:
    assert_error(client.get("/v1/products", headers={"Host": host}), 400, "untrusted_host")


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000"])
def test_a_trusted_host(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_hosts_are_a_setting() -> None:
    below = client_of(shop(), trusted_hosts=".shop.example")
    assert below.get("/healthz", headers={"Host": "api.shop.example"}).status_code == 200
    assert below.get("/healthz", headers={"Host": "localhost"}).status_code == 400
    assert client_of(shop(), trusted_hosts="*").get("/healthz", headers={"Host": "any.example"}).status_code == 200


def test_a_mistake_of_ours_has_no_traceback_in_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeProducts):
        def read(self, product_id: str) -> Any:
            raise RuntimeError("a secret of the inside")

    broken = FakeCatalogue()
    broken.products = Broken(broken)
    with caplog.at_level(logging.ERROR):
        answer = client_of(broken).get("/v1/products/p-1")
    assert_error(answer, 500, "internal_error")
    assert "secret" not in answer.get_data(as_text=True)
    assert "a secret of the inside" in caplog.text


def test_every_domain_error_has_a_status() -> None:
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.VisualSearchError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        status = status_of(kind("message"))
        assert status in (400, 404, 409, 422, 503) or kind in (errors.VisualSearchError, errors.InvalidSetting)
    assert STATUS[errors.Unavailable] == 503


def test_cors_is_denied_unless_configured(client: FlaskClient) -> None:
    friend = client.get("/v1/products", headers={"Origin": "https://shop.example"})
    assert friend.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "X-Query-Id" in friend.headers["Access-Control-Expose-Headers"]
    stranger = client.get("/v1/products", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in stranger.headers
    assert "Origin" in stranger.headers["Vary"]
    closed = client_of(shop()).get("/v1/products", headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in closed.headers


def test_a_preflight_names_the_methods(client: FlaskClient) -> None:
    answer = client.options(
        "/v1/search", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"].split(", ")[:3] == [
        "Content-Type",
        "Authorization",
        "X-API-Key",
    ]


def test_one_log_line_per_request_when_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="app.access"):
        answer = client_of(shop(), access_log=True).get("/v1/products/p-1")
    [record] = [record for record in caplog.records if record.name == "app.access"]
    assert record.fields["query_id"] == answer.headers["X-Query-Id"]  # type: ignore[attr-defined]
    assert (record.fields["status"], record.fields["path"]) == (200, "/v1/products/p-1")  # type: ignore[attr-defined]
