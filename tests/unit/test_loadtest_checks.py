"""A fast wrong answer is a failure: every kind of wrong is told, a right answer passes."""

from typing import Any

import pytest

from loadtest import checks

PRODUCT = {"id": "a", "title": "A", "brand": "Alder", "category": ["clothing", "hats"], "color_family": "red"}
PRODUCT |= {"sizes_available": ["M"], "available": True, "effective_price": 20.0}


def hit(product_id: str, score: Any = 0.5, **changes: Any) -> dict[str, Any]:
    return {"id": product_id, "score": score, "product": {**PRODUCT, "id": product_id, **changes}}


def body(*hits: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"hits": list(hits), "total": len(hits), **more}


@pytest.mark.parametrize(
    "filter_",
    [
        {},
        {"brand": ["Alder", "Elm"], "size": ["M"], "available": True},
        {"category": ["hats"], "price": {"gte": 20, "lte": 20}},
        {"color_family": ["RED"], "size": ["m"]},
    ],
)
def test_a_right_answer_passes(filter_: dict[str, Any]) -> None:
    answer = body(hit("a", 1.0), hit("b", 0.9), hit("c", 0.9), hit("d", -0.1))
    assert checks.check_similar(answer, 4, filter_, "source") is None


SIZES = [
    {"sku": "1", "size": "S", "price": 50, "available": True},
    {"sku": "2", "size": "M", "price": 100, "available": True},
    {"sku": "3", "size": "L", "price": 10, "available": False},
]


@pytest.mark.parametrize(
    ("filter_", "right"),
    [
        ({"price": {"gte": 90, "lte": 110}}, True),
        ({"price": {"gte": 0, "lte": 20}}, False),
        ({"price": {"gte": 0, "lte": 60}, "size": ["S"]}, True),
        ({"price": {"gte": 0, "lte": 60}, "size": ["M"]}, False),
    ],
)
def test_size_and_price_are_those_of_one_variant(filter_: dict[str, Any], right: bool) -> None:
    answer = body(hit("a", variants=SIZES, sizes_available=["S", "M"]))
    assert (checks.check_similar(answer, 4, filter_, "source") is None) is right


def test_no_hits_is_right() -> None:
    assert checks.check_similar(body(), 10, {"brand": ["Elm"]}, "source") is None


@pytest.mark.parametrize(
    ("answer", "limit", "filter_", "told"),
    [
        (None, 10, {}, "no JSON object"),
        ({"code": "x"}, 10, {}, "agreed shape"),
        (body({"id": "a"}), 10, {}, "agreed shape"),
        (body(hit("a"), hit("b")), 1, {}, "2 hits with limit 1"),
        (body(hit("a"), hit("a")), 10, {}, "comes twice"),
        (body(hit("a", 0.1), hit("b", 0.2)), 10, {}, "not descending"),
        (body(hit("a", None)), 10, {}, "a score is None"),
        (body(hit("a", float("nan"))), 10, {}, "a score is nan"),
        (body(hit("a", True)), 10, {}, "a score is True"),
        (body(hit("a", 1.5)), 10, {}, "a cosine of 1.5"),
        (body(hit("source")), 10, {}, "source product"),
        (body(hit("a"), hit("b", 0.1, brand="Elm")), 10, {"brand": ["Alder"]}, "filter brand"),
        (body(hit("a", sizes_available=["S"])), 10, {"size": ["M"]}, "filter size"),
        (body(hit("a", available=False)), 10, {"available": True}, "filter available"),
        (body(hit("a")), 10, {"price": {"gte": 21, "lte": 30}}, "filter price"),
        (body(hit("a", effective_price=None)), 10, {"price": {"gte": 1, "lte": 30}}, "agreed shape"),
    ],
)
def test_a_wrong_answer_is_told(answer: Any, limit: int, filter_: dict[str, Any], told: str) -> None:
    wrong = checks.check_similar(answer, limit, filter_, "source")
    assert wrong is not None
    assert told in wrong


def test_pages_are_checked_too() -> None:
    page = body(hit("a", effective_price=1.0), hit("b", effective_price=2.0))
    assert checks.check_page(page, 2, {}, "price") is None
    assert checks.check_page(page, 2, {}, "id") is None
    assert "sorted by -price" in str(checks.check_page(page, 2, {}, "-price"))
    assert "total is 1" in str(checks.check_page({**page, "total": 1}, 2, {}, "id"))
    assert "filter brand" in str(checks.check_page(page, 2, {"brand": ["Elm"]}, "id"))
    assert "no JSON object" in str(checks.check_page(None, 2, {}, "id"))


@pytest.mark.parametrize("content", [b"", None, b"[]", b"<html>", b'{"hits": [{"score": NaN}]}'])
def test_what_is_no_json_object_is_none(content: bytes | None) -> None:
    assert checks.parse_object(content) is None


def test_json_is_parsed() -> None:
    assert checks.parse_object(b'{"hits": []}') == {"hits": []}
