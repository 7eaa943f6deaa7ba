"""Which two versions the gate compares, however they are named, and that they are two."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.errors import InvalidInput
from evaluation.commands.main import app
from evaluation.gate.spaces import ComparableSpaces, choose_sides
from tests.unit.models_making import put

SPACES = ("color__7a7a7a", "shop__cccc11", "shop__bbbb22", "shop__bbbb33", "shop__aaaa44")  # newest first
OLD_SERVES = ComparableSpaces(SPACES, "shop__aaaa44")


@pytest.mark.parametrize(
    ("baseline", "candidate", "expected"),
    [
        ("current", "shop", ("shop__aaaa44", "shop__cccc11")),
        ("shop", "shop", ("shop__aaaa44", "shop__cccc11")),
        ("current", "shop/cccc11", ("shop__aaaa44", "shop__cccc11")),
        ("current", "shop__cccc11", ("shop__aaaa44", "shop__cccc11")),
        ("current", "shop/cccc", ("shop__aaaa44", "shop__cccc11")),
        ("color", "shop/aaaa44", ("color__7a7a7a", "shop__aaaa44")),
        ("shop/bbbb22", "color", ("shop__bbbb22", "color__7a7a7a")),
        ("hog", "shop", ("hog", "shop__cccc11")),
        ("current", "new/dddd", ("shop__aaaa44", "new__dddd")),  # nobody knows it: refused where it is looked for
    ],
)
def test_names_mean_versions(baseline: str, candidate: str, expected: tuple[str, str]) -> None:
    assert choose_sides(baseline, candidate, OLD_SERVES) == expected


def test_the_newest_is_judged_even_where_it_is_the_only_one() -> None:
    assert choose_sides("color", "shop", ComparableSpaces(("color__7a7a7a", "shop__aaaa44"), "shop__aaaa44")) == (
        "color__7a7a7a",
        "shop__aaaa44",
    )
    assert choose_sides("color", "shop", ComparableSpaces(SPACES, None)) == ("color__7a7a7a", "shop__cccc11")


def test_a_baseline_that_does_not_serve_is_its_newest_version() -> None:
    for known in (ComparableSpaces(SPACES, None), ComparableSpaces(SPACES, "color__7a7a7a")):
        assert choose_sides("shop", "color", known) == ("shop__cccc11", "color__7a7a7a")
        assert choose_sides("shop/aaaa", "shop", known) == ("shop__aaaa44", "shop__cccc11")


def test_a_model_is_not_taken_for_one_whose_name_goes_on() -> None:
    known = ComparableSpaces(("shop_kids__cccc", "kids__bbbb", "shop__aaaa", "shop__aaaa99"), "kids__bbbb")
    assert choose_sides("kids", "shop", known) == ("kids__bbbb", "shop__aaaa")
    assert choose_sides("shop_kids", "shop/aaaa", known) == ("shop_kids__cccc", "shop__aaaa")  # the whole version
    assert choose_sides("shop/aaaa9", "sho", known) == ("shop__aaaa99", "sho")
    with pytest.raises(InvalidInput, match="'shop/aaa' could be shop__aaaa, shop__aaaa99: give more digits"):
        choose_sides("shop/aaa", "kids", known)


@pytest.mark.parametrize(
    ("baseline", "candidate", "known"),
    [
        ("current", "shop/aaaa44", OLD_SERVES),
        ("current", "color", ComparableSpaces(("color__7a7a7a",), "color__7a7a7a")),
        ("shop/cccc", "shop", OLD_SERVES),
        ("hog", "hog", OLD_SERVES),
    ],
)
def test_nothing_is_compared_with_itself(baseline: str, candidate: str, known: ComparableSpaces) -> None:
    with pytest.raises(InvalidInput, match="name another baseline"):
        choose_sides(baseline, candidate, known)


def test_what_cannot_be_told_is_asked_back() -> None:
    with pytest.raises(InvalidInput, match="could be shop__bbbb22, shop__bbbb33"):
        choose_sides("current", "shop/bbbb", OLD_SERVES)
    with pytest.raises(InvalidInput, match=r"nothing serves .* \(it is empty\); name a model instead"):
        choose_sides("current", "shop", ComparableSpaces(SPACES, None, "it is empty"))


def test_the_command_refuses_before_it_measures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:9")  # nobody is there
    monkeypatch.setenv("BUNDLES", str(tmp_path / "bundles"))
    tiny = put(tmp_path / "bundles", "tiny")
    data = ["--data", str(tmp_path / "absent")]
    done = CliRunner().invoke(app, ["gate", "--candidate", "tiny", "--baseline", f"tiny/{tiny.version}", *data])
    assert done.exit_code == 2 and f"both sides are {tiny.space.name}" in done.stderr
    done = CliRunner().invoke(app, ["gate", "--candidate", "tiny", "--baseline", "hog", *data])
    assert done.exit_code == 2 and "no folder or feed" in done.stderr
