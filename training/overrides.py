"""Applies the options of `fit` and `--set name=value` to a recipe.

A name may be short where that is clear: `--set schedule.lr=0.001`, or `--set lr=0.001`. A recipe may have two
schedules; a short name that both have means that of the stage which is to be trained.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from training.errors import InvalidRecipe
from training.recipe import Recipe, parse_recipe

CATALOGUE = Path(__file__).parent / "recipes" / "catalogue.json"
FEED = "feed.jsonl"
SHAPE, COLOR = "shape", "color"  # the blocks of the two kinds of model
SCHEDULE, REFINE = "schedule", "refine"


class Learn(StrEnum):
    """Names what a model is to know: the category tree, colour and pattern, or both."""

    taxonomy = "taxonomy"
    color = "color"
    both = "both"


@dataclass(frozen=True, slots=True)
class RecipeOverrides:
    """Options of `fit`; what is empty changes nothing. Short names in `changes` mean the schedule `schedule`."""

    sources: tuple[Path, ...] = ()
    learn: Learn = Learn.both
    projection: str | None = None
    teacher: str | None = None
    name: str | None = None
    changes: tuple[str, ...] = ()
    schedule: str = SCHEDULE


def apply_overrides(recipe: Recipe, overrides: RecipeOverrides) -> Recipe:
    """Returns the recipe with all overrides; raises InvalidRecipe where they do not fit."""
    content: dict[str, Any] = recipe.model_dump(mode="json")
    block = SHAPE if overrides.learn is Learn.taxonomy else COLOR
    network = {"kind": "projection", "base": overrides.projection}
    steps: list[tuple[bool, Callable[[], None]]] = [
        (bool(overrides.sources), lambda: _replace_sources(content, overrides.sources)),
        (overrides.learn is not Learn.both, lambda: _keep_block(content, block)),
        (overrides.projection is not None, lambda: content.update(network=network)),
        (overrides.teacher is not None, lambda: _set_teacher(content, str(overrides.teacher))),
        (overrides.name is not None, lambda: content.update(name=overrides.name)),
    ]
    for wanted, step in steps:
        if wanted:
            step()
    changed = parse_recipe(json.dumps(content), "the recipe with these options")
    return set_values(changed, overrides.changes, overrides.schedule)


def _replace_sources(content: dict[str, Any], folders: tuple[Path, ...]) -> None:
    """Feeds are read by the labels of the recipe's first source; without a feed each folder in it is a category."""
    like = content["sources"][0]
    content["sources"] = [
        like | {"name": f"source{number}", "folder": str(folder), "rows": FEED if (folder / FEED).is_file() else None}
        for number, folder in enumerate(folders)
    ]


def _keep_block(content: dict[str, Any], block: str) -> None:
    content["blocks"] = {name: one for name, one in content["blocks"].items() if name == block}
    content["tasks"] = {name: one for name, one in content["tasks"].items() if one["block"] == block}
    if content["classes"] not in content["tasks"]:
        content["classes"] = next(iter(content["tasks"]), None)


def _set_teacher(content: dict[str, Any], teacher: str) -> None:
    """Has the shape, and doubts between categories, learnt from a stronger bundle; colours are seen directly."""
    block = SHAPE if SHAPE in content["blocks"] else next(iter(content["blocks"]))
    content["blocks"][block]["teacher"] = teacher
    for task in content["tasks"].values():
        if task["block"] == block and task["weight"]:
            task["probe"] = task["probe"] or 1.0


def set_values(recipe: Recipe, changes: Sequence[str], schedule: str = SCHEDULE) -> Recipe:
    """Returns the recipe with every `name=value` set; raises InvalidRecipe naming what is unknown or not allowed.

    `schedule` is the one meant by a name that `schedule` and `refine` share.
    """
    content = recipe.model_dump(mode="json")
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise InvalidRecipe(f"--set {change}: write it as name=value")
        *parents, last = _resolve_name(content, name.strip(), schedule)
        inner = content
        for parent in parents:
            inner = inner[parent]
        inner[last] = _parse_value(value.strip())
    return parse_recipe(json.dumps(content), "--set")


def _resolve_name(content: dict[str, Any], name: str, schedule: str) -> list[str]:
    known = flatten(content)
    if name in known:
        return name.split(".")
    ends = [one for one in known if one.endswith(f".{name}")]
    if set(ends) == {f"{SCHEDULE}.{name}", f"{REFINE}.{name}"}:
        return [schedule, *name.split(".")]
    if len(ends) != 1:
        which = f"could be {', '.join(ends)}" if ends else f"is none of {', '.join(known)}"
        raise InvalidRecipe(f"--set {name}: {which}")
    return ends[0].split(".")


def _parse_value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns nested values by dotted names; lists stay lists."""
    found: dict[str, Any] = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        found |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return found
