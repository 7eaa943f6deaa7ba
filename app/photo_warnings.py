"""Warns where a photo lies outside of what a model says it was made for."""

from collections.abc import Mapping, Sequence

from PIL import Image

from catalog.domain.filters import Filters
from catalog.domain.warnings import AnswerWarning
from catalog.search.search_types import Hit
from models.bundles.manifest import Limits


def warn_of_photo(image: Image.Image, limits: Mapping[str, Limits], filters: Filters) -> list[AnswerWarning]:
    """Warns by the photo's size and the category that is asked for; `limits` are by space."""
    size = f"the photo (or its part) has {image.width} x {image.height} pixels"
    pixels = {"width": image.width, "height": image.height}
    found = []
    for name, limit in limits.items():
        if min(image.size) < limit.min_side:
            message = f"{size}; {name} was made for {limit.min_side} and more: likeness is uncertain"
            detail = {"space": name, **pixels, "min_side": limit.min_side}
            found.append(AnswerWarning("photo_too_small", message, detail))
        if image.width * image.height > limit.max_pixels:
            message = f"{size}; {name} was made for at most {limit.max_pixels:,} in all"
            detail = {"space": name, **pixels, "max_pixels": limit.max_pixels}
            found.append(AnswerWarning("photo_too_large", message, detail))
        if limit.categories and filters.category and not set(filters.category) & set(limit.categories):
            found.append(_warn_of_category(name, limit.categories, filters.category))
    return found


def _warn_of_category(name: str, made_for: Sequence[str], asked: Sequence[str]) -> AnswerWarning:
    message = f"{name} was made for {', '.join(made_for)}, not for {', '.join(asked)}"
    return AnswerWarning("unsuited_category", message, {"space": name, "categories": list(made_for)})


def warn_of_hits(
    hits: Sequence[Hit], limits: Mapping[str, Limits], missed: float | None = None
) -> list[AnswerWarning]:
    """Warns by the best cosine of a first page: a photo unlike everything here is probably of something else.

    `missed` is the floor that all hits missed: their best cosine is not known. One model only, for cosines of several
    models mixed have no common scale.
    """
    ((name, limit),) = limits.items() if len(limits) == 1 else [("", None)]
    best = max((hit.score for hit in hits if hit.score is not None), default=None)  # a pin may come first
    reached = best if best is not None else missed
    if limit is None or limit.ood_cosine is None or reached is None or reached >= limit.ood_cosine:
        return []
    said = f"below {missed:g}" if best is None else f"{best:.2f}"
    message = f"nothing here looks like this photo: its best cosine is {said}, {name} expects {limit.ood_cosine}"
    return [AnswerWarning("unlike_catalogue", message, {"space": name, "best": best, "expected": limit.ood_cosine})]
