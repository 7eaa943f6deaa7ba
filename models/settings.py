"""Settings of the model room; the only place of this package that looks at the environment."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalog.settings import read

REPOSITORY = Path(__file__).resolve().parent.parent


def _default_bundles() -> Path:
    here = Path("bundles")
    return here.absolute() if here.is_dir() else REPOSITORY / "bundles"


def _default_weights() -> Path:
    return REPOSITORY / "var" / "weights"


class Settings(BaseModel):
    """Where models live. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    bundles: Path = Field(default_factory=_default_bundles)  # made bundles: <name>/<version>/
    model_weights: Path = Field(default_factory=_default_weights)  # pretrained weight files, placed or downloaded
    gate_data: Path | None = None  # photos that judge models: none is fitted on them
    model_owner: str = Field(default="visual-search", min_length=1)  # written into bundles made here
    model_threads: int | None = Field(default=None, ge=1, le=256)  # per model run; unset: all cores


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises InvalidInput naming the variable that is wrong."""
    return read(Settings, environ)
