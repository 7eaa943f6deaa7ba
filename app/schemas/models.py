"""Shapes of questions to a model, and of what is answered about one."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from app.http.inputs import Query
from app.schemas.answers import Answer, ModelAnswer, WarningAnswer
from app.schemas.bodies import Base64
from app.schemas.types import BOX, Box, require
from catalog.domain.product import Url
from models.bundles.manifest import Licenses, Limits, Manifest, Preprocessing

MAX_TOP = 100
SHOWN = (  # of a manifest; files, hashes, commands and the maker's machine are nobody's business
    "name",
    "version",
    "task",
    "origin",
    "created",
    "architecture",
    "dims",
    "metric",
    "preprocessing",
    "metrics",
    "limits",
    "licenses",
)
Top = Annotated[int, Field(ge=1, le=MAX_TOP, description="classes to name at most")]


class PredictForm(Query):
    """Fields of `POST /v1/models/{name}/predict` as a multipart form."""

    image: Annotated[bytes, WithJsonSchema({"type": "string", "format": "binary"})] = Field(
        description="a photo: JPEG, PNG, WebP, GIF or AVIF"
    )
    bounding_box: Box | None = Field(None, description=BOX)
    top: Top = 5
    image_url: ClassVar[None] = None


class PredictBody(BaseModel):
    """Body of `POST /v1/models/{name}/predict`; `form` is the same as a form."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        json_schema_extra={"oneOf": [require("image"), require("image_url")]},
    )
    form: ClassVar[type[Query]] = PredictForm

    image: Base64 | None = Field(None, description="a photo in base64: JPEG, PNG, WebP, GIF or AVIF")
    image_url: Url | None = Field(None, description="http(s) address of a photo")
    bounding_box: Box | None = Field(None, description=BOX)
    top: Top = 5

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.image is None) == (self.image_url is None):
            raise ValueError("name exactly one of image and image_url")
        return self


class ModelCard(Answer):
    """One version of a model that is here: what it declares, and what it does in this catalogue."""

    name: str
    version: str
    space: str = Field(description="`<model>__<version>`, by which `model=` means exactly this one")
    task: str
    origin: Literal["trained", "exported", "imported"]
    created: datetime
    architecture: str
    dims: int
    metric: Literal["cosine"]
    preprocessing: Preprocessing
    classes: list[str] | None = Field(description="labels that `predict` tells")
    metrics: dict[str, Any]
    limits: Limits = Field(description="where a photo lies outside of them, answers carry warnings")
    licenses: Licenses
    promoted: bool = Field(description="chosen to serve")
    serving: bool = Field(description="what questions without `model` are answered with")
    indexed: bool = Field(description="whether products have embeddings of it")


class BrokenModel(Answer):
    name: str
    version: str
    problem: str
    hint: str = Field(description="what an operator can do about it")


class ModelsAnswer(Answer):
    """Models that are here, by name, newest first, and folders that are none."""

    models: list[ModelCard]
    broken: list[BrokenModel]


class ClassAnswer(Answer):
    label: str
    probability: float = Field(ge=0, le=1.0001)


class PredictAnswer(Answer):
    """What a model makes of a photo."""

    model: ModelAnswer
    embedding: list[float] = Field(description="of length 1")
    classes: list[ClassAnswer] | None = Field(description="most probable first; null where the model has no classes")
    warnings: list[WarningAnswer]


def describe_manifest(manifest: Manifest) -> dict[str, Any]:
    """Returns the fields of a ModelCard that the bundle itself says."""
    content = manifest.model_dump(mode="json", include=set(SHOWN))
    classes = list(manifest.classes or ()) if manifest.predicts_classes else None
    return content | {"space": manifest.space.name, "classes": classes}
