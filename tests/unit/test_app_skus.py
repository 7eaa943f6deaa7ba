"""A product answers to every SKU of its sizes, wherever the API takes an id."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from catalog.domain import merchandising_rules
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import UNEMBEDDED, client_of, product, shop


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return shop()


@pytest.fixture
def client(catalogue: FakeCatalogue) -> FlaskClient:
    return client_of(catalogue)


def search(client: FlaskClient, **query: Any) -> Any:
    more = {name: query.pop(name) for name in ("exclude_ids", "exclude_source") if name in query}
    answer = client.post("/v1/search", json={"query": query, "limit": 30, **more})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def ids(answer: Any) -> list[str]:
    return [hit["id"] for hit in answer["hits"]]


def warnings(answer: Any) -> list[str]:
    return [each["code"] for each in answer["warnings"] if each["code"] != "implied_filters"]


def test_a_product_is_read_by_its_id_and_by_every_sku(client: FlaskClient) -> None:
    by_id = client.get("/v1/products/p-2").get_json()
    assert client.get("/v1/products/s-2-M").get_json() == client.get("/v1/products/s-2-L").get_json() == by_id
    gone = client.get("/v1/products/s-2-XL")
    assert (gone.status_code, gone.get_json()["code"]) == (404, "product_not_found")


def test_an_id_wins_over_the_sku_of_another_product(catalogue: FakeCatalogue) -> None:
    from catalog.domain.product import document, parse

    catalogue.put(document(parse({**product(90), "id": "s-2-M", "title": "Another"})))
    assert client_of(catalogue).get("/v1/products/s-2-M").get_json()["title"] == "Another"
    assert client_of(catalogue).get("/v1/products/s-2-L").get_json()["id"] == "p-2"


def test_similar_products_of_a_sku_are_those_of_its_product(client: FlaskClient) -> None:
    by_id = client.get("/v1/products/p-2/similar?limit=30&total=true&facets=size").get_json()
    assert client.get("/v1/products/s-2-L/similar?limit=30&total=true&facets=size").get_json() == by_id
    assert "p-2" not in ids(by_id) and by_id["total"] == 18
    assert search(client, product_id="s-2-M")["hits"] == by_id["hits"]
    fallback = client.get("/v1/products/s-19-M/similar?fallback=category&limit=30").get_json()
    assert len(ids(fallback)) == 19 and UNEMBEDDED not in ids(fallback)


def test_examples_and_exclusions_may_be_skus(client: FlaskClient) -> None:
    by_id = search(client, positive=["p-1", "p-2"], negative=["p-3"], exclude_ids=["p-4"])
    by_sku = search(client, positive=["s-1-M", "s-2-M", "s-1-L"], negative=["s-3-L"], exclude_ids=["s-4-M"])
    assert by_sku == by_id
    assert not {"p-1", "p-2", "p-3", "p-4"} & set(ids(by_sku))
    missing = search(client, positive=["s-1-M", "s-1-XL", "s-19-M"])
    assert missing["missing_ids"] == ["s-1-XL", "s-19-M"]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({"action": "hide", "target": {"ids": ["s-7-L"]}}, None),
        ({"action": "boost", "target": {"ids": ["s-7-M"]}, "amount": 1}, 1),
        ({"action": "pin", "target": {"ids": ["s-7-M", "s-7-L"]}, "position": 3}, 2),
    ],
)
def test_rules_know_products_by_their_skus(
    catalogue: FakeCatalogue, client: FlaskClient, rule: dict[str, Any], expected: int | None
) -> None:
    for when in ({}, {"when": {"ids": ["s-2-L"]}}):
        catalogue.rules.put(merchandising_rules.parse({"id": "r", **rule, **when}))
        answer = client.get("/v1/products/s-2-M/similar?limit=30").get_json()
        places = ids(answer)
        assert (places.index("p-7") if "p-7" in places else None) == expected
        assert len(places) == len(set(places)) and warnings(answer) == []
        groups = client.get("/v1/products/p-2/similar?limit=30&group_by=item_group_id&group_size=2").get_json()
        assert (ids(groups).index("p-7") if "p-7" in ids(groups) else None) == expected
    elsewhere = ids(client.get("/v1/products/p-3/similar?limit=30").get_json())
    assert elsewhere == ids(client_of(shop()).get("/v1/products/p-3/similar?limit=30").get_json())


def test_a_pin_that_another_name_of_the_source_leaves_out_is_no_mistake(
    catalogue: FakeCatalogue, client: FlaskClient
) -> None:
    catalogue.rules.put(
        merchandising_rules.parse({"id": "r", "action": "pin", "target": {"ids": ["s-2-L"]}, "position": 1})
    )
    answer = client.get("/v1/products/p-2/similar").get_json()
    assert (warnings(answer), "p-2" in ids(answer)) == ([], False)
    assert ids(client.get("/v1/products/p-3/similar").get_json())[0] == "p-2"


def test_a_write_to_a_sku_names_the_product_to_write_to(catalogue: FakeCatalogue) -> None:
    client = client_of(catalogue, allow_anonymous_writes=True)
    for answer in (client.patch("/v1/products/s-2-M", json={"title": "x"}), client.delete("/v1/products/s-2-M")):
        assert (answer.status_code, answer.get_json()["code"]) == (404, "product_not_found")
        assert answer.get_json()["detail"]["product_id"] == "p-2"
    assert catalogue.docs["p-2"]["title"] == "Linen dress 2"
    assert client.delete("/v1/products/nothing").get_json()["detail"] == {"id": "nothing"}


def test_no_product_is_called_like_a_size_of_another(catalogue: FakeCatalogue) -> None:
    client = client_of(catalogue, allow_anonymous_writes=True)
    refused = client.put("/v1/products/s-2-M", json={"title": "Hat"})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_product")
    assert "a SKU of product 'p-2'" in refused.get_json()["message"]
    assert "s-2-M" not in catalogue.docs
    assert client.put("/v1/products/s-9-new", json={"title": "Hat"}).status_code == 201
