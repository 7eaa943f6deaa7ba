"""Whatever is asked, the answer is JSON and never a 500."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.schemas.answers import SimilarAnswer
from app.schemas.bodies import SearchBody
from app.schemas.params import BrowseParams, ImageForm, SimilarParams
from tests.unit.app_shop import client_of, shop

CLIENT = client_of(shop())
FIELDS = sorted({*ImageForm.model_fields, "attributes.fit", "nonsense"} - {"image"})
NAMES = sorted({*SimilarParams.model_fields, *BrowseParams.model_fields, "attributes.fit", "attributes.", "nonsense"})
WORDS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(
        ["true", "false", "1", "-1", "0", "1e400", "nan", "0.5,1.5", "red", "M", "id,title", "price", "½"]
    ),
    st.integers().map(str),
    st.floats().map(str),
)
JSON: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just("p-1")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["product_id", "size", "price", "gte", "lte", "attributes", "x"]), inner),
        st.dictionaries(
            st.sampled_from(["product_id", "vector", "image", "image_url", "positive", "negative"]), inner, max_size=2
        ),
    ),
    max_leaves=8,
)
FEW = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_answered(answer: Any) -> None:
    assert answer.status_code in (200, 400, 404, 409, 415, 422), answer.get_data(as_text=True)
    assert answer.is_json
    if answer.status_code != 200:
        assert set(answer.get_json()) == {"code", "message", "detail"}


@FEW
@given(st.lists(st.tuples(st.sampled_from(NAMES), WORDS), max_size=5))
def test_any_parameters(pairs: list[tuple[str, str]]) -> None:
    for path in ("/v1/products/p-1/similar", "/v1/products", "/v1/products/p-1"):
        assert_answered(CLIENT.get(f"{path}?{urlencode(pairs)}"))


@FEW
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_any_product_id(name: str) -> None:
    assert_answered(CLIENT.get(f"/v1/products/{quote(name, safe='')}/similar"))


@FEW
@given(st.dictionaries(st.sampled_from(["query", *SearchBody.model_fields, "group_size"]), JSON))
def test_any_body(body: dict[str, Any]) -> None:
    assert_answered(CLIENT.post("/v1/search", data=json.dumps(body), content_type="application/json"))
    batch = CLIENT.post(
        "/v1/search/batch", data=json.dumps({"searches": [body, body]}), content_type="application/json"
    )
    assert batch.status_code == 200
    for result in batch.get_json()["results"]:
        assert "hits" in result or (set(result) == {"status", "code", "message", "detail"} and result["status"] < 500)


@FEW
@given(st.lists(st.tuples(st.sampled_from(FIELDS), WORDS), max_size=5), st.binary(max_size=60))
def test_any_form(pairs: list[tuple[str, str]], photo: bytes) -> None:
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    form = {**fields, "image": (io.BytesIO(photo), "photo.jpg")}
    assert_answered(CLIENT.post("/v1/search/image", data=form, content_type="multipart/form-data"))


@FEW
@given(st.binary(max_size=60))
def test_any_bytes(data: bytes) -> None:
    assert_answered(CLIENT.post("/v1/search", data=data, content_type="application/json"))


@FEW
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "size": st.lists(st.sampled_from(["M", "L", "XS"]), max_size=2),
            "color_family": st.sampled_from(["red", "blue"]),
            "available": st.booleans(),
            "price": st.fixed_dictionaries({}, optional={"gte": st.integers(0, 15), "lte": st.integers(15, 30)}),
        },
    ),
    st.integers(1, 5),
    st.integers(0, 20),
)
def test_valid_questions_get_the_documented_shape(filters: dict[str, Any], limit: int, offset: int) -> None:
    answer = CLIENT.post(
        "/v1/search",
        json={"query": {"product_id": "p-1"}, "filter": filters, "limit": limit, "offset": offset, "total": True},
    )
    shaped = SimilarAnswer.model_validate_json(answer.data, strict=True)
    assert shaped.total is not None
    assert len(shaped.hits) == max(0, min(limit, shaped.total - offset))
