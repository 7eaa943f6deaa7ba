"""The recipe of a training, as data: what to learn from which photos, and how long."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from models.bundles.manifest import Part, Text
from training.errors import InvalidRecipe

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Named = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ -]*$")]  # of a block or task: also a part's name in torch


class Source(Part):
    """Photos with labels: a feed (`.jsonl`), a table (`.csv`), or, without `rows`, a folder per category.

    `labels` maps a task to a field of the rows (`attributes.kind` looks inside, `class+sender_id` joins two);
    `rename` maps labels of a task to the words of another source; `group` names the field whose photos belong
    together (one sender, one style). `share` is its part of a batch; while `first` (the first part of all steps)
    lasts, batches are of this source alone.

    A field with a path of categories (`A > B`) gives its last level, all of it as `product_type@path`, its first one
    as `product_type@top`.
    """

    name: str
    folder: Path
    rows: str | None = None
    photo: str = "image_link"
    group: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    rename: dict[str, dict[str, str]] = Field(default_factory=dict)
    share: Share = 1.0
    first: Share = 0.0


class Block(Part):
    """A stretch of the embedding: its dimensions, its share of the cosine, and the bundle it learns from.

    `teacher_weight` is that of the cosine to the teacher's PCA. Only the first `shown` dimensions go into the
    embedding (all by default): a PCA has its weightiest directions first.
    """

    dims: Annotated[int, Field(ge=1, le=1024)]
    share: Annotated[float, Field(gt=0, le=1)] = 1.0
    teacher: str | None = None
    teacher_weight: Weight = 1.0
    relation_weight: Weight = 0.0
    shown: Count | None = None

    @property
    def kept(self) -> int:
        """Dimensions that go into the embedding."""
        return min(self.shown or self.dims, self.dims)


class Task(Part):
    """A label to learn in one block: cross-entropy, supervised contrast, and KL to a probe on the block's teacher."""

    block: str
    weight: Weight = 1.0
    contrast: Weight = 0.0
    probe: Weight = 0.0


class ClassPart(Part):
    """A stretch of the embedding made of what a photo may be: the roots of the probabilities of `task`'s classes, so
    that a dot product is their Bhattacharyya coefficient (1943), with `share` of the cosine.

    They are told by a logistic regression (`strength` is sklearn's C) on the rows of the task's block once the
    network is trained.
    """

    task: str
    share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    strength: Annotated[float, Field(gt=0)] = 1.0


class Network(Part):
    """`resnet`: from scratch, `width` channels at first; `torchvision`: fine-tuned published weights of `base`;
    `projection`: linear heads on the frozen bundle `base`."""

    kind: Literal["resnet", "torchvision", "projection"] = "resnet"
    width: Annotated[int, Field(ge=4, le=128)] = 32
    depth: Annotated[tuple[Count, ...], Field(min_length=1, max_length=4)] = (2, 2, 2, 2)
    base: str | None = None

    @model_validator(mode="after")
    def _base_named(self) -> "Network":
        if (self.base is None) != (self.kind == "resnet"):
            raise ValueError("a projection and a torchvision network name their base, a resnet from scratch has none")
        return self


class Augment(Part):
    """What is done to a crop: chances and sizes, colours kept within `light`."""

    flip: bool = True
    degrees: Annotated[float, Field(ge=0, le=90)] = 12.0
    zoom: Share = 0.1
    light: Share = 0.15
    erase: Share = 0.25
    mixup: Share = 0.5
    alpha: Annotated[float, Field(gt=0)] = 0.4


class Schedule(Part):
    """AdamW with a warm-up and a cosine, and the moving average that is kept in the end.

    The cosine ends with the steps, or at a farther `horizon` (of steps); then the last `cooldown` of the steps bring
    the rate down to zero, so that a training can be made shorter while it runs.

    The first `small_until` of the steps see pictures of `small_side` pixels: cheaper, and a network tested on larger
    pictures than it was trained on loses little (Touvron et al. 2019). `augment` stands in for the recipe's.
    Where a fold was kept apart by the training that is refined, it joins after `join` of the steps, and is measured
    just before.

    `contrast` (by task) and `relations` (by block) stand in for the weights that the recipe names.
    """

    steps: Count = 5000
    batch: Annotated[int, Field(ge=2)] = 64
    small_side: Annotated[int, Field(ge=16, le=512)] | None = None
    small_until: Share = 0.0
    lr: Annotated[float, Field(gt=0)] = 2e-3
    weight_decay: Weight = 0.05
    warmup: Share = 0.05
    horizon: Count | None = None
    cooldown: Share = 0.0
    ema: Annotated[float, Field(ge=0, lt=1)] = 0.998
    smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    temperature: Annotated[float, Field(gt=0)] = 4.0
    clip: Annotated[float, Field(gt=0)] = 5.0
    augment: Augment | None = None
    join: Share = 0.0
    contrast: dict[str, Weight] = Field(default_factory=dict)
    relations: dict[str, Weight] = Field(default_factory=dict)


class Recipe(Part):
    """All of it; `classes` is the task whose labels the bundle tells.

    `refine` is the schedule of a second training, which starts from one that kept a fold apart and sees all photos.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 7
    side: Annotated[int, Field(ge=16, le=512)] = 128
    resize: Annotated[int, Field(ge=16, le=512)] = 146
    crops: Annotated[int, Field(ge=0, le=64)] = 10
    crop_scale: Annotated[float, Field(gt=0, le=1)] = 0.4
    network: Network = Network()
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    blocks: Annotated[dict[Named, Block], Field(min_length=1)]
    tasks: dict[Named, Task] = Field(default_factory=dict)
    classes: str | None = None
    class_part: ClassPart | None = None
    augment: Augment = Augment()
    schedule: Schedule = Schedule()
    refine: Schedule | None = None
    data_license: Text = "unknown"
    weights_license: Text = "unknown"

    @model_validator(mode="after")
    def _fits(self) -> "Recipe":
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
        return sum(block.kept for block in self.blocks.values())

    @property
    def teachers(self) -> tuple[str, ...]:
        """The bundles whose answers are learnt, each once."""
        return tuple(dict.fromkeys(block.teacher for block in self.blocks.values() if block.teacher))


def read_recipe(path: Path) -> Recipe:
    """The recipe in a JSON file; raises InvalidRecipe naming the field that is wrong."""
    try:
        return parse_recipe(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRecipe(f"the recipe {path} cannot be read: {error}") from error


def parse_recipe(text: str, where: str) -> Recipe:
    """The recipe in a JSON text; raises InvalidRecipe."""
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "recipe"
        raise InvalidRecipe(f"{where}: {field}: {first['msg']}", field=field) from error
