"""The specification is valid, covers every endpoint, and agrees with what is read and sent."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from catalog.domain.filters import Filters
from tests.unit.app_shop import client_of, shop

PAGES = {"/", "/docs", "/openapi.json", "/shop/photos/<product_id>", "/static/<path:filename>"}


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return client_of(shop())


@pytest.fixture(scope="module")
def spec(client: FlaskClient) -> dict[str, Any]:
    return cast(dict[str, Any], client.get("/openapi.json").get_json())


def test_the_specification_is_valid(spec: dict[str, Any]) -> None:
    validate(spec)
    assert spec["openapi"].startswith("3.1")
    assert spec["servers"] == [{"url": "/"}]


def test_every_endpoint_is_in_it(client: FlaskClient, spec: dict[str, Any]) -> None:
    rules = {rule.rule for rule in client.application.url_map.iter_rules()} - PAGES
    assert {re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule) for rule in rules} == set(spec["paths"])


def test_every_filter_is_a_parameter(spec: dict[str, Any]) -> None:
    for path in ("/v1/products", "/v1/products/{product_id}/similar"):
        names = {each["name"] for each in spec["paths"][path]["get"]["parameters"]}
        assert set(Filters.model_fields) - {"price"} | {"price_min", "price_max", "limit", "facets"} <= names


def test_every_parameter_and_error_is_described(spec: dict[str, Any]) -> None:
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            assert operation["summary"] and operation["operationId"] and operation["tags"]
            for status, response in operation["responses"].items():
                assert response["description"] and "X-Query-Id" in response["headers"]
                if status[0] in "45":
                    assert response["content"]["application/json"]["schema"]["$ref"].endswith("/HTTPError")
            if path.startswith("/v1"):
                assert {"200", "422", "500", "503"} <= set(operation["responses"])
                assert "Retry-After" in operation["responses"]["503"]["headers"]


def test_what_the_specification_calls_a_parameter_is_accepted(client: FlaskClient, spec: dict[str, Any]) -> None:
    examples = {"integer": "1", "number": "1", "boolean": "true", "string": "x"}
    for path in ("/v1/products", "/v1/products/{product_id}/similar"):
        for each in spec["paths"][path]["get"]["parameters"]:
            schema = each["schema"]
            if each["in"] == "path" or each["name"] in ("model", "group_size") or schema["type"] == "object":
                continue
            value = each.get("example") or schema.get("enum") or schema.get("items", {}).get("enum")
            text = (
                ",".join(map(str, value))
                if each["name"] == "price_band"
                else (value[0] if value else examples.get(schema["type"], "x"))
            )
            answer = client.get(path.replace("{product_id}", "p-1"), query_string={each["name"]: text})
            assert answer.status_code == 200, (each["name"], answer.get_json())


def test_docs_need_no_other_host(client: FlaskClient) -> None:
    for page in ("/docs", "/"):
        answer = client.get(page)
        assert answer.status_code == 200 and answer.mimetype == "text/html"
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        text = answer.get_data(as_text=True)
        assert "http:" not in text and "https:" not in text and "<script>" not in text
        links = re.findall(r'(?:src|href)="(/static/[^"]+)"', text)
        assert links
        for link in links:
            asset = client.get(link)
            assert asset.status_code == 200 and asset.data
            asset.close()
        answer.close()


def test_what_the_server_itself_answers_is_in_it(spec: dict[str, Any]) -> None:
    for operations in spec["paths"].values():
        for operation in operations.values():
            assert {"400", "408", "413", "414", "431", "500", "503"} <= set(operation["responses"])
            assert "Retry-After" in operation["responses"]["503"]["headers"]
    for path in ("/metrics", "/v1/catalog/status"):
        assert "403" in spec["paths"][path]["get"]["responses"]


def test_schema_and_reading_agree_on_what_names_a_photo(client: FlaskClient, spec: dict[str, Any]) -> None:
    """What schemathesis found: null in the place of what has to be named, a batch of no objects."""
    schemas = spec["components"]["schemas"]

    def agree(schema: str, path: str, body: Any, *, valid: bool) -> None:
        resolved = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": schemas}}
        assert Draft202012Validator(resolved).is_valid(body) is valid, body
        assert (client.post(path, json=body).status_code == 422) is not valid, body

    predict = "/v1/models/color/predict"
    for body in ({}, {"image": None}, {"image": None, "image_url": None}):
        agree("PredictBody", predict, body, valid=False)
    for body in ({"query": {}}, {"query": {"product_id": None}}, {"query": {"positive": []}}):
        agree("SearchBody", "/v1/search", body, valid=False)
    agree("SearchBody", "/v1/search", {"query": {"product_id": "p-1", "image": None}}, valid=True)
    for searches, valid in (([[None]], False), ([None], False), ([1], False), ([], False), ([{}], True)):
        agree("BatchBody", "/v1/search/batch", {"searches": searches}, valid=valid)


def test_lists_in_forms_may_be_json(client: FlaskClient) -> None:
    def ask(**fields: str) -> Any:
        photo = {"image": (BytesIO(b"no photo"), "a.jpg")}
        return client.post("/v1/search/image", data={**photo, **fields}).get_json()

    said = ask(bounding_box="0,0,2,1")["detail"]["problems"][0]["field"]
    assert ask(bounding_box="[0.0, 0.0, 2.0, 1.0]")["detail"]["problems"][0]["field"] == said
    good = ask(bounding_box="[0.0, 0.0, 1.0, 1.0]", price_min="1", color='["red", "blue"]')
    assert good["code"] != "invalid_request"
