"""Defines `bundle.json`: what a bundle states about itself."""

import platform
import re
from importlib.metadata import version
from typing import Annotated, Any, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from catalog.domain.embedding_space import MAX_DIMS, Space
from models.bundles.fingerprint import compute_version

SCHEMA_VERSION = 1
MANIFEST_FILE = "bundle.json"
MODEL_FILE = "model.onnx"
WEIGHTS_FILE = "weights.safetensors"
LOGITS = "logits"  # the second output of a graph that also predicts classes: [N, classes], before the softmax
# Formats that cannot run code when read; pickles (.pt, .pth, .bin, .npy ...) are kept out by not being named here.
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*\.(onnx|safetensors|json|md|txt|csv|png|html)")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class FrozenModel(BaseModel):
    """Base of all parts: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Tensor(FrozenModel):
    """One input or output: a dimension is a size or the name of a free one (`N`)."""

    name: Text
    shape: tuple[int | str, ...]
    dtype: Literal["float32"]


class Preprocessing(FrozenModel):
    """From an RGB photo to pixels: resize (shorter side, pixels), crop the centre square, `(x/255 - mean) / std`."""

    resize_shorter_side: Annotated[int, Field(ge=1, le=4096)]
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"]
    center_crop: Annotated[int, Field(ge=1, le=4096)]
    mean: tuple[Finite, Finite, Finite]
    std: tuple[Positive, Positive, Positive]
    color: Literal["RGB", "BGR"]

    @model_validator(mode="after")
    def _check_crop(self) -> "Preprocessing":
        if self.center_crop > self.resize_shorter_side:
            raise ValueError("center_crop is larger than resize_shorter_side")
        return self


class Training(FrozenModel):
    """How the bundle came about; what does not apply is null."""

    data_fingerprint: Text | None = None
    commit: Text | None = None
    diff_sha256: Sha256 | None = None
    command: Text | None = None
    seed: int | None = None
    environment: dict[str, str] = Field(default_factory=dict)


def describe_environment(*packages: str) -> dict[str, str]:
    """Returns `{"python": "3.11.7", "platform": "Linux x86_64", package: version, ...}` for the `packages` named."""
    made_with = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    return made_with | {package: version(package) for package in packages}


class Limits(FrozenModel):
    """What the model was made for: photos per call, pixels per photo, pixels of the shorter side, kinds of goods.

    A photo whose best cosine is below `ood_cosine` is unlike all that the model knows. Two photos with a cosine below
    `floor_cosine` do not look alike (`evaluate floor` measures it); bundles of before have none.
    """

    max_batch: Annotated[int, Field(ge=1)] = 64
    max_pixels: Annotated[int, Field(ge=1)] = 25_000_000
    min_side: Annotated[int, Field(ge=1)] = 32
    categories: tuple[Text, ...] | None = None
    ood_cosine: Annotated[float, Field(ge=-1, le=1)] | None = None
    floor_cosine: Annotated[float, Field(ge=-1, le=1)] | None = None

    @model_serializer(mode="wrap")
    def _drop_absent_floor(self, default: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leaves out what is absent: an older installation refuses a limit that it does not know."""
        content: dict[str, Any] = default(self)
        return {key: value for key, value in content.items() if key != "floor_cosine" or value is not None}


class Licenses(FrozenModel):
    """Under what terms each ingredient stands; `unknown` is an answer, blank is not."""

    code: Text
    weights: Text
    data: Text
    scripts: Text


class ModelDescription(FrozenModel):
    """Holds what the maker of a bundle states; the rest of the manifest follows from the files."""

    name: Text
    task: Text = "embedding"
    origin: Literal["trained", "exported", "imported"]
    owner: Text
    architecture: Text
    inputs: tuple[Tensor, ...] = Field(min_length=1)
    outputs: tuple[Tensor, ...] = Field(min_length=1)
    dims: Annotated[int, Field(ge=1, le=MAX_DIMS)]
    metric: Literal["cosine"] = "cosine"
    preprocessing: Preprocessing
    classes: tuple[Text, ...] | None = None
    training: Training = Training()
    metrics: dict[str, JsonValue] = Field(default_factory=dict)
    limits: Limits = Limits()
    licenses: Licenses

    @model_validator(mode="after")
    def _check_consistency(self) -> "ModelDescription":
        side = self.preprocessing.center_crop
        if self.inputs[0].shape[1:] != (3, side, side):
            raise ValueError(f"the first input must be [N, 3, {side}, {side}], as the preprocessing gives it")
        if len(self.outputs[0].shape) != 2 or self.outputs[0].shape[1] != self.dims:
            raise ValueError(f"the first output must be [N, {self.dims}], the embedding")
        self._check_logits()
        if self.origin == "trained" and not (self.training.data_fingerprint and self.training.command):
            raise ValueError("a trained bundle names its training data_fingerprint and command")
        return self

    def _check_logits(self) -> None:
        names = [output.name for output in self.outputs]
        if len(names) > 2 or (len(names) == 2 and (names[1] != LOGITS or names[0] == LOGITS)):
            raise ValueError(f"the outputs are the embedding and, where it tells classes, '{LOGITS}'")
        if len(names) == 2 and (not self.classes or self.outputs[1].shape[1:] != (len(self.classes),)):
            raise ValueError(f"the output '{LOGITS}' must be [N, classes], with as many `classes` as it has columns")
        if self.classes is not None and len(set(self.classes)) < len(self.classes):
            raise ValueError("a class is named twice")

    @property
    def predicts_classes(self) -> bool:
        """Says that the graph gives logits beside the embedding."""
        return len(self.outputs) == 2


class Manifest(ModelDescription):
    """Holds the content of `bundle.json`."""

    schema_version: Literal[1] = 1
    version: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
    created: AwareDatetime
    files: dict[str, Sha256]

    @model_serializer(mode="wrap")
    def _drop_absent_classes(self, default: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = default(self)
        return {key: value for key, value in content.items() if key != "classes" or value is not None}

    @model_validator(mode="after")
    def _check_content(self) -> "Manifest":
        if MODEL_FILE not in self.files:
            raise ValueError(f"files lists no {MODEL_FILE}")
        for name in self.files:
            if not FILE_NAME.fullmatch(name) or name == MANIFEST_FILE:
                raise ValueError(f"files names '{name}', which a bundle may not hold")
        expected = compute_version(self.files[MODEL_FILE], self.preprocessing.model_dump(mode="json"))
        if self.version != expected:
            raise ValueError(f"version is {self.version}, but model and preprocessing make it {expected}")
        return self

    @property
    def space(self) -> Space:
        """Returns the embedding space this bundle fills; raises InvalidInput when its name cannot be one."""
        return Space(self.name, self.version, self.dims)
