"""What a merchandising rule may say, when it is in force, and what is kept of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.domain import merchandising_rules
from catalog.domain.filters import parse as parse_filters
from catalog.domain.matching import FoldedProduct, passes
from catalog.domain.merchandising_rulebook import NONE, Rulebook
from catalog.domain.product import document, parse
from catalog.errors import InvalidInput, InvalidRule
from catalog.similar import reranking

NOW = datetime(2027, 1, 15, tzinfo=UTC)
DAY = timedelta(days=1)
HIDE: dict[str, Any] = {"id": "r", "action": "hide", "target": {"ids": ["a"]}}
PIN: dict[str, Any] = {"id": "r", "action": "pin", "target": {"ids": ["a", "b"]}, "position": 1}
BOOST: dict[str, Any] = {"id": "r", "action": "boost", "target": {"filter": {"brand": "x"}}, "amount": 0.5}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (PIN | {"position": 0}, "position: Input should be greater than or equal to 1"),
        (PIN | {"position": -1}, "position: Input should be greater than or equal to 1"),
        (PIN | {"position": 201}, "position: Input should be less than or equal to 200"),
        (PIN | {"position": 200}, "position: pins end at position 200"),
        (PIN | {"position": None}, "position: a pin needs one"),
        (PIN | {"target": {"filter": {"brand": "x"}}}, "target: a pin names its products by ids"),
        (PIN | {"amount": 0.1}, "amount: only a boost has one"),
        (HIDE | {"position": 1}, "position: only a pin has one"),
        (HIDE | {"target": {}}, "target: name products by either ids or a filter"),
        (HIDE | {"target": {"filter": {}}}, "target: name products by either ids or a filter"),
        (HIDE | {"target": {"ids": ["a"], "filter": {"brand": "x"}}}, "target: name products by either ids or"),
        (HIDE | {"target": {"filter": {"colour": "x"}}}, "target.filter.colour: there is no such key; .*color,"),
        (HIDE | {"when": {"filter": {"shape": "x"}}}, "when.filter.shape: there is no such key; .*pattern"),
        (HIDE | {"when": {"id": "x"}}, "when.id: there is no such key; there are ids, filter"),
        (HIDE | {"whem": {}}, "whem: there is no such key; .*when"),
        (BOOST | {"amount": None}, "amount: a boost needs one"),
        (BOOST | {"amount": 1.5}, "amount: Input should be less than or equal to 1"),
        (BOOST | {"amount": float("nan")}, "amount: Input should be a finite number"),
        (HIDE | {"valid_from": NOW, "valid_until": NOW}, "valid_from: it has to be before valid_until"),
        (HIDE | {"valid_from": NOW + DAY, "valid_until": NOW}, "valid_from: it has to be before valid_until"),
        (HIDE | {"valid_from": "soon"}, "valid_from: Input should be a valid datetime"),
        (HIDE | {"action": "burn"}, "action: Input should be 'pin', 'hide' or 'boost'"),
        (HIDE | {"id": "a/b"}, "id: String should match pattern"),
        ("hide", "Input should be a valid dictionary"),
    ],
)
def test_a_wrong_rule_says_what_is_wrong(wrong: Any, message: str) -> None:
    with pytest.raises(InvalidRule, match=message) as caught:
        merchandising_rules.parse(wrong)
    assert isinstance(caught.value, InvalidInput)


def test_positions_end_where_reordering_does() -> None:
    assert merchandising_rules.MAX_POSITION <= reranking.RERANK_POOL


@pytest.mark.parametrize("data", [HIDE, PIN | {"note": "n", "valid_from": NOW}, BOOST | {"when": {"ids": ["s"]}}])
def test_what_is_kept_reads_back_the_same(data: dict[str, Any]) -> None:
    rule = merchandising_rules.parse(data)
    assert merchandising_rules.parse(merchandising_rules.document(rule)) == rule
    assert None not in merchandising_rules.document(rule).values()


def test_a_rule_is_in_force_from_its_first_moment_to_before_its_last() -> None:
    rule = merchandising_rules.parse(HIDE | {"valid_from": NOW, "valid_until": NOW + DAY})
    asked = [NOW - timedelta(microseconds=1), NOW, NOW + DAY - timedelta(microseconds=1), NOW + DAY]
    assert [rule.applies(None, moment) for moment in asked] == [False, True, True, False]
    naive = merchandising_rules.parse(HIDE | {"valid_from": "2027-01-15T00:00:00"})
    assert naive.applies(None, NOW) and not naive.applies(None, NOW - DAY)  # no zone means UTC


def test_a_condition_looks_at_the_source_product() -> None:
    source = {"id": "s", "brand": "x", "attributes": {"fit": "slim"}}
    for when, applies in (
        ({}, True),
        ({"ids": ["s"]}, True),
        ({"ids": ["other"]}, False),
        ({"filter": {"brand": ["x", "y"]}}, True),
        ({"filter": {"brand": "y"}}, False),
        ({"ids": ["s"], "filter": {"attributes": {"fit": "wide"}}}, False),
    ):
        rule = merchandising_rules.parse(HIDE | {"when": when})
        assert rule.applies(FoldedProduct(source), NOW) is applies, when
        assert rule.applies(None, NOW) is (when == {})  # a photo has no brand


def test_rules_come_in_one_order_whatever_order_they_were_kept_in() -> None:
    several = [
        merchandising_rules.parse(PIN | {"id": name, "position": position})
        for name, position in (("b", 1), ("c", 2), ("a", 2))
    ]
    for given in (several, several[::-1]):
        assert [rule.id for rule in Rulebook(given).in_force(None, NOW).pins] == ["b", "a", "c"]
    assert Rulebook().in_force(None, NOW) is NONE


def test_a_filter_sees_a_stored_product_as_elasticsearch_does() -> None:
    product = document(
        parse(
            {
                "id": "a",
                "title": "t",
                "category": ["clothing", "dress"],
                "price": 20,
                "variants": [{"sku": "m", "size": "M"}, {"sku": "l", "size": "L", "available": False}],
                "attributes": {"washable": True, "length": 90, "season": ["summer", "spring"]},
            }
        )
    )
    for filter_, expected in (
        ({}, True),
        ({"category": "dress"}, True),
        ({"category": ["shoes", "clothing"]}, True),
        ({"size": "M"}, True),
        ({"size": "L"}, False),
        ({"available": True}, True),
        ({"available": False}, False),
        ({"price": {"gte": 20, "lte": 20}}, True),
        ({"price": {"lte": 19.99}}, False),
        ({"brand": "x"}, False),
        ({"attributes": {"washable": "true", "length": "90", "season": "spring"}}, True),
        ({"attributes": {"washable": "True"}}, True),
        ({"attributes": {"season": []}}, True),
        ({"attributes": {"fit": "slim"}}, False),
    ):
        assert passes(product, parse_filters(filter_)) is expected, filter_
    assert not passes({"id": "b"}, parse_filters({"price": {}}))


def test_a_rulebook_finds_the_same_rules_as_asking_each() -> None:
    sources: list[dict[str, Any] | None] = [{"id": f"s{n}", "brand": "xy"[n % 2]} for n in range(6)]
    conditions: list[dict[str, Any]] = [{}, {"ids": ["s1", "s2"]}, {"filter": {"brand": "x"}}]
    conditions.append({"ids": ["s2", "s3", "s9"], "filter": {"brand": "y"}})
    given = [
        merchandising_rules.parse(HIDE | {"id": f"r{n}", "when": when, "valid_until": NOW + DAY * (n % 2)})
        for n, when in enumerate(conditions * 3)
    ]
    book = Rulebook(given)
    for source in [*sources, None]:
        seen = FoldedProduct(source) if source else None
        expected = [rule.id for rule in sorted(given, key=lambda each: each.id) if rule.applies(seen, NOW)]
        found = book.in_force(source, NOW)
        assert [rule.id for rule in found.hides] == expected
        assert book.in_force(source, NOW) is found  # made ready once
