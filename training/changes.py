"""Changes to a recipe from the command line: `--set schedule.lr=0.001`, or `--set lr=0.001` where that is clear.

A recipe may have two schedules; a short name that both have means that of the stage which is to be trained.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from training.errors import InvalidRecipe
from training.output.tracker import flat
from training.recipe import Recipe, parse

SCHEDULE, REFINE = "schedule", "refine"


def changed(recipe: Recipe, changes: Sequence[str], schedule: str = SCHEDULE) -> Recipe:
    """`recipe` with every `name=value` set; raises InvalidRecipe naming what is unknown or not allowed.

    `schedule` is the one meant by a name that `schedule` and `refine` share.
    """
    content = recipe.model_dump(mode="json")
    for change in changes:
        name, equals, value = change.partition("=")
        if not equals:
            raise InvalidRecipe(f"--set {change}: write it as name=value")
        _put(content, _full(content, name.strip(), schedule), _value(value.strip()))
    return parse(json.dumps(content), "--set")


def _full(content: dict[str, Any], name: str, schedule: str) -> list[str]:
    known = flat(content)
    if name in known:
        return name.split(".")
    ends = [one for one in known if one.endswith(f".{name}")]
    if set(ends) == {f"{SCHEDULE}.{name}", f"{REFINE}.{name}"}:
        return [schedule, *name.split(".")]
    if len(ends) != 1:
        which = f"could be {', '.join(ends)}" if ends else f"is none of {', '.join(known)}"
        raise InvalidRecipe(f"--set {name}: {which}")
    return ends[0].split(".")


def _put(content: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        content = content[part]
    content[path[-1]] = value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
