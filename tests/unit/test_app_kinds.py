"""Every kind of query and every shaping of its answer over HTTP, on the shop in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageFilter

from app.schemas.answers import BatchAnswer, SimilarAnswer
from catalog.domain.embedding_space import Space
from catalog.search.diversity import NEAR_DUPLICATE
from catalog.similarity import cosine, normalize
from models.photos import decode
from tests.fake_stores import FakeProducts
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import SPACE, UNEMBEDDED, client_of, shop
from tests.unit.photo_shop import embedder, encoded, picture

SHAPE = Space("shape", "v1", 3)


@pytest.fixture
def catalogue() -> FakeCatalogue:
    """The shop, its products in groups of four, with a second model that knows the first fifteen."""
    found = shop()
    found.spaces.ensure(SHAPE)
    found.promotion = SPACE.name
    vectors = np.random.default_rng(2).normal(size=(15, 3))
    for number in range(20):
        found.docs[f"p-{number}"]["group_key"] = f"g-{number // 4}"
        if number < 15:
            found.embed(f"p-{number}", SHAPE, vectors[number])
    return found


@pytest.fixture
def client(catalogue: FakeCatalogue) -> FlaskClient:
    return client_of(catalogue)


def vector(catalogue: FakeCatalogue, number: int, space: Space = SPACE) -> Any:
    return np.asarray(catalogue.docs[f"p-{number}"]["embedding"][space.name]["vector"], dtype=np.float32)


def ask(client: FlaskClient, query: dict[str, Any], **body: Any) -> SimilarAnswer:
    answer = client.post("/v1/search", json={"query": query, **body})
    assert answer.status_code == 200, answer.get_json()
    return SimilarAnswer.model_validate_json(answer.data, strict=True)


def refused(client: FlaskClient, query: dict[str, Any], **body: Any) -> tuple[int, str, str]:
    answer = client.post("/v1/search", json={"query": query, **body})
    return answer.status_code, answer.get_json()["code"], answer.get_json()["message"]


def ids(answer: SimilarAnswer) -> list[str]:
    return [hit.id for hit in answer.hits]


def test_a_vector_of_any_length_finds_what_its_product_finds(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    by_id = ask(client, {"product_id": "p-1"}, exclude_source=False, limit=50)
    for scale in (1.0, 250.0, 1e-6):
        values = (vector(catalogue, 1) * np.float32(scale)).tolist()
        found = ask(client, {"vector": values}, limit=50)
        assert ids(found) == ids(by_id)
        assert found.hits[0].id == "p-1"
    named = ask(client, {"vector": vector(catalogue, 1, SHAPE).tolist()}, model="shape")
    assert named.model.name == "shape" and named.hits[0].id == "p-1"
    weighed = ask(client, {"vector": vector(catalogue, 1, SHAPE).tolist()}, models={"shape": 3})
    assert ids(weighed) == ids(named)


def test_a_bad_vector_says_what_is_wrong(client: FlaskClient) -> None:
    status, code, message = refused(client, {"vector": [1, 2, 3]})
    assert (status, code) == (400, "invalid_vector") and "4 values" in message
    status, code, message = refused(client, {"vector": [0, 0, 0, 0]})
    assert (status, code) == (400, "invalid_vector") and "zero" in message
    for number in (b"NaN", b"Infinity", b"1e400", b"null"):
        answer = client.post(
            "/v1/search",
            data=b'{"query": {"vector": [1, 2, 3, ' + number + b"]}}",
            content_type="application/json",
        )
        assert answer.status_code == 422 and "query.vector.3" in answer.get_json()["message"], number


def test_examples_turn_towards_the_good_and_away_from_the_bad(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    found = ask(client, {"positive": ["p-1", "p-2"], "negative": ["p-9"]}, limit=50)
    wanted = normalize(vector(catalogue, 1) + vector(catalogue, 2) - vector(catalogue, 9))
    for hit in found.hits:
        assert hit.score == pytest.approx(float(cosine(wanted, vector(catalogue, int(hit.id[2:])))), abs=1e-6)
    groups = {"g-0", "g-2"}
    assert not groups & {hit.product.group_key for hit in found.hits}  # type: ignore[attr-defined]
    assert found.missing_ids == []


def test_examples_that_are_missing_are_listed(client: FlaskClient) -> None:
    found = ask(client, {"positive": ["p-1", "nope", UNEMBEDDED], "negative": ["gone"]})
    assert found.missing_ids == ["nope", UNEMBEDDED, "gone"]
    assert ids(found) == ids(ask(client, {"positive": ["p-1"]}))
    status, code, _ = refused(client, {"positive": ["nope", UNEMBEDDED]})
    assert (status, code) == (409, "product_not_embedded")


def test_several_models_score_by_the_weighted_mean(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    found = ask(
        client, {"product_id": "p-1"}, models={"color": 0.7, "shape": 0.3}, exclude_source=False, explain=True
    )
    assert found.hits[0].id == "p-1"
    for rank, hit in enumerate(found.hits, start=1):
        number = int(hit.id[2:])
        parts = {s: float(cosine(vector(catalogue, 1, s), vector(catalogue, number, s))) for s in (SPACE, SHAPE)}
        assert hit.score == pytest.approx(0.7 * parts[SPACE] + 0.3 * parts[SHAPE], abs=1e-6)
        assert hit.explain is not None
        assert hit.explain.cosines == pytest.approx({s.name: value for s, value in parts.items()}, abs=1e-6)
        assert hit.explain.weights == {SPACE.name: 0.7, SHAPE.name: 0.3}
        assert (hit.explain.rank_before, hit.explain.rank_after) == (rank, rank)
    by_get = client.get(
        "/v1/products/p-1/similar?models=color:0.7,shape:0.3&exclude_source=false&explain=true"
    ).get_json()
    assert [hit["id"] for hit in by_get["hits"]] == ids(found)
    status, code, message = refused(client, {"product_id": "p-17"}, models={"color": 1, "shape": 1})
    assert (status, code) == (409, "product_not_embedded") and "shape__v1" in message
    assert refused(client, {"product_id": "p-1"}, models={"color": 1, SPACE.name: 1})[:2] == (400, "invalid_input")
    assert refused(client, {"product_id": "p-1"}, models={"color": 1, "vgg": 1})[:2] == (404, "model_not_found")


def test_groups_have_their_best_products_and_pages_of_their_own(client: FlaskClient) -> None:
    query = {"product_id": "p-1"}
    alone = ask(client, query, exclude_source=False, limit=50, fields=["group_key"])
    by_group: dict[str, list[str]] = {}
    for hit in alone.hits:
        by_group.setdefault(hit.product.group_key, []).append(hit.id)  # type: ignore[attr-defined]
    shown: dict[str, list[str]] = {}
    for offset in range(0, 6, 2):
        page = ask(
            client,
            query,
            exclude_source=False,
            group_by="item_group_id",
            group_size=3,
            limit=2,
            offset=offset,
            total=True,
            fields=["group_key"],
        )
        assert page.total == len(by_group) == 5
        for hit in page.hits:
            assert hit.group is not None and (hit.group[0].id, hit.group[0].score) == (hit.id, hit.score)
            shown[hit.product.group_key] = [each.id for each in hit.group]  # type: ignore[attr-defined]
    assert shown == {key: members[:3] for key, members in by_group.items()}
    assert list(shown) == list(by_group)
    one = client.get("/v1/products/p-1/similar?group_by=item_group_id").get_json()
    assert {len(hit["group"]) for hit in one["hits"]} == {1}
    assert "group" not in client.get("/v1/products/p-1/similar").get_json()["hits"][0]


def test_variety_reorders_and_near_duplicates_are_hidden(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    catalogue.put({**catalogue.docs["p-5"], "id": "p-5-again", "group_key": "again"})
    again = vector(catalogue, 5) + np.float32(1e-3)
    catalogue.embed("p-5-again", SPACE, again)
    assert float(cosine(again, vector(catalogue, 5))) > NEAR_DUPLICATE
    query = {"product_id": "p-1"}
    plain = ask(client, query, limit=50)
    hidden = ask(client, query, limit=50, hide_near_duplicates=True)
    assert set(ids(plain)) - set(ids(hidden)) < {"p-5", "p-5-again"}
    assert len(ids(hidden)) == len(ids(plain)) - 1
    varied = ask(client, query, limit=50, diversity=0.8, explain=True)
    assert sorted(ids(varied)) == sorted(ids(plain)) and ids(varied) != ids(plain)
    for rank, hit in enumerate(varied.hits, start=1):
        assert hit.explain is not None and hit.explain.rank_before is not None
        assert ids(plain)[hit.explain.rank_before - 1] == hit.id and hit.explain.rank_after == rank


def test_a_photo_saved_again_is_a_near_duplicate_and_another_garment_is_not() -> None:
    for number in range(6):
        original = picture(number).filter(ImageFilter.GaussianBlur(2))  # a lens draws no edge one pixel wide
        again = [
            decode(encoded(original, "JPEG", quality=95)),
            decode(encoded(original, "JPEG", quality=85)),
            original.resize((60, 80), Image.Resampling.BILINEAR),
        ]
        first, *others, other = embedder().embed_images([original, *again, picture(number + 6)])
        assert all(float(first @ each) >= NEAR_DUPLICATE for each in others)
        assert float(first @ other) < NEAR_DUPLICATE


def test_filters_are_relaxed_in_order_until_a_page_is_full_the_same_on_every_page(client: FlaskClient) -> None:
    query = {"product_id": "p-1"}
    filters = {"color_family": "red", "size": ["XXL"], "price": {"lte": 26}}
    assert ids(ask(client, query, filter=filters)) == []
    found = ask(client, query, filter=filters, relax=["size", "price"], limit=3, fields=["color_family"])
    assert [(warning.code, warning.detail) for warning in found.warnings] == [
        ("implied_filters", {"gender": ["women", "unisex"], "currency": ["EUR"]}),
        ("relaxed_filters", {"filters": ["size"]}),
        ("unknown_filter_value", {"key": "size", "value": "XXL", "nearest": "L", "values": ["L", "M"]}),
    ]
    assert {hit.product.color_family for hit in found.hits} == {"red"}  # type: ignore[attr-defined]
    whole = ask(client, query, filter={"color_family": "red", "price": {"lte": 26}}, limit=50)
    assert len(whole.hits) == 4
    second = ask(client, query, filter=filters, relax=["size", "price"], limit=3, offset=3)
    assert second.warnings == found.warnings
    assert ids(found) + ids(second) == ids(whole)
    wider = client.get("/v1/products/p-1/similar?color_family=red&size=XXL&price_max=26&relax=size,price&limit=20")
    codes = {warning["code"]: warning["detail"] for warning in wider.get_json()["warnings"]}
    assert codes["relaxed_filters"] == {"filters": ["size", "price"]}
    assert codes["unknown_filter_value"]["nearest"] == "L"


def test_deep_pages_end_and_contradictions_are_empty(client: FlaskClient) -> None:
    status, code, message = refused(client, {"product_id": "p-1"}, offset=900, limit=101)
    assert (status, code) == (422, "invalid_request") and "1000" in message
    assert ids(ask(client, {"product_id": "p-1"}, offset=900, limit=100)) == []
    for query in ({"product_id": "p-1"}, {"vector": [1, 0, 0, 0]}, {"positive": ["p-1"]}):
        none = ask(client, query, filter={"available": False, "size": "M"}, total=True, facets=["brand"])
        assert (none.hits, none.total, none.facets) == ([], 0, {"brand": []})
        assert [warning.code for warning in none.warnings][-1] == "contradictory_filters"
    status, code, message = refused(client, {"vector": [1, 0, 0, 0]}, price_band=[0.5, 1.5])
    assert (status, code) == (400, "invalid_input") and "price_band" in message


def test_a_batch_answers_each_in_its_place(client: FlaskClient) -> None:
    searches: list[Any] = [
        {"query": {"product_id": f"p-{number}"}, "limit": number % 5 + 1, "total": True} for number in range(1, 15)
    ]
    searches[2] = {"query": {"product_id": "nope"}}
    searches[4] = {"query": {"product_id": UNEMBEDDED}}
    searches[5] = {"query": {"product_id": "p-1", "vector": [1]}}
    searches[6] = {"query": {"image": "bm90IGEgcGhvdG8="}}
    searches[7] = {}
    answer = client.post("/v1/search/batch", json={"searches": searches})
    assert answer.status_code == 200
    BatchAnswer.model_validate_json(answer.data, strict=True)
    results = answer.get_json()["results"]
    for search, result in zip(searches, results, strict=True):
        alone = client.post("/v1/search", json=search)
        expected = alone.get_json()
        if alone.status_code != 200:
            expected["status"] = alone.status_code
        assert result == expected
    assert [each.get("status") for each in results[2:8]] == [404, None, 409, 422, 409, 422]
    assert answer.data == client.post("/v1/search/batch", json={"searches": searches}).data
    refused_whole = client.post("/v1/search/batch", json={"searches": [searches[0], 3]})
    assert refused_whole.status_code == 422 and "a search is an object" in refused_whole.get_json()["message"]


def test_a_batch_has_bounds(client: FlaskClient) -> None:
    one = {"query": {"product_id": "p-1"}}
    assert client.post("/v1/search/batch", json={"searches": [one] * 50}).status_code == 200
    for body, said in (
        ({"searches": [one] * 51}, "50"),
        ({"searches": []}, "at least 1"),
        ({}, "searches"),
        ({"searches": [one], "limit": 3}, "limit"),
    ):
        answer = client.post("/v1/search/batch", json=body)
        assert answer.status_code == 422 and said in answer.get_json()["message"]


def test_a_batch_tells_our_mistakes_and_outages_in_place(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeProducts):
        def read_vectors(self, *_: Any) -> Any:
            raise RuntimeError("a secret of the inside")

    broken = FakeCatalogue(spaces=[SPACE])
    broken.products = Broken(broken)
    [result] = (
        client_of(broken)
        .post("/v1/search/batch", json={"searches": [{"query": {"product_id": "p-1"}}]})
        .get_json()["results"]
    )
    assert (result["status"], result["code"]) == (500, "internal_error") and "secret" not in result["message"]
    assert "a secret of the inside" in caplog.text
    down = shop()
    down.down = True
    searches: list[Any] = [{"query": {"product_id": "p-1"}}] * 5
    answer = client_of(down).post("/v1/search/batch", json={"searches": searches})
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    answer = client_of(down).post("/v1/search/batch", json={"searches": [*searches, {"query": {}}]})
    assert [each["status"] for each in answer.get_json()["results"]] == [*[503] * 5, 422]
    assert int(answer.headers["Retry-After"]) >= 1
