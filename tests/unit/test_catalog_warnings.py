"""Warnings beside an answer: what is looked up, how much of it, and what they say."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from catalog.domain.filters import Filters, parse
from catalog.domain.warnings import AnswerWarning
from catalog.index_mapping import EXACT_FILTERS, VERSION
from catalog.search import filter_warnings
from tests.fakes import FakeCatalogue


class Values:
    """Knows no value that is asked for, and remembers what was."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.known = known
        self.asked: list[Mapping[str, Sequence[str]]] = []

    def get(self, key: str) -> Sequence[str]:
        return self.known

    def find_unknown(self, asked: Mapping[str, Sequence[str]]) -> Mapping[str, Sequence[str]]:
        self.asked.append({key: list(words) for key, words in asked.items()})
        return asked


def warn(values: Values, filters: Filters, found: int = 0, limit: int = 10, **more: Any) -> list[AnswerWarning]:
    index = FakeCatalogue()
    index.filter_values = values  # type: ignore[assignment]
    return list(filter_warnings.warn_of_few_hits(index, filters, found, limit, **more))


def words(count: int) -> list[str]:
    return [f"word {number}" for number in range(count)]


def test_an_older_index_is_named_with_what_to_do() -> None:
    index = FakeCatalogue()
    assert filter_warnings.warn_of_old_index(index) == ()
    index.version = EXACT_FILTERS - 1
    [warning] = filter_warnings.warn_of_old_index(index)
    assert warning.code == "old_index"
    assert warning.detail == {
        "hint": "run `python -m catalog reindex`",
        "version": EXACT_FILTERS - 1,
        "current": VERSION,
    }
    assert "older kind" in warning.message


@pytest.mark.parametrize(
    ("asked", "looked_up"),
    [
        ({"brand": words(60)}, {"brand": words(50)}),
        ({"brand": words(30), "color": words(30)}, {"brand": words(30), "color": words(20)}),
        ({"brand": words(50), "color": ["red"]}, {"brand": words(50)}),
        ({"brand": words(49), "color": ["red", "blue"]}, {"brand": words(49), "color": ["red"]}),
        ({"attributes": {"fit": ["slim"], "cut": []}}, {"attributes.fit": ["slim"]}),
    ],
)
def test_fifty_values_of_a_question_are_looked_up(asked: dict[str, Any], looked_up: dict[str, Any]) -> None:
    values = Values()
    warn(values, parse(asked))
    assert values.asked == [looked_up]


@pytest.mark.parametrize(
    ("found", "limit", "relaxed", "looked_up"),
    [
        (10, 10, False, []),  # a full page
        (9, 10, False, [{"color": ["red", "blue"]}]),  # hits prove the only brand
        (0, 10, False, [{"brand": ["x"], "color": ["red", "blue"]}]),
        (10, 10, True, [{"brand": ["x"], "color": ["red", "blue"]}]),  # without its filter a hit proves nothing
    ],
)
def test_what_hits_prove_is_not_looked_up(found: int, limit: int, relaxed: bool, looked_up: list[Any]) -> None:
    values = Values()
    warn(values, parse({"brand": "x", "color": ["red", "blue"]}), found, limit, relaxed=relaxed)
    assert values.asked == looked_up


def test_without_words_nothing_is_looked_up() -> None:
    values = Values()
    assert warn(values, Filters()) == warn(values, parse({"available": True})) == []
    assert warn(values, parse({"brand": "x"}), found=1) == []
    assert values.asked == []


def test_five_unknown_values_are_warned_about_with_ten_that_there_are() -> None:
    found = warn(Values(words(30)), parse({"brand": ["word 3x", *words(7)], "color": ["red"]}))
    assert [each.code for each in found] == ["unknown_filter_value"] * 5
    assert found[0].detail == {"key": "brand", "value": "word 3x", "nearest": "word 3", "values": words(10)}
    assert found[0].message == "no product has the brand 'word 3x'; the nearest one there is: 'word 3'"


def test_of_ids_none_is_near() -> None:
    [warning] = warn(Values(["g1", "g2"]), parse({"item_group_id": "g"}))
    assert warning.detail == {"key": "item_group_id", "value": "g", "nearest": None, "values": []}
    assert warning.message == "no product has the item_group_id 'g'"


def test_a_size_in_stock_of_what_is_sold_out_contradicts_itself() -> None:
    filters = parse({"size": "M", "available": False})
    *_, warning = warn(Values(), filters)
    assert (warning.code, warning.detail) == ("contradictory_filters", {"keys": ["size", "available"]})
    assert "in stock" in warning.message
    for consistent in ({"size": "M", "available": True}, {"size": "M"}, {"color": "x", "available": False}):
        assert "contradictory_filters" not in [each.code for each in warn(Values(), parse(consistent))]


@pytest.mark.parametrize(
    ("low", "high", "contradicts"), [(5, 4, True), (5, 5, False), (4, 5, False), (None, 4, False), (5, None, False)]
)
def test_a_band_and_bounds_contradict_where_no_price_is_left(
    low: float | None, high: float | None, contradicts: bool
) -> None:
    price = filter_warnings.PriceRange.model_construct(gte=low, lte=high)
    found = filter_warnings.warn_of_prices(price)
    assert [(each.code, each.detail) for each in found] == (
        [("contradictory_filters", {"keys": ["price", "price_band"]})] if contradicts else []
    )
    assert all("price_band" in each.message for each in found)
    assert filter_warnings.warn_of_prices(None) == ()
