"""The colour family of a product: from the words of its shop, from a value, or from what its photo showed."""

from typing import Any

import pytest

from catalog.domain.colors.basic_names import BASIC_NAMES
from catalog.domain.colors.color_text import read_family
from catalog.domain.colors.families import FAMILIES, MULTI, find_nearest_family
from catalog.domain.colors.lab import convert_to_lab
from catalog.domain.colors.shade_names import SHADE_NAMES
from catalog.domain.product import document, parse, rederive, select_given
from samples.palette import COLOURS
from tests.unit.color_texts import TEXTS, UNKNOWN

CASES = [(text, family) for family, texts in TEXTS.items() for text in texts]
SHOWN = {"family": "green", "image_url": "https://shop.example/1.jpg", "status": "done"}


@pytest.mark.parametrize(("text", "family"), CASES)
def test_what_shops_write_is_understood(text: str, family: str) -> None:
    assert read_family(text) == family


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_is_no_colour_has_no_family(text: str) -> None:
    assert read_family(text) is None


def test_every_colour_of_the_drawn_shop_is_understood_as_it_is_meant() -> None:
    assert {colour.name: read_family(colour.name) for colour in COLOURS} == {
        each.name: each.family for each in COLOURS
    }
    assert {colour.family for colour in COLOURS} <= FAMILIES.keys()


def test_every_name_belongs_to_one_family_that_there_is() -> None:
    families = {*FAMILIES, MULTI}
    assert set(SHADE_NAMES) == families and all(set(names) == families for names in BASIC_NAMES.values())
    for names in BASIC_NAMES.values():
        for family, listed in names.items():
            assert {read_family(name) for name in listed.split(", ")} == {family}
    for family, listed in SHADE_NAMES.items():
        assert {name: read_family(name) for name in listed.split(", ")} == dict.fromkeys(listed.split(", "), family)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("#000", "black"),
        ("#FFFFFF", "white"),
        ("#b22222", "red"),
        ("#228b22ff", "green"),
        ("rgb(128,128,128)", "grey"),
        ("Deep sea #1f3a93", "blue"),
        ("Red #0000ff", "red"),
        ("rgba(255, 999, 0, .5)", "yellow"),
        ("#12345", None),
    ],
)
def test_a_value_counts_where_no_name_is_known(text: str, family: str | None) -> None:
    assert read_family(text) == family


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [((255, 255, 255), (100, 0, 0)), ((255, 0, 0), (53.24, 80.09, 67.20)), ((0, 0, 255), (32.30, 79.19, -107.86))],
)
def test_lab_values_are_the_published_ones(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    assert convert_to_lab(rgb) == pytest.approx(lab, abs=0.15)


@pytest.mark.parametrize(("family", "values"), FAMILIES.items())
def test_typical_values_are_of_their_own_family(family: str, values: tuple[tuple[int, int, int], ...]) -> None:
    assert {find_nearest_family(value) for value in values} == {family}


def stored(photo_color: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return document(parse({"id": "1", "title": "A", "image_url": SHOWN["image_url"], **fields}), photo_color)


def test_the_shops_own_family_wins_then_the_text_then_the_photo() -> None:
    def family_of(**fields: Any) -> tuple[Any, Any]:
        made = stored(SHOWN, **fields)
        return made.get("color_family"), made.get("color_family_from")

    assert family_of(color="dark red", color_family="Wine") == ("Wine", None)
    assert family_of(color="dark red") == ("red", "color")
    assert family_of(color="floral") == family_of() == ("green", "photo")
    assert family_of(image_url="https://shop.example/2.jpg") == (None, None), "another photo"
    assert "photo_color" not in stored(SHOWN, image_url="https://shop.example/2.jpg")
    assert stored({**SHOWN, "family": None, "status": "failed"}).get("color_family") is None


def test_what_was_derived_is_derived_anew_and_never_taken_for_the_shops() -> None:
    made = stored(SHOWN, color="dark red")
    older = {**made, "color_family": "blue", "embedding": {"a": {}}}
    assert rederive(older) == {**made, "embedding": {"a": {}}}
    assert "color_family" not in select_given(made)
    own = stored(SHOWN, color="dark red", color_family="Wine")
    assert select_given(rederive(own))["color_family"] == "Wine"
