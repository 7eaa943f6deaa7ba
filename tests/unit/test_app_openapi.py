"""The specification is valid, covers every endpoint, and agrees with what is read and sent."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any, cast

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from app.openapi.components import share_components
from catalog.domain.filters import Filters
from tests.unit.app_shop import client_of, shop


def resolve(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Returns the component that a schema is a reference to, else the schema."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return cast(dict[str, Any], spec["components"]["schemas"][name]) if name else schema


PAGES = {"/", "/docs", "/openapi.json", "/static/<path:filename>"}


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
                    assert response["content"]["application/json"]["schema"]["$ref"].endswith("/Error")
            if path.startswith("/v1"):
                assert {"200", "422", "500", "503"} <= set(operation["responses"])
                assert "Retry-After" in operation["responses"]["503"]["headers"]


def test_what_the_specification_calls_a_parameter_is_accepted(client: FlaskClient, spec: dict[str, Any]) -> None:
    examples = {"integer": "1", "number": "1", "boolean": "true", "string": "x"}
    for path in ("/v1/products", "/v1/products/{product_id}/similar"):
        for each in spec["paths"][path]["get"]["parameters"]:
            schema = resolve(spec, each["schema"])
            if each["in"] == "path" or each["name"] in ("model", "group_size") or schema.get("type") == "object":
                continue
            words = schema.get("enum") or resolve(spec, schema.get("items", {})).get("enum")
            plain = words[0] if words else examples.get(schema.get("type", "number"), "x")
            text = {"price_band": "0.5,1.5", "models": "color:1"}.get(each["name"], plain)
            answer = client.get(path.replace("{product_id}", "p-1"), query_string={each["name"]: text})
            assert answer.status_code == 200, (each["name"], answer.get_json())


def test_every_list_is_a_repeated_key(spec: dict[str, Any]) -> None:
    found = [
        each
        for operations in spec["paths"].values()
        for operation in operations.values()
        for each in operation.get("parameters", [])
        if resolve(spec, each["schema"]).get("type") == "array"
    ]
    assert {"size", "facets", "price_band", "models", "exclude_ids"} <= {each["name"] for each in found}
    assert all((each["style"], each["explode"]) == ("form", True) for each in found)


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
    agree("SearchBody", "/v1/search", {"query": {"product_id": "p-1"}}, valid=True)
    agree("SearchBody", "/v1/search", {"query": {"product_id": "p-1", "negative": ["p-2"]}}, valid=False)
    good = {"query": {"product_id": "p-1"}}
    for searches, valid in (([[None]], False), ([None], False), ([1], False), ([], False), ([good], True)):
        agree("BatchBody", "/v1/search/batch", {"searches": searches}, valid=valid)


def test_components_stand_there_once_under_plain_names(spec: dict[str, Any]) -> None:
    names = set(spec["components"]["schemas"])
    assert {"Filters", "Product", "Variant", "Rule", "Error", "SimilarAnswer"} <= names
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", name) for name in names)
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(spec)))
    assert names == used, "each is used, and what is used is there"


def test_operations_are_called_as_a_program_would_call_them(spec: dict[str, Any]) -> None:
    ids = [operation["operationId"] for path in spec["paths"].values() for operation in path.values()]
    assert len(set(ids)) == len(ids)
    assert {"similarProducts", "searchProducts", "searchByPhoto", "searchBatch", "putRule"} <= set(ids)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", each) for each in ids), "bp.doc(operation_id=...) names it"


def test_what_an_answer_may_leave_out_is_never_null(spec: dict[str, Any]) -> None:
    for name in ("Product", "SimilarHit"):
        schema = spec["components"]["schemas"][name]
        optional = set(schema["properties"]) - set(schema.get("required", ()))
        assert optional
        assert not [each for each in optional if {"type": "null"} in schema["properties"][each].get("anyOf", ())]


def test_no_property_has_a_default_that_makes_it_required(spec: dict[str, Any]) -> None:
    assert '"default":' not in json.dumps(spec["components"]["schemas"])
    body = spec["components"]["schemas"]["SearchBody"]
    assert body["required"] == ["query"] and "default 10" in body["properties"]["limit"]["description"]


def test_two_components_of_one_name_are_refused() -> None:
    spec: dict[str, Any] = {
        "paths": {},
        "components": {"schemas": {"A.C": {"type": "string"}, "B.C": {"type": "object"}}},
    }
    with pytest.raises(ValueError, match="two components are called C"):
        share_components(spec)


def test_lists_in_forms_may_be_json(client: FlaskClient) -> None:
    def ask(**fields: str) -> Any:
        photo = {"image": (BytesIO(b"no photo"), "a.jpg")}
        return client.post("/v1/search/image", data={**photo, **fields}).get_json()

    said = ask(bounding_box="0,0,2,1")["detail"]["problems"][0]["field"]
    assert ask(bounding_box="[0.0, 0.0, 2.0, 1.0]")["detail"]["problems"][0]["field"] == said
    good = ask(bounding_box="[0.0, 0.0, 1.0, 1.0]", price_min="1", color='["red", "blue"]')
    assert good["code"] != "invalid_request"
