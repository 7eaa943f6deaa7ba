"""API keys: what is made, kept and recognised."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from catalog.domain.api_keys import Rate, document, hash_key, make_key, parse, parse_rate, read_id
from catalog.errors import InvalidApiKey


def test_a_key_has_256_random_bits_and_only_its_hash_is_kept() -> None:
    made = [make_key("shop", ("search",)) for _ in range(50)]
    assert len({text for _, text in made}) == 50
    for key, text in made:
        assert len(text.split("_", 2)[2]) == 43  # 256 bits in base64
        assert read_id(text) == key.id and key.fits(text)
        assert text.split("_", 2)[2] not in f"{document(key)}{key!r}"
        assert document(key)["hash"] == hash_key(text) and len(key.hash) == 64
        assert parse(document(key)) == key
    assert not made[0][0].fits(made[1][1])


def test_a_key_ends_when_it_is_revoked_or_its_time_has_come() -> None:
    now = datetime.now(UTC)
    key, _ = make_key("shop", ("search",), expires_at=now + timedelta(hours=1))
    assert key.find_fault(now) is None
    assert key.find_fault(now + timedelta(hours=1)) == "expired"
    assert key.model_copy(update={"revoked_at": now}).find_fault(now) == "revoked"


@pytest.mark.parametrize(
    ("text", "rate"), [("50/s", Rate(50, 1.0)), ("600/m", Rate(600, 60.0)), ("1/h", Rate(1, 3600.0))]
)
def test_rates_are_read(text: str, rate: Rate) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["", "50", "0/s", "-1/s", "1.5/s", "50/d", "50 /s", "5e3/s", "٥/s", "9999999/s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write requests per second"):
        parse_rate(text)


@pytest.mark.parametrize(
    ("name", "scopes", "limits", "field"),
    [
        ("", ("search",), {}, "name"),
        ("  ", ("search",), {}, "name"),
        ("a\nb", ("search",), {}, "name"),
        ("x" * 129, ("search",), {}, "name"),
        ("shop", (), {}, "scopes"),
        ("shop", ("root",), {}, "scopes.0"),
        ("shop", ("search",), {"rate": "quick"}, "rate"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_by_field(name: str, scopes: Any, limits: Any, field: str) -> None:
    with pytest.raises(InvalidApiKey) as refused:
        make_key(name, scopes, **limits)
    assert refused.value.detail == {"field": field} and refused.value.message.startswith(field)
