"""Browsing, reading and the catalogue's status over HTTP."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from app.schemas.answers import BrowseAnswer, ProductAnswer, StatusAnswer
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import client_of, shop


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return shop()


@pytest.fixture
def client(catalogue: FakeCatalogue) -> FlaskClient:
    return client_of(catalogue)


def test_browse_pages_filters_sorts_and_counts(client: FlaskClient) -> None:
    answer = client.get(
        "/v1/products", query_string="color_family=red&available=true&sort=-price&limit=2&facets=color_family&q=dress"
    )
    page = BrowseAnswer.model_validate_json(answer.data, strict=True)
    assert [hit.id for hit in page.hits] == ["p-18", "p-12"]
    assert page.total == 5  # 0, 6, 9, 12, 18; 3 and 15 are sold out
    assert page.facets is not None and len(page.facets["color_family"]) == 3  # type: ignore[arg-type]


def test_browse_shows_only_the_fields_asked_for(client: FlaskClient) -> None:
    hits = client.get("/v1/products", query_string={"fields": "title,price", "limit": 1}).get_json()["hits"]
    assert hits == [{"id": "p-0", "product": {"title": "Linen dress 0", "price": 10.0}}]


def test_browse_refuses_an_unknown_sort(client: FlaskClient) -> None:
    answer = client.get("/v1/products", query_string={"sort": "prize"})
    assert answer.status_code == 422
    assert "did you mean price" in answer.get_json()["message"]
    assert "did you mean sort" in client.get("/v1/products?srt=id").get_json()["message"]


def test_a_product_is_read_whole_or_in_part(client: FlaskClient) -> None:
    whole = client.get("/v1/products/p-2")
    ProductAnswer.model_validate_json(whole.data)
    assert whole.get_json()["effective_price"] == 12.0
    assert whole.get_json()["sizes_available"] == ["M", "L"]
    assert client.get("/v1/products/p-2?fields=id,gender").get_json() == {"id": "p-2", "gender": "women"}


@pytest.mark.parametrize("name", ["nope", "%20", "a%00b", "x" * 2000, "%F0%9F%91%97", ".."])
def test_an_unknown_product_is_404(client: FlaskClient, name: str) -> None:
    answer = client.get(f"/v1/products/{name}")
    assert answer.status_code == 404
    assert answer.get_json()["code"] in ("product_not_found", "not_found")


def test_status_counts_each_space_by_outcome_and_reason(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    state = catalogue.docs["p-19"].setdefault("embedding", {})
    state["color__abc"] = {"status": "failed", "reason": "not_found"}
    answer = client_of(catalogue, public_status=True).get("/v1/catalog/status")
    status = StatusAnswer.model_validate_json(answer.data, strict=True)
    assert (status.products, status.with_image, status.available) == (20, 20, 15)
    [space] = status.spaces
    assert (space.space, space.serving, space.done, space.pending, space.retry) == ("color__abc", True, 19, 0, 0)
    assert space.failed == {"not_found": 1}


def test_status_of_a_catalogue_without_models() -> None:
    assert client_of(FakeCatalogue(), public_status=True).get("/v1/catalog/status").get_json()["spaces"] == []
