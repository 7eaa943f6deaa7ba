"""The API's answers from the real Elasticsearch, held against numpy."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from flask.testing import FlaskClient

from app import create_app
from app.schemas.answers import BrowseAnswer, SimilarAnswer, StatusAnswer
from app.settings import ApiSettings
from catalog.elastic import connect
from catalog.settings import CatalogSettings
from catalog.similarity import cosine
from tests.integration.app_serving import COUNT, SPACE, fill, vectors
from tests.unit.app_shop import COLORS


@pytest.fixture
def client(elasticsearch_url: str, index_prefix: str) -> Iterator[FlaskClient]:
    catalogue = fill(elasticsearch_url, index_prefix)
    yield create_app(catalogue, ApiSettings(public_status=True)).test_client()
    catalogue.client.close()


def expected(color: str, low: float, high: float) -> dict[str, float]:
    """By numpy: ids and cosines to p-1 of what is in stock, of a colour, and within a price range."""
    scores = cosine(vectors()[1], vectors())
    return {
        f"p-{n}": float(scores[n])
        for n in range(COUNT - 1)
        if n != 1 and COLORS[n % 3] == color and n % 4 != 3 and low <= 10 + n <= high
    }


def test_filtered_questions_agree_with_numpy(client: FlaskClient) -> None:
    for color in COLORS:
        answer = client.get(
            "/v1/products/p-1/similar",
            query_string={
                "color_family": color,
                "size": "M",
                "price_max": "50",
                "price_band": "0,4",
                "limit": "100",
                "total": "true",
                "facets": "color_family,price,available",
            },
        )
        body = SimilarAnswer.model_validate_json(answer.data, strict=True)
        wanted = expected(color, 0, 44)
        assert {hit.id: hit.score for hit in body.hits} == pytest.approx(wanted, abs=1e-5)
        assert [hit.id for hit in body.hits] == sorted(wanted, key=lambda i: (-wanted[i], i))
        assert body.total == len(wanted) and body.plan.candidates == len(wanted)
        assert body.facets is not None and len(body.facets["color_family"]) == 3  # type: ignore[arg-type]
        assert "embedding" not in answer.get_data(as_text=True)


def test_search_by_body_browse_read_and_status(client: FlaskClient) -> None:
    found = client.post("/v1/search", json={"query": {"product_id": "p-1"}, "fields": ["id"], "limit": 3})
    assert [set(hit["product"]) for hit in found.get_json()["hits"]] == [{"id"}] * 3
    page = BrowseAnswer.model_validate_json(
        client.get("/v1/products", query_string="q=linen&sort=-price&limit=2&fields=price&color_family=red").data,
        strict=True,
    )
    assert [hit.id for hit in page.hits] == ["p-57", "p-54"] and page.total == COUNT // 3
    product = client.get("/v1/products/p-5").get_json()
    assert product["effective_price"] == 15.0 and product["sizes_available"] == ["M", "L"]
    assert "embedding" not in product
    status = StatusAnswer.model_validate_json(client.get("/v1/catalog/status").data, strict=True)
    assert (status.products, status.spaces[0].done, status.spaces[0].pending) == (COUNT, COUNT - 1, 1)
    assert status.spaces[0].space == SPACE.name and status.spaces[0].serving


def test_the_photo_in_a_file_has_an_address_by_its_hash_everywhere(client: FlaskClient) -> None:
    shown = [client.get(f"/v1/products/{name}?fields=*").get_json() for name in ("p-6", "s-6-M")]
    for path in ("/v1/products", "/v1/products/p-1/similar"):
        hits = client.get(path, query_string={"limit": 200, "fields": "*"}).get_json()["hits"]
        shown += [hit["product"] for hit in hits if hit["id"] == "p-6"]
    assert [each["photo"] for each in shown] == ["/v1/products/p-6/photo?width=320&v=0000000000000000"] * 4
    assert all(each == shown[0] and "image_url" not in each for each in shown)


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"/v1/products/p-{COUNT - 1}/similar", 409, "product_not_embedded"),
        ("/v1/products/nope/similar", 404, "product_not_found"),
        ("/v1/products/p-1/similar?model=vgg", 404, "model_not_found"),
    ],
)
def test_what_cannot_be_answered(client: FlaskClient, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


NASTY = ["..", ".", "_search", "*", "a,b", "a\nb", "\0", "x" * 600, "%", "?x=1", "#", "ünï", '"', "_mget", "p-1 "]


def test_no_id_is_more_than_an_id(client: FlaskClient) -> None:
    for name in NASTY:
        for path in ("/v1/products/{}", "/v1/products/{}/similar"):
            answer = client.get(path.format(quote(name, safe="")))
            assert answer.status_code == 404, (name, path, answer.get_json())
    found = client.post("/v1/search", json={"query": {"product_id": "p-1/../p-2"}})
    assert found.get_json()["code"] == "product_not_found"
    hits = client.post(
        "/v1/search",
        json={"query": {"product_id": "p-1"}, "exclude_ids": [name for name in NASTY if len(name) <= 256]},
    ).get_json()["hits"]
    assert len(hits) == 10


def test_pages_reach_the_end_without_gap_or_overlap(client: FlaskClient) -> None:
    seen: list[str] = []
    while True:
        page = client.get("/v1/products/p-1/similar", query_string={"limit": 7, "offset": len(seen)}).get_json()
        if not page["hits"]:
            break
        seen += [hit["id"] for hit in page["hits"]]
    assert len(seen) == len(set(seen)) == COUNT - 2


def test_many_at_once_get_the_same_answer(client: FlaskClient) -> None:
    app = client.application

    def ask(_: int) -> Any:
        return (
            app.test_client().get("/v1/products/p-1/similar", query_string={"facets": "size", "total": "true"}).data
        )

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(40)))) == 1


def test_without_a_catalogue_the_answer_says_what_to_run(elasticsearch_url: str, index_prefix: str) -> None:
    empty = connect(CatalogSettings(elasticsearch_url=(elasticsearch_url,), index_prefix=index_prefix))
    client = create_app(empty, ApiSettings(public_status=True)).test_client()
    for path in ("/v1/products", "/v1/products/p-1", "/v1/products/p-1/similar", "/v1/catalog/status", "/readyz"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert "there is no catalogue yet" in answer.get_json()["message"], path
    empty.client.close()


def test_scores_are_cosines_of_the_vectors_that_were_written(client: FlaskClient) -> None:
    hits = client.get("/v1/products/p-2/similar", query_string={"limit": 100}).get_json()["hits"]
    scores = cosine(vectors()[2], vectors())
    assert all(abs(hit["score"] - scores[int(hit["id"][2:])]) < 1e-5 for hit in hits)
    assert np.all(np.diff([hit["score"] for hit in hits]) <= 0)
