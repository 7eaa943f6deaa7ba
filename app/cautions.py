"""Warnings of a photo query: where a photo lies outside of what a model says it was made for."""

from collections.abc import Mapping, Sequence

from PIL import Image

from catalog.filters import Filters
from catalog.questions import Hit
from models.manifest import Limits


def of_photo(image: Image.Image, limits: Mapping[str, Limits], filters: Filters) -> list[str]:
    """By the photo's size and the category that is asked for; `limits` are by space."""
    size = f"the photo (or its part) has {image.width} x {image.height} pixels"
    found = []
    for name, limit in limits.items():
        if min(image.size) < limit.min_side:
            found.append(f"{size}; {name} was made for {limit.min_side} and more: likeness is uncertain")
        if image.width * image.height > limit.max_pixels:
            found.append(f"{size}; {name} was made for at most {limit.max_pixels:,} in all")
        if limit.categories and filters.category and not set(filters.category) & set(limit.categories):
            found.append(f"{name} was made for {', '.join(limit.categories)}, not for {', '.join(filters.category)}")
    return found


def of_hits(hits: Sequence[Hit], limits: Mapping[str, Limits]) -> list[str]:
    """By the best cosine of a first page: a photo unlike everything here is probably of something else.

    One model only, for cosines of several models mixed have no common scale.
    """
    ((name, limit),) = limits.items() if len(limits) == 1 else [("", None)]
    best = max((hit.score for hit in hits if hit.score is not None), default=None)  # a pin may come first
    if limit is None or limit.ood_cosine is None or best is None or best >= limit.ood_cosine:
        return []
    return [f"nothing here looks like this photo: its best cosine is {best:.2f}, {name} expects {limit.ood_cosine}"]
