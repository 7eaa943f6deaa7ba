"""Resolves the embedding spaces that a request means."""

from collections.abc import Mapping

from catalog.domain.embedding_space import Space
from catalog.domain.records import SpaceStatus
from catalog.errors import InvalidInput, SpaceNotFound
from catalog.ports import SearchIndex


def resolve_space(index: SearchIndex, model: str | None) -> Space:
    """Returns the space a request means: a space's name, a model's name, or (None) the promoted one.

    Where nothing was promoted, or not that model, the space that came first into the catalogue goes on serving as
    long as it has embeddings: only a promotion switches. Of those from before their order was kept on record, which
    came before all others, the fullest. Raises SpaceNotFound with the names there are, and Unavailable where there is
    a choice and promotions were never read: another model than the promoted one would be a wrong answer.
    """
    spaces = {space.name: space for space in index.spaces.get_all()}
    if model is not None and model in spaces:
        return spaces[model]
    candidates = [space for space in spaces.values() if model in (None, space.model)]
    if not candidates:
        there = ", ".join(sorted({space.model for space in spaces.values()} | set(spaces))) or "none yet"
        what = f"no embeddings of a model '{model}'" if model else "no product has been embedded"
        raise SpaceNotFound(f"{what}; there are: {there}", hint=f"run `python -m etl run --model {model or 'color'}`")
    if len(candidates) == 1:
        return candidates[0]
    promoted = index.promotions.get_promoted()
    for space in candidates:
        if space.name == promoted:
            return space
    known = {status.space.name: status for status in index.status.get_spaces()}
    return max(candidates, key=lambda space: _seniority(space, known.get(space.name)))


def _seniority(space: Space, status: SpaceStatus | None) -> tuple[bool, int, int, str]:
    return (status.done > 0, -status.added, status.done, space.name) if status else (False, 0, 0, space.name)


def serving_space(index: SearchIndex) -> str | None:
    """Returns the name of the space that answers questions without `model`; None before anything is embedded."""
    try:
        return resolve_space(index, None).name
    except SpaceNotFound:
        return None


def resolve_spaces(index: SearchIndex, model: str | None, models: Mapping[str, float]) -> dict[Space, float]:
    """Returns the weight per space; raises InvalidInput for `model` beside `models`, or two names for one space."""
    if not models:
        return {resolve_space(index, model): 1.0}
    if model is not None:
        raise InvalidInput("name either `model` or `models`, not both")
    found: dict[Space, float] = {}
    for name, weight in models.items():
        space = resolve_space(index, name)
        if space in found:
            raise InvalidInput(f"models: '{name}' and another name mean the same space {space.name}")
        if not 0 < weight < float("inf"):
            raise InvalidInput(f"models: the weight of '{name}' has to be above 0")
        found[space] = weight
    return found
