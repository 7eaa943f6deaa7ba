"""Every error has one shape; none has a traceback; hosts and origins are checked."""

from __future__ import annotations

import logging
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
    assert stranger.headers["Vary"] == "Origin"
    closed = client_of(shop()).get("/v1/products", headers={"Origin": "https://shop.example"})
    assert "Access-Control-Allow-Origin" not in closed.headers


def test_a_preflight_names_the_methods(client: FlaskClient) -> None:
    answer = client.options(
        "/v1/search", headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"


def test_one_log_line_per_request_when_asked_for(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="app.access"):
        answer = client_of(shop(), access_log=True).get("/v1/products/p-1")
    [record] = [record for record in caplog.records if record.name == "app.access"]
    assert record.fields["query_id"] == answer.headers["X-Query-Id"]  # type: ignore[attr-defined]
    assert (record.fields["status"], record.fields["path"]) == (200, "/v1/products/p-1")  # type: ignore[attr-defined]
