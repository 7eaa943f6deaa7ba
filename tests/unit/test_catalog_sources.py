"""What a question wants to look like: products, vectors, examples, and the spaces that it names."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from catalog.domain.embedding_space import Space
from catalog.errors import InvalidInput, InvalidVector, ProductNotEmbedded, ProductNotFound, SpaceNotFound
from catalog.similar import resolve_space, resolve_spaces, serving_space, similar_to
from catalog.similar.request import SimilarRequest
from catalog.similar.sources import Source, find_source, mix_examples
from tests.fakes import FakeCatalogue

COLOR, SHAPE = Space("color", "v1", 2), Space("shape", "v1", 3)


def product(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "image_url": f"file:///{name}.jpg", **fields}


@pytest.fixture
def index() -> FakeCatalogue:
    names = ("a", "b", "c", "half", "bare")
    found = FakeCatalogue([*map(product, names), {"id": "blind", "title": "no photo"}], [COLOR, SHAPE])
    for name, vector in (("a", [1, 0]), ("b", [0, 1]), ("c", [1, 1]), ("half", [1, 0])):
        found.embed(name, COLOR, vector)
    for name, vector in (("a", [1, 0, 0]), ("b", [0, 1, 0]), ("c", [0, 0, 1])):
        found.embed(name, SHAPE, vector)
    return found


BOTH = {COLOR: 2.0, SHAPE: 1.0}


def found(index: FakeCatalogue, **request: Any) -> Source:
    return find_source(index, SimilarRequest(**request), BOTH)


def vectors(source: Source) -> dict[str, list[float]]:
    return {part.space.name: [round(float(value), 4) for value in part.vector] for part in source.parts}


def test_a_product_brings_its_vectors_and_is_its_own_example(index: FakeCatalogue) -> None:
    source = found(index, product_id="b")
    assert vectors(source) == {"color__v1": [0, 1], "shape__v1": [0, 1, 0]}
    assert [(part.space, part.weight) for part in source.parts] == [(COLOR, 2.0), (SHAPE, 1.0)]
    assert source.product is not None and source.product.id == "b"
    assert [each.id for each in source.examples] == ["b"]
    assert source.missing_ids == ()


@pytest.mark.parametrize(
    "request_", [{}, {"product_id": "a", "positive": ("b",)}, {"positive": ("b",), "vectors": {"color__v1": [1, 0]}}]
)
def test_a_question_has_exactly_one_source(index: FakeCatalogue, request_: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="exactly one of"):
        found(index, **request_)


def test_negative_examples_need_positive_ones(index: FakeCatalogue) -> None:
    for source in ({"product_id": "a"}, {"vectors": {"color__v1": [1, 0]}}):
        with pytest.raises(InvalidInput, match="negative examples need"):
            found(index, **source, negative=("b",))


def test_what_a_product_lacks_is_said_with_what_to_do(index: FakeCatalogue) -> None:
    with pytest.raises(ProductNotFound) as missing:
        found(index, product_id="nope")
    assert missing.value.detail == {"id": "nope"}
    with pytest.raises(ProductNotEmbedded, match="product 'half' has no embedding of shape__v1 yet") as waiting:
        found(index, product_id="half")
    hint = waiting.value.detail.pop("hint")
    assert waiting.value.detail == {"id": "half", "space": "shape__v1"}
    assert "python -m etl run --model shape/v1" in hint
    assert "python -m etl retry --model shape/v1 --failed" in hint
    with pytest.raises(ProductNotEmbedded, match="has no embedding of color__v1: it has no photo") as blind:
        found(index, product_id="blind")
    assert blind.value.detail == {"id": "blind", "space": "color__v1"}  # no job would help


def test_vectors_are_needed_for_every_space_and_made_unit_length(index: FakeCatalogue) -> None:
    given = {"color__v1": [3, 4], "shape__v1": [0, 0, 2], "other__v1": [1]}
    source = found(index, vectors=given)
    assert vectors(source) == {"color__v1": [0.6, 0.8], "shape__v1": [0, 0, 1]}
    assert (source.product, source.examples) == (None, ())
    with pytest.raises(InvalidInput, match="for each model is needed; shape__v1 has none"):
        found(index, vectors={"color__v1": [3, 4]})
    with pytest.raises(InvalidInput, match=r"needed; color__v1, shape__v1 has none"):
        found(index, vectors={"other__v1": [3, 4]})
    with pytest.raises(InvalidVector, match="a vector of 2 values") as wrong:
        found(index, vectors={**given, "color__v1": [1, 2, 3]})
    assert wrong.value.detail == {"dims": 2}


def test_examples_are_mixed_and_those_without_vectors_named(index: FakeCatalogue) -> None:
    source = found(index, positive=("a", "half", "b"), negative=("nope", "c"))
    assert vectors(source)["shape__v1"] == [0.5774, 0.5774, -0.5774]  # (1, 1, 0) away from (0, 0, 1)
    assert vectors(source)["color__v1"] == [0.7071, 0.7071]  # `c` looks the same there
    assert [each.id for each in source.examples] == ["a", "b", "c"]
    assert source.missing_ids == ("half", "nope")
    assert source.product is None
    with pytest.raises(ProductNotEmbedded, match="none of the positive examples") as none:
        found(index, positive=("half", "nope"), negative=("a",))
    assert none.value.detail == {"missing_ids": ["half", "nope"]}


def test_the_missing_examples_stand_in_the_answer_and_examples_are_no_hits(index: FakeCatalogue) -> None:
    answer = similar_to(index, SimilarRequest(positive=("a", "nope"), negative=("b",), model="color"))
    assert [hit.id for hit in answer.hits] == ["half", "c"]
    assert answer.missing_ids == ("nope",)
    kept = similar_to(index, SimilarRequest(positive=("a",), model="color", exclude_source=False))
    assert "a" in [hit.id for hit in kept.hits]


def test_good_examples_draw_and_bad_ones_push_away() -> None:
    right, up = np.asarray([1, 0], dtype=np.float32), np.asarray([0, 1], dtype=np.float32)
    np.testing.assert_allclose(mix_examples([right, up], []), [0.5**0.5, 0.5**0.5], atol=1e-6)
    np.testing.assert_allclose(mix_examples([right], [up]), np.asarray([2, -1]) / 5**0.5, atol=1e-6)
    np.testing.assert_allclose(mix_examples([right], [up, right]), np.asarray([3, -1]) / 10**0.5, atol=1e-6)
    with pytest.raises(InvalidVector):
        mix_examples([right, -right], [])


def test_weights_come_by_space(index: FakeCatalogue) -> None:
    assert resolve_spaces(index, None, {"shape": 1, "color__v1": 2.5}) == {SHAPE: 1, COLOR: 2.5}
    assert list(resolve_spaces(index, None, {"shape": 1, "color__v1": 2.5})) == [SHAPE, COLOR]
    assert resolve_spaces(index, "shape", {}) == {SHAPE: 1.0}


@pytest.mark.parametrize(
    ("model", "models", "said"),
    [
        ("color", {"shape": 1}, "either `model` or `models`"),
        (None, {"color": 1, "color__v1": 1}, "'color__v1' and another name mean the same space color__v1"),
        (None, {"color": 0}, "weight of 'color' has to be above 0"),
        (None, {"color": -1}, "above 0"),
        (None, {"color": math.inf}, "above 0"),
        (None, {"color": math.nan}, "above 0"),
    ],
)
def test_wrong_weights_are_refused(
    index: FakeCatalogue, model: str | None, models: dict[str, float], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        resolve_spaces(index, model, models)


def test_an_unknown_model_names_those_there_are_and_how_to_get_it(index: FakeCatalogue) -> None:
    with pytest.raises(
        SpaceNotFound, match=r"model 'resnet18'; there are: color, color__v1, shape, shape__v1"
    ) as caught:
        resolve_space(index, "resnet18")
    assert caught.value.detail == {"hint": "run `python -m etl run --model resnet18`"}
    with pytest.raises(SpaceNotFound, match="there are: none yet") as empty:
        resolve_space(FakeCatalogue(), None)
    assert empty.value.detail == {"hint": "run `python -m etl run --model color`"}


def test_the_serving_space_is_that_of_questions_without_a_model(index: FakeCatalogue) -> None:
    assert serving_space(index) == "color__v1"
    index.promotion = SHAPE.name
    assert serving_space(index) == "shape__v1"
    assert serving_space(FakeCatalogue()) is None


def test_a_space_whose_status_is_unknown_does_not_serve_before_one_with_vectors(
    index: FakeCatalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = index.status.get_spaces
    monkeypatch.setattr(index.status, "get_spaces", lambda: [each for each in known() if each.space == SHAPE])
    assert resolve_space(index, None) == SHAPE
    empty = [replace(each, added=0, done=0) for each in known() if each.space == SHAPE]
    monkeypatch.setattr(index.status, "get_spaces", lambda: empty)
    assert resolve_space(index, None) == SHAPE  # of two that nothing is known of, the last by name
    monkeypatch.setattr(index.status, "get_spaces", list)
    assert resolve_space(index, None) == SHAPE
