"""From a recipe and the command line's wishes to the recipe that is meant."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from training.changes import SCHEDULE, changed
from training.recipe import Recipe, parse

CATALOGUE = Path(__file__).parent / "recipes" / "catalogue.json"
FEED = "feed.jsonl"
SHAPE, COLOR = "shape", "color"  # the blocks that the two kinds of model are


class Learn(StrEnum):
    """What a model is to know: the category tree, colour and pattern, or both."""

    taxonomy = "taxonomy"
    color = "color"
    both = "both"


@dataclass(frozen=True, slots=True)
class Wishes:
    """Options of `fit`; what is empty changes nothing. Short names in `changes` mean the schedule `schedule`."""

    sources: tuple[Path, ...] = ()
    learn: Learn = Learn.both
    projection: str | None = None
    teacher: str | None = None
    name: str | None = None
    changes: tuple[str, ...] = ()
    schedule: str = SCHEDULE


def wished(recipe: Recipe, wishes: Wishes) -> Recipe:
    """`recipe` changed as wished; raises InvalidRecipe where that does not fit."""
    content: dict[str, Any] = recipe.model_dump(mode="json")
    steps: list[tuple[bool, Callable[[], None]]] = [
        (bool(wishes.sources), lambda: _sources(content, wishes.sources)),
        (wishes.learn is not Learn.both, lambda: _only(content, SHAPE if wishes.learn is Learn.taxonomy else COLOR)),
        (
            wishes.projection is not None,
            lambda: content.update(network={"kind": "projection", "base": wishes.projection}),
        ),
        (wishes.teacher is not None, lambda: _teacher(content, str(wishes.teacher))),
        (wishes.name is not None, lambda: content.update(name=wishes.name)),
    ]
    for wanted, step in steps:
        if wanted:
            step()
    return changed(parse(json.dumps(content), "the recipe as wished"), wishes.changes, wishes.schedule)


def _sources(content: dict[str, Any], folders: tuple[Path, ...]) -> None:
    """Feeds are read by the labels of the recipe's first source; without a feed each folder in it is a category."""
    like = content["sources"][0]
    content["sources"] = [
        like | {"name": f"source{number}", "folder": str(folder), "rows": FEED if (folder / FEED).is_file() else None}
        for number, folder in enumerate(folders)
    ]


def _only(content: dict[str, Any], block: str) -> None:
    content["blocks"] = {name: one for name, one in content["blocks"].items() if name == block}
    content["tasks"] = {name: one for name, one in content["tasks"].items() if one["block"] == block}
    if content["classes"] not in content["tasks"]:
        content["classes"] = next(iter(content["tasks"]), None)


def _teacher(content: dict[str, Any], teacher: str) -> None:
    """The shape is learnt from a stronger bundle, and its doubts between categories; colours it sees itself."""
    block = SHAPE if SHAPE in content["blocks"] else next(iter(content["blocks"]))
    content["blocks"][block]["teacher"] = teacher
    for task in content["tasks"].values():
        if task["block"] == block and task["weight"]:
            task["probe"] = task["probe"] or 1.0
