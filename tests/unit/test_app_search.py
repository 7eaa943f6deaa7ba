"""Similar products over HTTP: filters, pages, shapes, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from app.schemas.answers import SimilarAnswer
from catalog.similarity import cosine
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import SPACE, UNEMBEDDED, client_of, shop

SIMILAR = "/v1/products/p-1/similar"


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return shop()


@pytest.fixture
def client(catalogue: FakeCatalogue) -> FlaskClient:
    return client_of(catalogue)


def vector(catalogue: FakeCatalogue, product_id: str) -> Any:
    return np.asarray(catalogue.docs[product_id]["embedding"][SPACE.name]["vector"], dtype=np.float32)


def search(client: FlaskClient, **body: Any) -> Any:
    return client.post("/v1/search", json={"query": {"product_id": "p-1"}, **body})


def test_the_score_is_the_cosine_and_the_source_is_left_out(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    body = client.get(SIMILAR, query_string={"limit": 200}).get_json()
    assert len(body["hits"]) == 18
    source = vector(catalogue, "p-1")
    for hit in body["hits"]:
        assert hit["score"] == pytest.approx(float(cosine(source, [vector(catalogue, hit["id"])])[0]), abs=1e-6)
    assert [hit["score"] for hit in body["hits"]] == sorted((h["score"] for h in body["hits"]), reverse=True)
    assert "p-1" not in {hit["id"] for hit in body["hits"]}
    with_source = client.get(SIMILAR, query_string={"limit": 1, "exclude_source": "false"}).get_json()
    assert with_source["hits"][0]["id"] == "p-1"


def test_an_answer_has_the_documented_shape(client: FlaskClient) -> None:
    answer = client.get(SIMILAR, query_string={"facets": "size,price,available", "total": "true", "limit": 3})
    shaped = SimilarAnswer.model_validate_json(answer.data, strict=True)
    assert shaped.model.name == "color" and shaped.model.version == "abc"
    assert (shaped.limit, shaped.offset, shaped.total) == (3, 0, 18)
    assert set(shaped.facets or {}) == {"size", "price", "available"}
    assert answer.content_type == "application/json"


def test_no_answer_shows_vectors_or_bookkeeping(client: FlaskClient) -> None:
    for path in (f"{SIMILAR}?fields=*", "/v1/products?fields=*", "/v1/products/p-1"):
        text = client.get(path).get_data(as_text=True)
        assert "embedding" not in text and "offer_updated_at" not in text
    product = client.get(f"{SIMILAR}?fields=*").get_json()["hits"][0]["product"]
    assert (product["effective_price"] > 0 and "sizes_available" in product) or product["available"] is False


def test_hits_show_few_fields_unless_more_are_asked_for(client: FlaskClient) -> None:
    few = {
        "id",
        "title",
        "photo",
        "price",
        "currency",
        "available",
        "sizes_available",
    }  # of HIT_FIELDS what they have
    for path in (SIMILAR, "/v1/products"):
        shown = [
            set(client.get(path, query_string=fields).get_json()["hits"][0]["product"])
            for fields in ({}, {"fields": "*"}, {"fields": "title,gender"}, {"fields": "*,title"})
        ]
        assert shown[0] == few and shown[2] == {"title", "gender"}
        assert shown[1] == shown[3] > few | {"image_url", "variants", "attributes", "effective_price"}


def test_the_same_question_has_the_same_body_and_another_query_id(client: FlaskClient) -> None:
    first, second = client.get(SIMILAR), client.get(SIMILAR)
    assert first.data == second.data
    assert first.headers["X-Query-Id"] != second.headers["X-Query-Id"]
    timing = first.headers["Server-Timing"]
    assert "es;dur=" in timing and "index;dur=" in timing and "total;dur=" in timing


def test_get_and_post_say_the_same(client: FlaskClient) -> None:
    asked = client.get(
        SIMILAR,
        query_string="color_family=red&color_family=green&size=M&available=true&attributes.fit=slim&price_max=25"
        "&price_band=0.5,3&limit=4&offset=1&fields=id,title&facets=size&total=true&score_threshold=-0.9"
        "&model=color&exact=true",
    )
    posted = search(
        client,
        filter={
            "color_family": ["red", "green"],
            "size": "M",
            "available": True,
            "attributes": {"fit": "slim"},
            "price": {"lte": 25},
        },
        price_band=[0.5, 3],
        limit=4,
        offset=1,
        fields=["id", "title"],
        facets=["size"],
        total=True,
        score_threshold=-0.9,
        model="color",
        exact=True,
    )
    assert asked.status_code == posted.status_code == 200
    assert asked.data == posted.data
    assert asked.get_json()["hits"] and set(asked.get_json()["hits"][0]["product"]) == {"id", "title"}


def test_the_floor_cuts_pages_unless_a_threshold_or_none_is_asked_for(client: FlaskClient) -> None:
    index = client.application.extensions["visual_search"].index
    everything = client.get(SIMILAR, query_string={"limit": 30}).get_json()
    assert (len(everything["hits"]), everything["score_floor"]) == (18, None)
    index.floors["color__abc"] = 0.3
    cut = client.get(SIMILAR, query_string={"limit": 30, "total": "true"}).get_json()
    assert cut["score_floor"] == 0.3
    assert cut["hits"] == [hit for hit in everything["hits"] if hit["score"] >= 0.3] and cut["total"] == len(
        cut["hits"]
    )
    for threshold, least in (("none", -1.0), ("0.9", 0.9)):
        answer = client.get(SIMILAR, query_string={"limit": 30, "score_threshold": threshold}).get_json()
        assert answer["hits"] == [hit for hit in everything["hits"] if hit["score"] >= least]
        assert answer["score_floor"] is None
    for threshold in ("none", 0.9, None):
        said = {} if threshold is None else {"score_threshold": threshold}
        assert search(client, limit=30, **said).data == client.get(SIMILAR, query_string={"limit": 30, **said}).data
    assert search(client, score_threshold="0.9").status_code == 422  # a body is not read as text
    filled = search(client, limit=30, fill="category", fields=["id"], explain=True).get_json()["hits"]
    assert len(filled) == 19 and [hit.get("fill") for hit in filled[-2:]] == ["category"] * 2
    assert filled[-1]["score"] is None and "explain" not in filled[-1] and "explain" in filled[0]


def test_filters_narrow_and_a_repeated_key_means_any_of(client: FlaskClient) -> None:
    found = client.get(
        SIMILAR, query_string="color_family=red&color_family=green&limit=200&available=true&fields=*"
    ).get_json()
    families = {hit["product"]["color_family"] for hit in found["hits"]}
    assert families == {"red", "green"}
    assert all(hit["product"]["available"] for hit in found["hits"])


def test_pages_join_without_gap_or_overlap(client: FlaskClient) -> None:
    whole = [hit["id"] for hit in client.get(SIMILAR, query_string={"limit": 18}).get_json()["hits"]]
    pages = [
        hit["id"]
        for offset in range(0, 18, 5)
        for hit in client.get(SIMILAR, query_string={"limit": 5, "offset": offset}).get_json()["hits"]
    ]
    assert pages == whole


def test_excluded_ids_stay_out(client: FlaskClient) -> None:
    first = search(client, limit=2).get_json()["hits"]
    rest = search(client, limit=1, exclude_ids=[first[0]["id"]]).get_json()["hits"]
    assert rest[0]["id"] == first[1]["id"]


def test_contradictory_filters_are_an_empty_answer(client: FlaskClient) -> None:
    answer = client.get(SIMILAR, query_string="size=M&available=false&total=true")
    assert answer.status_code == 200
    assert answer.get_json()["hits"] == [] and answer.get_json()["total"] == 0
    beside = client.get(SIMILAR, query_string="price_min=50&price_band=0.1,0.2")  # the band says less than the bound
    assert beside.status_code == 200 and beside.get_json()["hits"] == []


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/products/nope/similar", 404, "product_not_found"),
        (f"/v1/products/{UNEMBEDDED}/similar", 409, "product_not_embedded"),
        (f"{SIMILAR}?model=resnet", 404, "model_not_found"),
    ],
)
def test_what_cannot_be_answered_says_what_to_do(client: FlaskClient, path: str, status: int, code: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    if status == 409:
        assert "etl run --model color" in answer.get_json()["detail"]["hint"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colour=red", ("colour", "unknown parameter", "did you mean color", "color_family", "attributes.<name>")),
        ("price_min=-1", ("price_min", "greater than or equal to 0")),
        ("price_max=nan", ("price_max",)),
        ("price_min=90&price_max=80", ("price_min 90 is above price_max 80",)),
        ("limit=10000", ("limit", "200")),
        ("limit=0", ("limit",)),
        ("limit=ten", ("limit",)),
        ("limit=200&offset=900", ("1100", "1000")),
        ("offset=-1", ("offset",)),
        ("available=maybe", ("available", "boolean")),
        ("total=", ("total",)),
        ("brand=", ("brand",)),
        ("limit=1&limit=2", ("limit", "more than once")),
        ("fields=titel", ("titel", "did you mean title")),
        ("facets=shade", ("shade", "color_family")),
        ("price_band=2,1", ("price_band",)),
        ("price_band=1", ("price_band",)),
        ("price_band=a,b", ("price_band",)),
        ("score_threshold=1.5", ("score_threshold", "from -1 to 1, or none")),
        ("score_threshold=low", ("score_threshold", "from -1 to 1, or none")),
        ("score_threshold=nan", ("score_threshold", "from -1 to 1, or none")),
        ("fill=newest", ("fill", "category")),
        ("attributes=slim", ("attributes.<name>",)),
        ("attributes.=slim", ("attributes",)),
        ("&".join(f"size={n}" for n in range(1001)), ("size", "1000")),
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, query: str, said: tuple[str, ...]) -> None:
    answer = client.get(f"{SIMILAR}?{query}")
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (422, "invalid_request"), body
    assert all(word in body["message"] for word in said), body["message"]
    assert body["detail"]["problems"][0]["problem"] in body["message"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, ("query", "is required")),
        ({"query": {}}, ("query", "exactly one of product_id, image_url", "names none")),
        ({"query": {"product_id": "p-1", "vector": [1]}}, ("exactly one of", "names product_id and vector")),
        ({"query": {"image": "aGk=", "image_url": "https://a.example/b.jpg"}}, ("names image_url and image",)),
        ({"query": {"positive": []}}, ("exactly one of", "names none")),
        ({"query": {"product_id": "p-1", "negative": ["p-2"]}}, ("negative examples need positive ones",)),
        ({"query": {"product": "p-1"}}, ("query.product", "did you mean product_id")),
        ({"query": {"image": "no base64!"}}, ("query.image", "is not base64")),
        ({"query": {"vector": []}}, ("query.vector", "at least 1")),
        ({"query": {"vector": [1, "2"]}}, ("query.vector.1", "number")),
        ({"query": {"vector": [0.1] * 4097}}, ("query.vector", "4096")),
        ({"query": {"vector": [1e300, 0, 0, 0]}}, ("query.vector.0", "less than")),
        (
            {"query": {"vector": [1, 0, 0, 0]}, "models": {"color": 1, "shape": 1}},
            ("query.vector belongs to one model", "`model`"),
        ),
        ({"query": {"product_id": "p-1"}, "models": {"color": 0}}, ("models.color", "greater than 0")),
        ({"query": {"product_id": "p-1"}, "models": {"color": 1}, "model": "color"}, ("either `model` or `models`",)),
        ({"query": {"product_id": "p-1"}, "group_by": "brand"}, ("group_by", "brand", "item_group_id")),
        ({"query": {"product_id": "p-1"}, "group_size": 2}, ("group_size", "add `group_by`")),
        ({"query": {"product_id": "p-1"}, "group_by": "item_group_id", "group_size": 0}, ("group_size", "1")),
        ({"query": {"product_id": "p-1"}, "diversity": 1.1}, ("diversity", "less than or equal to 1")),
        ({"query": {"product_id": "p-1"}, "relax": ["colour"]}, ("relax", "did you mean color")),
        ({"query": {"product_id": "p-1"}, "bounding_box": [0, 0, 1, 1]}, ("bounding_box is for photos",)),
        ({"query": {"image": "aGk="}, "bounding_box": [0.5, 0, 0.5, 1]}, ("bounding_box", "left before right")),
        ({"query": {"image": "aGk="}, "bounding_box": [0, 0, 2, 1]}, ("bounding_box", "less than or equal to 1")),
        ({"query": {"image": "aGk="}, "bounding_box": [0, 0, 1]}, ("bounding_box",)),
        ({"query": {"product_id": "p-1"}, "filter": {"brand": ["x"] * 10_000}}, ("filter.brand", "at most 1000")),
        ({"query": {"product_id": "p-1"}, "filter": {"colour": "red"}}, ("filter.colour", "did you mean color")),
        ({"query": {"product_id": "p-1"}, "filter": {"price": {"gte": -1}}}, ("filter.price.gte",)),
        ({"query": {"product_id": "p-1"}, "filter": {"price": {"gte": 9, "lte": 1}}}, ("price_min 9 is above",)),
        ({"query": {"product_id": "p-1"}, "relax": ["currency"]}, ("relax", "unknown filter")),
        ({"query": {"product_id": "p-1"}, "filter": {"price": {"above": 1}}}, ("filter.price.above", "gte, lte")),
        ({"query": {"product_id": "p-1"}, "limit": "5"}, ("limit", "integer")),
        ({"query": {"product_id": "p-1"}, "limit": 10_000}, ("limit", "200")),
        ({"query": {"product_id": "p-1"}, "total": 1}, ("total", "boolean")),
        ({"query": {"product_id": "p-1"}, "exclude_ids": ["x"] * 1001}, ("exclude_ids", "1000")),
        ({"query": {"product_id": "p-1"}, "filters": {}}, ("filters", "did you mean filter")),
        ([], ("object",)),
    ],
)
def test_a_wrong_body_is_named(client: FlaskClient, body: Any, said: tuple[str, ...]) -> None:
    answer = client.post("/v1/search", json=body)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "invalid_request")
    assert all(word in answer.get_json()["message"] for word in said), answer.get_json()["message"]


@pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"query": NaN}', b"[" * 5000, b'{"a":"\\ud800"}'])
def test_an_unreadable_body_is_400_or_422(client: FlaskClient, data: bytes) -> None:
    answer = client.post("/v1/search", data=data, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.get_json()["code"] in ("unreadable_body", "invalid_request")


def test_a_price_band_needs_a_price(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    del catalogue.docs["p-1"]["effective_price"]
    answer = client.get(SIMILAR, query_string={"price_band": "0.5,1.5"})
    assert (answer.status_code, answer.get_json()["code"]) == (400, "invalid_input")


def test_an_unavailable_source_still_answers(client: FlaskClient, catalogue: FakeCatalogue) -> None:
    assert catalogue.docs["p-3"]["available"] is False
    assert client.get("/v1/products/p-3/similar").get_json()["hits"]


@pytest.mark.parametrize(
    "filters",
    [
        {"price_min": 20, "price_max": 25},
        {"price": {"gte": 20, "lte": 25}},
        {"price_min": 20, "price_max": 25, "price": None},
        {"price": {"gte": 20, "lte": 25}, "price_min": None},
    ],
)
def test_prices_are_said_alike_in_queries_and_bodies(client: FlaskClient, filters: dict[str, Any]) -> None:
    asked = client.get(f"{SIMILAR}?price_min=20&price_max=25")
    posted = client.post("/v1/search", json={"query": {"product_id": "p-1"}, "filter": filters})
    assert posted.data == asked.data and posted.get_json()["hits"]


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"price_min": 20, "price": {"lte": 25}}, "by price_min and price_max or by price"),
        ({"price_min": 30, "price_max": 25}, "price_min 30 is above price_max 25"),
        ({"price": {"gte": 30, "lte": 25}}, "price_min 30 is above price_max 25"),
        ({"price_min": "cheap"}, "price_min: Input should be a valid number"),
        ({"price_max": -1}, "price_max: Input should be greater"),
        ({"price_mix": 1}, "did you mean price_m"),
    ],
)
def test_prices_that_contradict_each_other_are_refused(client: FlaskClient, filters: Any, said: str) -> None:
    answer = client.post("/v1/search", json={"query": {"product_id": "p-1"}, "filter": filters})
    assert answer.status_code == 422 and said in answer.get_json()["message"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        (
            "facets=size,color_family&fields=title,price",
            {"facets": ["size", "color_family"], "fields": ["title", "price"]},
        ),
        ("facets=size&facets=color_family", {"facets": ["size", "color_family"]}),
        ("facets=size&fields=title,,", {"facets": "size", "fields": "title"}),
        ("facets=&fields=", {"facets": [], "fields": []}),
        ("exclude_ids=p-2&exclude_ids=p-4", {"exclude_ids": ["p-2", "p-4"]}),
        ("exclude_ids=p-2,p-4", {"exclude_ids": "p-2,p-4"}),  # an id may hold a comma
        ("color_family=red&color_family=blue&size=M", {"filter": {"color_family": ["red", "blue"], "size": "M"}}),
        ("price_band=0.5&price_band=1.5", {"price_band": [0.5, 1.5]}),
        (
            "price_band=0.5, 1.5&relax=size&relax=color,brand",
            {"price_band": [0.5, 1.5], "relax": ["size", "color", "brand"]},
        ),
        ("models=color:2", {"models": {"color": 2}}),
    ],
)
def test_lists_are_said_alike_in_queries_and_bodies(client: FlaskClient, query: str, body: dict[str, Any]) -> None:
    asked = client.get(f"{SIMILAR}?{query}")
    posted = client.post("/v1/search", json={"query": {"product_id": "p-1"}, **body})
    assert asked.status_code == posted.status_code == 200 and asked.data == posted.data
