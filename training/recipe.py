"""Recipe of a training, as data: what to learn from which photos, and how long."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from models.bundles.manifest import FrozenModel, Text
from training.errors import InvalidRecipe
from training.recipe_parts import (
    Augment,
    ClassPart,
    EmbeddingBlock,
    Network,
    PartName,
    PhotoSource,
    Schedule,
    Task,
)


class Recipe(FrozenModel):
    """Holds all of a recipe; `classes` is the task whose labels the bundle predicts.

    `refine` is the schedule of a second training, which starts from one that kept a fold apart and sees all photos.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 7
    side: Annotated[int, Field(ge=16, le=512)] = 128
    resize: Annotated[int, Field(ge=16, le=512)] = 146
    crops: Annotated[int, Field(ge=0, le=64)] = 10
    crop_scale: Annotated[float, Field(gt=0, le=1)] = 0.4
    network: Network = Network()
    sources: Annotated[tuple[PhotoSource, ...], Field(min_length=1)]
    blocks: Annotated[dict[PartName, EmbeddingBlock], Field(min_length=1)]
    tasks: dict[PartName, Task] = Field(default_factory=dict)
    classes: str | None = None
    class_part: ClassPart | None = None
    augment: Augment = Augment()
    schedule: Schedule = Schedule()
    refine: Schedule | None = None
    data_license: Text = "unknown"
    weights_license: Text = "unknown"

    @model_validator(mode="after")
    def _check_fit(self) -> "Recipe":
        for name, task in self.tasks.items():
            if task.block not in self.blocks:
                raise ValueError(f"task '{name}' learns in block '{task.block}', which is not among the blocks")
            if task.probe and self.blocks[task.block].teacher is None:
                raise ValueError(f"task '{name}' has a probe, but block '{task.block}' has no teacher")
        if self.classes is not None and self.classes not in self.tasks:
            raise ValueError(f"classes names the task '{self.classes}', which is not among the tasks")
        for schedule in (self.schedule, *((self.refine,) if self.refine else ())):
            if strange := {*schedule.contrast} - {*self.tasks} | {*schedule.relations} - {*self.blocks}:
                raise ValueError(f"a schedule weighs '{min(strange)}', which is no task or block")
        if self.class_part is not None and self.class_part.task not in self.tasks:
            raise ValueError(f"class_part names the task '{self.class_part.task}', which is not among the tasks")
        if self.network.kind == "projection" and (self.class_part or any(one.shown for one in self.blocks.values())):
            raise ValueError("class_part and shown are for networks that are trained whole, not for projections")
        if self.resize < self.side:
            raise ValueError("resize is smaller than side")
        if not self.tasks and not any(block.teacher for block in self.blocks.values()):
            raise ValueError("there is nothing to learn: name tasks, or a teacher")
        return self

    @property
    def dims(self) -> int:
        """Dimensions of all blocks in the embedding; where there is a class part, one per class comes on top."""
        return sum(block.dims_shown for block in self.blocks.values())

    @property
    def teachers(self) -> tuple[str, ...]:
        """Bundles whose embeddings are learnt from, each once."""
        return tuple(dict.fromkeys(block.teacher for block in self.blocks.values() if block.teacher))

    @property
    def frozen_base(self) -> str | None:
        """Bundle that a projection is put behind; None for other networks."""
        return self.network.base if self.network.kind == "projection" else None


def read_recipe(path: Path) -> Recipe:
    """Reads a recipe from a JSON file; raises InvalidRecipe naming the field that is wrong."""
    try:
        return parse_recipe(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRecipe(f"the recipe {path} cannot be read: {error}") from error


def parse_recipe(text: str, where: str) -> Recipe:
    """Parses a recipe from JSON text; raises InvalidRecipe."""
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise InvalidRecipe(f"{where}: {field}: {first['msg']}", field=field) from error
