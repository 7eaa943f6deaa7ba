"""Single values of a feed: money, stock, sale periods."""

from datetime import UTC, datetime

import pytest

from catalog.feeds.events import RowError
from catalog.feeds.money import parse_money
from catalog.feeds.periods import is_in_period
from catalog.feeds.values import parse_stock, parse_text


@pytest.mark.parametrize(
    ("written", "amount", "currency"),
    [
        ("12.50 EUR", 12.5, "EUR"),
        ("12,50 EUR", 12.5, "EUR"),
        ("12,5", 12.5, None),
        ("12 usd", 12.0, "USD"),
        ("EUR 12.50", 12.5, "EUR"),
        ("1299.00SEK", 1299.0, "SEK"),
        ("1,299.00 USD", 1299.0, "USD"),
        ("1.299,00 EUR", 1299.0, "EUR"),
        ("1 299,50 EUR", 1299.5, "EUR"),
        ("1\u202f299 EUR", 1299.0, "EUR"),
        ("1'299.00 CHF", 1299.0, "CHF"),
        ("1.234.567 EUR", 1234567.0, "EUR"),
        ("49.9900", 49.99, None),
        ("0.125 EUR", 0.125, "EUR"),
        ("€12.50", 12.5, "EUR"),
        ("12,50 £", 12.5, "GBP"),
        ("0", 0.0, None),
        (12.5, 12.5, None),
        (12, 12.0, None),
    ],
)
def test_money_is_read(written: object, amount: float, currency: str | None) -> None:
    assert parse_money("price", written) == (amount, currency)


@pytest.mark.parametrize(
    "written",
    [
        *("1.234 EUR", "1,234 EUR", "1,23,456 EUR", "1.234.50 EUR", "1 23 EUR", "$12.50", "12.50 EURO", "12.50 E"),
        *("nan", "NaN EUR", "inf", "EUR", "free", "EUR 5 USD", "1e3", "0x10", "١٢ EUR", "", float("nan"), True, {}),
    ],
)
def test_money_that_could_mean_two_things_is_refused(written: object) -> None:
    with pytest.raises(RowError, match="price"):
        parse_money("price", written)


@pytest.mark.parametrize("written", ["-5 EUR", "-0.01", -1, "EUR -3.00"])
def test_a_negative_price_is_refused_by_name(written: object) -> None:
    with pytest.raises(RowError, match=r"price: .* is negative"):
        parse_money("price", written)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        *(
            ("in_stock", True),
            ("in stock", True),
            ("In Stock", True),
            ("out of stock", False),
            ("out_of_stock", False),
        ),
        *(("preorder", False), ("backorder", False), ("true", True), ("0", False), (True, True), (1, True)),
    ],
)
def test_availability_means_can_be_sent_today(written: object, expected: bool) -> None:
    assert parse_stock("availability", written) is expected


def test_an_unknown_availability_is_refused() -> None:
    with pytest.raises(RowError, match="'maybe' is none of in_stock"):
        parse_stock("availability", "maybe")


NOW = datetime(2026, 2, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "on"),
    [
        ("2026-02-24T11:07:31+01:00/2026-02-26T23:07+01:00", True),
        ("2026-02-24T11:07-0800/2026-02-26T23:07-0800", True),
        ("2026-02-20/2026-02-24", False),
        ("2026-02-25T13:00Z / 2026-03-01", False),
        ("2026-02-24T11:07+0100/2026-02-29T23:07+0100", True),  # a day that is none: the last of its month
        ("2026-02-24 11:07 +01:00 / 2026-02-26 23:07", True),
        ("2026-02-24t11:07:31.5z/2026-02-25T24:00", True),
        ("2026-02-20/2026-02-25", True),  # the last day counts whole
        ("2026-02-26/", False),
        ("/2026-02-26", True),
        ("2026-02-24T11:07-08/9999-12-31", True),
    ],
)
def test_a_sale_is_on_within_its_period(window: str, on: bool) -> None:
    assert is_in_period("sale_price_effective_date", window, NOW) is on


@pytest.mark.parametrize(
    "window", ["soon", "2026-02-24", "2026-03-01/2026-02-01", "a/b", "1/2/3", "/", "2026-13-01/"]
)
def test_a_period_that_is_none_is_refused(window: str) -> None:
    with pytest.raises(RowError, match="sale_price_effective_date"):
        is_in_period("sale_price_effective_date", window, NOW)


def test_whole_floats_are_whole_numbers_in_text() -> None:
    assert [parse_text(value) for value in (42, 42.0, 42.5, " a ", True, None)] == [
        "42",
        "42",
        "42.5",
        "a",
        True,
        None,
    ]
