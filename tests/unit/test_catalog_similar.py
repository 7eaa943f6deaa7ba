"""Similar products to a product, over the fake index."""

from dataclasses import replace

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse
from catalog.errors import InvalidInput, ProductNotEmbedded, ProductNotFound, SpaceNotFound
from catalog.similar import resolve_space, similar_to
from tests.asking import similar_request
from tests.fakes import FakeCatalogue

A, B = Space("color", "v1", 2), Space("color", "v2", 2)


def product(name: str, **fields: object) -> dict[str, object]:
    return {"id": name, "title": name, "image_url": f"file:///{name}.jpg", "price": 10, **fields}


@pytest.fixture
def index() -> FakeCatalogue:
    fake = FakeCatalogue(
        [
            product("source", gender="female", item_group_id="g", price=100),
            product("sibling", gender="female", item_group_id="g", price=100),
            product("near", gender="female", price=60),
            product("far", gender="female", price=150),
            product("mens", gender="male"),
            product("bare", gender="female"),
        ],
        [A],
    )
    for name, vector in (
        ("source", [1, 0]),
        ("sibling", [1, 0.01]),
        ("near", [1, 0.1]),
        ("far", [0, 1]),
        ("mens", [1, 0]),
    ):
        fake.embed(name, A, vector)
    return fake


def ids(index: FakeCatalogue, **request: object) -> list[str]:
    return [hit.id for hit in similar_to(index, similar_request("source", **request)).hits]  # type: ignore[arg-type]


def test_the_source_its_group_and_the_other_gender_are_left_out(index: FakeCatalogue) -> None:
    assert ids(index) == ["near", "far"]


def test_the_source_and_its_group_come_back_when_asked_for(index: FakeCatalogue) -> None:
    assert ids(index, exclude_source=False) == ["source", "sibling", "near", "far"]


def test_a_named_gender_replaces_the_sources(index: FakeCatalogue) -> None:
    assert ids(index, filters=parse({"gender": ["male", "female"]})) == ["mens", "near", "far"]


def test_the_price_band_is_relative_to_the_source_and_meets_the_price_filter(index: FakeCatalogue) -> None:
    assert ids(index, price_band=(0.5, 1.5)) == ["near", "far"]
    assert ids(index, price_band=(0.5, 1.0)) == ["near"]
    assert ids(index, price_band=(0.5, 1.5), filters=parse({"price": {"gte": 70}})) == ["far"]


def test_a_threshold_cuts_hits_and_total_but_no_facets(index: FakeCatalogue) -> None:
    answer = similar_to(index, similar_request("source", score_threshold=0.9, total=True, facets=("gender",)))
    assert [hit.id for hit in answer.hits] == ["near"]
    assert (answer.total, [warning.code for warning in answer.warnings]) == (1, ["implied_filters"])
    assert sum(value["count"] for value in (answer.facets or {})["gender"]) > 1


def test_a_total_that_nobody_counted_is_warned_about(index: FakeCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    known = index.similar.search
    monkeypatch.setattr(index.similar, "search", lambda query: replace(known(query), total=None))
    _, warning = similar_to(index, similar_request("source", score_threshold=0.9, total=True)).warnings
    assert (warning.code, warning.detail) == ("total_unknown", {"score_threshold": 0.9})
    (implied,) = similar_to(index, similar_request("source", score_threshold=0.9)).warnings
    assert implied.code == "implied_filters"


def test_unknown_and_unembedded_products_are_told_apart(index: FakeCatalogue) -> None:
    with pytest.raises(ProductNotFound, match="there is no product 'nope'"):
        similar_to(index, similar_request("nope"))
    with pytest.raises(ProductNotEmbedded, match="has no embedding of color__v1 yet") as caught:
        similar_to(index, similar_request("bare"))
    assert "python -m etl run --model color/v1" in caught.value.detail["hint"]
    assert "python -m etl run --model color/v1" in caught.value.advice  # on a command line


def test_pages_end_somewhere(index: FakeCatalogue) -> None:
    with pytest.raises(InvalidInput, match="pages end at 1000"):
        similar_to(index, similar_request("source", limit=100, offset=950))


def test_a_band_needs_a_price(index: FakeCatalogue) -> None:
    del index.docs["source"]["effective_price"]
    with pytest.raises(InvalidInput, match="no source product with a price"):
        similar_to(index, similar_request("source", price_band=(0.5, 1.5)))


def test_only_a_promotion_switches_from_the_space_that_came_first(index: FakeCatalogue) -> None:
    index.spaces.ensure(B)
    assert resolve_space(index, None) == A
    assert resolve_space(index, "color") == A
    assert resolve_space(index, B.name) == B
    for name in index.docs:  # more than A has, and B comes later by name
        index.embed(name, B, [1, 0])
    assert resolve_space(index, None) == A
    assert resolve_space(index, "color") == A
    index.promotion = B.name
    assert resolve_space(index, None) == B
    assert resolve_space(index, "color") == B


def test_a_space_without_any_vector_does_not_serve_while_another_has_some() -> None:
    fake = FakeCatalogue([product("one")], [A, B])
    fake.embed("one", B, [1, 0])
    assert resolve_space(fake, None) == B


def test_of_spaces_from_before_their_order_was_kept_the_fullest(
    index: FakeCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.spaces.ensure(B)
    for name in index.docs:
        index.embed(name, B, [1, 0])
    new = Space("shop", "v1", 2)
    index.spaces.ensure(new)
    for name in index.docs:
        index.embed(name, new, [1, 0])
    known = index.status.read_space
    changed = lambda space: replace(known(space), added=1 if space == new else 0)  # noqa: E731
    monkeypatch.setattr(index.status, "read_space", changed)
    assert resolve_space(index, None) == B


def test_an_unknown_model_lists_those_there_are(index: FakeCatalogue) -> None:
    with pytest.raises(SpaceNotFound, match="color__v1"):
        resolve_space(index, "resnet18")
    with pytest.raises(SpaceNotFound, match="no product has been embedded"):
        resolve_space(FakeCatalogue(), None)
