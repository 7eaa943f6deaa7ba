"""Writing products over HTTP: whole ones, patches, deletions, and many at once."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from app.schemas.product_writes import BULK_EXAMPLE, PATCH_EXAMPLES, PUT_EXAMPLES, BulkAnswer, ProductWritten
from catalog.errors import Unavailable
from catalog.importing.writes import CHUNK, describe_version
from catalog.limits import MAX_BULK_LINES
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import SPACE, client_of, product, shop

HAT = {"title": "Straw hat", "price": 19.9, "currency": "EUR"}
LINES = "application/x-ndjson"
PATCH = "application/merge-patch+json"


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return shop()


@pytest.fixture
def client(catalogue: FakeCatalogue) -> FlaskClient:
    return client_of(catalogue, allow_anonymous_writes=True)


def bulk(client: FlaskClient, *lines: Any) -> Any:
    data = b"\n".join(line if isinstance(line, bytes) else orjson.dumps(line) for line in lines)
    answer = client.post("/v1/products/bulk", data=data, content_type=LINES)
    if answer.status_code == 200:
        BulkAnswer.model_validate_json(answer.data, strict=True)
    return answer


def test_a_product_is_created_replaced_and_left_alone(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    made = client.put("/v1/products/hat 1", json=HAT)
    assert (made.status_code, made.get_json()) == (201, {"id": "hat 1", "result": "created"})
    assert made.headers["Location"] == "/v1/products/hat%201"
    assert client.get(made.headers["Location"]).get_json()["effective_price"] == 19.9
    before = catalogue.docs["hat 1"]["updated_at"]
    same = client.put("/v1/products/hat 1", json={**HAT, "id": "hat 1"})
    assert (same.status_code, same.get_json()["result"]) == (200, "unchanged")
    assert catalogue.docs["hat 1"]["updated_at"] == before
    done = client.put("/v1/products/hat 1", json={"title": "Felt hat"})
    ProductWritten.model_validate_json(done.data, strict=True)
    assert done.get_json()["result"] == "updated"
    assert "price" not in client.get("/v1/products/hat 1").get_json()


def test_an_embedding_stays_until_the_photo_changes(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    whole = {name: value for name, value in product(1).items() if name != "id"}
    assert client.put("/v1/products/p-1", json={**whole, "title": "Gown"}).status_code == 200
    assert catalogue.state("p-1", SPACE)["status"] == "done"
    changed = {"image_url": "https://photos.example/new.jpg"}
    assert client.patch("/v1/products/p-1", json=changed, content_type=PATCH).status_code == 200
    assert catalogue.state("p-1", SPACE) == {}


def test_what_was_read_can_be_written_back(client: FlaskClient) -> None:
    """All fields but those that are derived: these are refused by name, not silently dropped."""
    read = client.get("/v1/products/p-1").get_json()
    answer = client.put("/v1/products/p-1", json=read)
    assert answer.status_code == 422
    derived = {each["field"] for each in answer.get_json()["detail"]["problems"]}
    assert "effective_price" in derived
    kept = {name: value for name, value in read.items() if name not in derived}
    assert client.put("/v1/products/p-1", json=kept).get_json() == {"id": "p-1", "result": "unchanged"}


def test_a_patch_merges_as_json_too(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    patch = {"sale_price": 8, "category": None, "attributes": {"fit": None, "length": "midi"}}
    assert client.patch("/v1/products/p-1", json=patch).get_json() == {"id": "p-1", "result": "updated"}
    stored = catalogue.docs["p-1"]
    assert (stored["sale_price"], stored["attributes"]) == (8.0, {"length": "midi"}) and "category" not in stored
    for example in PATCH_EXAMPLES.values():
        assert client.patch("/v1/products/p-1", json=example["value"], content_type=PATCH).status_code == 200


def test_a_product_is_deleted_once(client: FlaskClient) -> None:
    assert client.delete("/v1/products/p-1").get_json() == {"id": "p-1", "result": "deleted"}
    again = client.delete("/v1/products/p-1")
    assert (again.status_code, again.get_json()["code"]) == (404, "product_not_found")
    assert client.patch("/v1/products/p-1", json={"price": 1}).status_code == 404


def test_the_examples_of_the_documentation_are_accepted(client: FlaskClient) -> None:
    for example in PUT_EXAMPLES.values():
        assert client.put("/v1/products/dress", json=example["value"]).status_code == 201
    client.put("/v1/products/hat-2", json=HAT)
    client.put("/v1/products/hat-3", json=HAT)
    done = client.post("/v1/products/bulk", data=BULK_EXAMPLE, content_type=LINES).get_json()
    assert [item["result"] for item in done["items"]] == ["created", "updated", "deleted"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({**HAT, "id": "other"}, "the path says 'x' and the body 'other'"),
        ({"price": 1}, "title: is required"),
        ({**HAT, "colour": "red"}, "did you mean color?"),
        ({**HAT, "price": -1}, "price: "),
        ({**HAT, "variants": [{"size": "M"}]}, "variants.0.sku: is required"),
        ([HAT], "object"),
        (None, "object"),
    ],
)
def test_a_wrong_product_is_refused_in_words(
    client: FlaskClient, catalogue: FakeCatalogue, body: Any, said: str
) -> None:
    answer = client.put("/v1/products/x", data=json.dumps(body), content_type="application/json")
    assert answer.status_code == 422 and said in answer.get_json()["message"], answer.get_json()
    assert "x" not in catalogue.docs


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"id": "other"}, "keeps its id"),
        ({"colour": "red"}, "did you mean color?"),
        ({"title": None}, "title"),
        ({"price": "cheap"}, "price"),
        ({"available": False}, "patch those"),
    ],
)
def test_a_patch_that_leaves_no_product_is_refused_in_words(client: FlaskClient, patch: Any, said: str) -> None:
    answer = client.patch("/v1/products/p-1", json=patch)
    assert answer.status_code == 422 and said in answer.get_json()["message"], answer.get_json()


@pytest.mark.parametrize("name", ["%20x", "x%20", "%01", "x" * 257, "é" * 300])
def test_an_id_that_no_product_may_have_is_refused(client: FlaskClient, name: str) -> None:
    answer = client.put(f"/v1/products/{name}", json=HAT)
    assert answer.status_code == 422 and "id" in answer.get_json()["message"]


def test_a_product_may_be_called_bulk(client: FlaskClient) -> None:
    assert client.put("/v1/products/bulk", json=HAT).status_code == 201
    assert client.get("/v1/products/bulk").get_json()["title"] == "Straw hat"
    assert client.delete("/v1/products/bulk").status_code == 200


def test_a_body_that_is_no_json_or_none_of_ours(client: FlaskClient) -> None:
    assert client.put("/v1/products/x", data="{", content_type="application/json").status_code == 400
    assert client.put("/v1/products/x", data="title=x").status_code == 415
    for kind in ("application/json", "text/plain", None):
        assert client.post("/v1/products/bulk", data=b'{"id":"x"}', content_type=kind).status_code == 415
    zipped = client.post("/v1/products/bulk", data=b"x", content_type=LINES, headers={"Content-Encoding": "gzip"})
    assert zipped.status_code == 415 and "not compressed" in zipped.get_json()["message"]


def test_only_what_was_read_is_written_over(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    tag = f'"{describe_version(catalogue.docs["p-1"])}"'
    done = client.patch("/v1/products/p-1", json={"price": 5}, headers={"If-Match": tag})
    assert done.get_json()["result"] == "updated"
    for method, body in (("PATCH", {"price": 6}), ("PUT", HAT), ("DELETE", None)):
        late = client.open("/v1/products/p-1", method=method, json=body, headers={"If-Match": tag})
        assert (late.status_code, late.get_json()["code"]) == (412, "precondition_failed")
    assert catalogue.docs["p-1"]["price"] == 5.0
    for tag in ("*", f'"{describe_version(catalogue.docs["p-1"])}.0123-gzip", "x"'):
        headers = {"If-Match": tag}
        assert client.patch("/v1/products/p-1", json={"price": 5}, headers=headers).status_code == 200
    assert client.put("/v1/products/new", json=HAT, headers={"If-Match": "*"}).status_code == 412
    assert client.delete("/v1/products/new", headers={"If-Match": "*"}).status_code == 404


def test_only_what_is_not_there_is_created(client: FlaskClient) -> None:
    headers = {"If-None-Match": "*"}
    assert client.put("/v1/products/new", json=HAT, headers=headers).status_code == 201
    assert client.put("/v1/products/new", json={**HAT, "price": 1}, headers=headers).status_code == 412


def test_a_condition_holds_for_what_is_there_at_the_last_moment(
    client: FlaskClient, catalogue: FakeCatalogue
) -> None:
    tag = f'"{describe_version(catalogue.docs["p-1"])}"'

    def race(product_id: str) -> None:
        catalogue.before_write = lambda _: None
        catalogue.put(catalogue.docs[product_id] | {"title": "Gown"})

    catalogue.before_write = race
    late = client.patch("/v1/products/p-1", json={"price": 5}, headers={"If-Match": tag})
    assert late.status_code == 412 and catalogue.docs["p-1"]["title"] == "Gown"


def test_one_bad_line_spoils_no_other(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    done = bulk(
        client,
        {"id": "a", **HAT},
        {"id": "b", "titel": "no"},
        b"  \r",
        {"op": "patch", "id": "p-1", "price": 3},
        {"op": "patch", "id": "p-2", "colour": "red"},
        {"op": "patch", "id": "nobody", "price": 1},
        {"op": "delete", "id": "p-3"},
        {"op": "delete", "id": "p-4", "price": 1},
        {"op": "upsert", "id": "p-5"},
        {"id": "a", **HAT},
        {**HAT},
        {"id": 7, **HAT},
        b"[1, 2]",
        b'{"id":"caf\xe9"}',
        {"id": "p-1 ", **HAT},
        b'{"id":"half","tit',
    ).get_json()
    assert [(item["line"], item["id"], item["status"]) for item in done["items"]] == [
        (1, "a", 201),
        (2, "b", 422),
        (4, "p-1", 200),
        (5, "p-2", 422),
        (6, "nobody", 404),
        (7, "p-3", 200),
        (8, "p-4", 422),
        (9, "p-5", 422),
        (10, "a", 422),
        (11, None, 422),
        (12, None, 422),
        (13, None, 400),
        (14, None, 400),
        (15, "p-1 ", 422),
        (16, None, 400),
    ]
    counts = {name: done[name] for name in ("created", "updated", "unchanged", "deleted", "failed")}
    assert counts == {"created": 1, "updated": 1, "unchanged": 0, "deleted": 1, "failed": 12}
    assert "line 1 has it already" in done["items"][8]["message"]
    assert "did you mean title?" in str(done["items"][1]["detail"])
    assert all(item["message"] and item["code"] for item in done["items"] if item["status"] >= 400)
    assert catalogue.docs["p-1"]["price"] == 3.0 and "p-3" not in catalogue.docs and "half" not in catalogue.docs


def test_ten_thousand_lines_are_written_in_few_requests(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    reads: list[int] = []
    read_many = catalogue.products.read_many

    def count(ids: Any) -> Any:
        reads.append(len(ids))
        return read_many(ids)

    catalogue.products.read_many = count  # type: ignore[method-assign]
    lines = [{"id": f"n-{number}", **HAT} for number in range(MAX_BULK_LINES)]
    done = bulk(client, *lines).get_json()
    assert (done["created"], done["failed"], len(done["items"])) == (MAX_BULK_LINES, 0, MAX_BULK_LINES)
    assert [item["id"] for item in done["items"]] == [line["id"] for line in lines]
    assert reads == [CHUNK] * (MAX_BULK_LINES // CHUNK)
    refused = bulk(client, *lines, {"id": "one more", **HAT})
    assert refused.status_code == 422 and "send several" in refused.get_json()["message"]
    assert "one more" not in catalogue.docs


def test_a_bulk_may_be_larger_than_other_bodies_but_not_of_any_size(catalogue: FakeCatalogue) -> None:
    client = client_of(catalogue, allow_anonymous_writes=True, max_content_length=2000, max_upload_length=50_000)
    line = {"id": "a", **HAT, "description": "x" * 10_000}
    assert bulk(client, line).status_code == 200
    assert (
        bulk(
            client, {**line, "description": "x" * 32_000}, {**line, "id": "b", "description": "x" * 32_000}
        ).status_code
        == 413
    )
    assert bulk(client, b"").status_code == bulk(client, b"\n \n").status_code == 422


def test_conflicts_are_the_line_s_own(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    def contend(product_id: str) -> None:
        if product_id == "p-1":
            catalogue.put(catalogue.docs["p-1"])

    catalogue.before_write = contend
    lines = [{"op": "patch", "id": f"p-{number}", "price": 77} for number in range(3)]
    done = bulk(client, *lines).get_json()
    assert [item["status"] for item in done["items"]] == [200, 409, 200]
    assert done["items"][1]["code"] == "write_conflict"


def test_where_elasticsearch_goes_away_midway_what_is_left_is_told(
    client: FlaskClient, catalogue: FakeCatalogue
) -> None:
    write, calls = catalogue.products.write, []

    def fail_later(changes: Any) -> Any:
        calls.append(len(changes))
        if len(calls) > 1:
            raise Unavailable("Elasticsearch at hidden.example does not answer")
        return write(changes)

    catalogue.products.write = fail_later  # type: ignore[method-assign]
    lines = [{"id": f"n-{number}", **HAT} for number in range(2 * CHUNK)]
    answer = bulk(client, {"id": "bad"}, *lines)
    done = answer.get_json()
    assert (done["created"], done["failed"]) == (CHUNK, CHUNK + 1)
    assert {item["status"] for item in done["items"][CHUNK + 1 :]} == {503}
    assert b"hidden.example" not in answer.data
    refused = bulk(client, *lines[-3:])
    assert refused.status_code == 503 and "Retry-After" in refused.headers


def test_nobody_writes_products_without_a_key_of_the_catalogue(catalogue: FakeCatalogue) -> None:
    client, before = client_of(catalogue), len(catalogue.docs)
    keys = {scope: {"X-API-Key": catalogue.api_keys.give(scope)} for scope in ("search", "catalog", "admin")}
    for method, path, kind in (
        ("PUT", "/v1/products/x", "application/json"),
        ("PATCH", "/v1/products/p-1", PATCH),
        ("DELETE", "/v1/products/p-1", None),
        ("POST", "/v1/products/bulk", LINES),
    ):
        asked: dict[str, Any] = {"method": method, "data": b'{"id":', "content_type": kind}
        assert client.open(path, **asked).status_code == 401
        assert client.open(path, **asked, headers=keys["search"]).status_code == 403
        assert client.open(path, **asked, headers=keys["admin"]).status_code == 403
    assert len(catalogue.docs) == before
    assert client.put("/v1/products/x", json=HAT, headers=keys["catalog"]).status_code == 201


def test_the_specification_knows_the_bodies(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").get_json()["paths"]
    assert "201" in paths["/v1/products/{product_id}"]["put"]["responses"]
    assert PATCH in paths["/v1/products/{product_id}"]["patch"]["requestBody"]["content"]
    assert list(paths["/v1/products/bulk"]["post"]["requestBody"]["content"]) == [LINES]
