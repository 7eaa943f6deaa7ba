"""Cuts hits that do not look alike any more: below the floor of the spaces, where the question names no threshold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from catalog.domain.embedding_space import Space
from catalog.domain.warnings import AnswerWarning
from catalog.search.search_types import Hit, SimilarPage
from catalog.similar.request import SimilarRequest
from catalog.similar.sources import Source

Floors = Mapping[str, float]  # space -> cosine below which two photos do not look alike


def choose_floor(
    request: SimilarRequest, spaces: Mapping[Space, float], source: Source, floors: Floors
) -> float | None:
    """Returns the cosine below which hits are cut; None where a threshold was named, or there is no figure.

    Floors are measured between two photos, and a mean of several examples is none: its cosines are of another kind.
    Several spaces have the weighted mean of their floors, as their score is that of the cosines, if each has one.
    """
    if request.score_threshold is not None or len(source.examples) > 1:
        return None
    known = {space: floors[space.name] for space in spaces if space.name in floors}
    if len(known) < len(spaces):
        return None
    return round(sum(weight * known[space] for space, weight in spaces.items()) / sum(spaces.values()), 4)


def cut_hits(hits: Sequence[Hit], floor: float | None) -> list[Hit]:
    """Returns the hits that reach the floor, each with those of its group that do."""
    if floor is None:
        return list(hits)
    return [_cut_group(hit, floor) for hit in hits if _reaches(hit, floor)]


def warn_of_floor(page: SimilarPage, offset: int, floor: float | None) -> tuple[AnswerWarning, ...]:
    """Returns a warning for an empty page behind which there are products that are not alike enough."""
    if floor is None or page.hits or (page.plan.candidates or 0) <= offset:
        return ()
    more = "more " if offset else ""
    message = (
        f"there are no {more}products that look alike: all others have a cosine below {floor:g}; "
        "score_threshold=none shows them"
    )
    return (AnswerWarning("below_floor", message, {"score_floor": floor}),)


def _reaches(hit: Hit, floor: float) -> bool:
    return hit.score is not None and hit.score >= floor


def _cut_group(hit: Hit, floor: float) -> Hit:
    if hit.group is None or all(_reaches(each, floor) for each in hit.group):
        return hit
    return replace(hit, group=[each for each in hit.group if _reaches(each, floor)])
