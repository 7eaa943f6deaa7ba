"""Parts of a training recipe: photo sources, blocks of the embedding, tasks, network, augmentation and schedule."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from models.bundles.manifest import FrozenModel

Share = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
PartName = Annotated[
    str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_ -]*$")
]  # of a block or task: also a part's name in torch


class PhotoSource(FrozenModel):
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


class EmbeddingBlock(FrozenModel):
    """Describes a stretch of the embedding: its dimensions, its share of the cosine, and the bundle it learns from.

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
    def dims_shown(self) -> int:
        """Dimensions that go into the embedding."""
        return min(self.shown or self.dims, self.dims)


class Task(FrozenModel):
    """Names a label to learn in one block: cross-entropy, supervised contrast, KL to a probe on the teacher."""

    block: str
    weight: Weight = 1.0
    contrast: Weight = 0.0
    probe: Weight = 0.0


class ClassPart(FrozenModel):
    """Adds the roots of the probabilities of `task`'s classes to the embedding, so that a dot product is their
    Bhattacharyya coefficient (1943), with `share` of the cosine.

    The probabilities come from a logistic regression (`strength` is sklearn's C) on the rows of the task's block once
    the network is trained.
    """

    task: str
    share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    strength: Annotated[float, Field(gt=0)] = 1.0


class Network(FrozenModel):
    """Names the network. `resnet`: from scratch, `width` channels at first; `torchvision`: fine-tuned published
    weights of `base`; `projection`: linear heads on the frozen bundle `base`."""

    kind: Literal["resnet", "torchvision", "projection"] = "resnet"
    width: Annotated[int, Field(ge=4, le=128)] = 32
    depth: Annotated[tuple[Count, ...], Field(min_length=1, max_length=4)] = (2, 2, 2, 2)
    base: str | None = None

    @model_validator(mode="after")
    def _check_base(self) -> "Network":
        if (self.base is None) != (self.kind == "resnet"):
            raise ValueError("a projection and a torchvision network name their base, a resnet from scratch has none")
        return self


class Augment(FrozenModel):
    """Describes what is done to a crop: chances and sizes, colours kept within `light`."""

    flip: bool = True
    degrees: Annotated[float, Field(ge=0, le=90)] = 12.0
    zoom: Share = 0.1
    light: Share = 0.15
    erase: Share = 0.25
    mixup: Share = 0.5
    alpha: Annotated[float, Field(gt=0)] = 0.4


class Schedule(FrozenModel):
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
