"""Derives the colour family of a product that its shop gives none."""

from collections.abc import Mapping
from typing import Any

from catalog.domain.colors.color_text import read_family

FAMILY, SOURCE = "color_family", "color_family_from"
PHOTO_COLOR = "photo_color"  # what `etl enrich` made of a photo: its family, or why it has none, and the address


def derive_family(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `color_family` and what it was derived from, as they belong to a product without derived fields.

    The shop's own family wins. Without one the text `color` counts, then what the photo at `image_url` showed; what
    was read from another photo is dropped.
    """
    seen = given.get(PHOTO_COLOR) or {}
    if not seen or seen.get("image_url") != given.get("image_url"):
        seen = {}
    family, source = given.get(FAMILY), None
    if not family and (family := read_family(given.get("color") or "")):
        source = "color"
    if not family and (family := seen.get("family")):
        source = "photo"
    return {FAMILY: family, SOURCE: source, PHOTO_COLOR: seen or None}


def drop_derived_family(source: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a stored product without a colour family that its shop did not name."""
    derived = (FAMILY, SOURCE) if source.get(SOURCE) else ()
    return {name: value for name, value in source.items() if name not in derived}
