"""Chooses the two spaces that the gate compares by names as people write them; never one with itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.elastic import Catalogue, connect
from catalog.errors import InvalidInput, SpaceNotFound, Unavailable
from catalog.settings import CatalogSettings
from catalog.similar import resolve_space
from models.bundles.registry import list_bundles
from models.settings import ModelSettings

CURRENT = "current"


@dataclass(frozen=True, slots=True)
class ComparableSpaces:
    """Names the spaces that can be compared, of each model the newest first, and the one that serves, if any."""

    spaces: Sequence[str]
    serving: str | None
    why_not: str = ""  # nothing serves


def list_bundle_spaces(models: ModelSettings, settings: CatalogSettings) -> ComparableSpaces:
    """Returns what can be measured on a labelled set: the bundles that are here."""
    return ComparableSpaces(_list_bundles(models), *_find_serving(connect(settings)))


def list_catalogue_spaces(models: ModelSettings, settings: CatalogSettings) -> ComparableSpaces:
    """Returns what can be measured on the catalogue: the spaces of the index, those without a bundle last."""
    catalogue = connect(settings)
    serving, why_not = _find_serving(catalogue)
    age = {name: number for number, name in enumerate(_list_bundles(models))}
    spaces = [] if serving is None else [space.name for space in catalogue.spaces.get_all()]
    return ComparableSpaces(sorted(spaces, key=lambda name: (age.get(name, len(age)), name)), serving, why_not)


def choose_sides(baseline: str, candidate: str, known: ComparableSpaces) -> tuple[str, str]:
    """Returns the spaces of both; names that are no known space's (the baseline `hog`) stay as they are.

    A name may be `shop`, `shop/0123456789ab` (first digits do) or `shop__0123456789ab`. Of several versions the
    baseline is the one that serves, the candidate the newest that does not. Raises InvalidInput where both are the
    same, a name could be several, or `current` is nothing.
    """
    before, after = _choose_baseline(baseline, known), _choose_candidate(candidate, known)
    check_different(before, after)
    return before, after


def check_different(before: str, after: str) -> None:
    """Raises InvalidInput where a model would be judged against itself, and pass whatever it is."""
    if before == after:
        raise InvalidInput(
            f"both sides are {after}, and nothing is worse than itself: name another baseline (--baseline color), "
            "or say which version is to be judged (--candidate shop/0123456789ab)"
        )


def _choose_baseline(name: str, known: ComparableSpaces) -> str:
    if name == CURRENT:
        if known.serving is None:
            raise InvalidInput(
                f"nothing serves that a candidate could be compared with ({known.why_not}); "
                "name a model instead: --baseline color"
            )
        return known.serving
    found = _find_versions(name, known.spaces)
    return known.serving if known.serving in found else found[0]


def _choose_candidate(name: str, known: ComparableSpaces) -> str:
    found = _find_versions(name, known.spaces)
    return next((one for one in found if one != known.serving), found[0])


def _find_versions(name: str, spaces: Iterable[str]) -> list[str]:
    """Returns the spaces that `name` stands for, newest first; `name` itself where there are none."""
    written = name.replace("/", "__")
    model, separator, version = written.rpartition("__") if "__" in written else (written, "", "")
    found = [one for one in spaces if one.rpartition("__")[0] == model and one.startswith(f"{model}__{version}")]
    if separator and written not in found and len(found) > 1:
        raise InvalidInput(f"'{name}' could be {', '.join(found)}: give more digits")
    return [written] if separator and written in found else found or [written]


def _list_bundles(models: ModelSettings) -> list[str]:
    return [one.bundle.space.name for one in list_bundles(models) if one.bundle]


def _find_serving(catalogue: Catalogue) -> tuple[str | None, str]:
    """Returns the promoted space, else the one that serves without; where nothing does, why not."""
    try:
        return resolve_space(catalogue, None).name, ""
    except (SpaceNotFound, Unavailable) as error:
        return None, error.message
