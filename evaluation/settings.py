"""Settings of the evaluation; the only place of this package that looks at the environment."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalog.settings import read

REPOSITORY = Path(__file__).resolve().parent.parent


class Settings(BaseModel):
    """Where figures go and where the service answers. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    evaluation_folder: Path = REPOSITORY / "var" / "evaluation"  # embeddings that are kept, results
    gate_data: Path | None = None  # what the gate asks; no model may be trained on it
    gate_folder: Path = REPOSITORY / "var" / "gates"  # its results and their pages
    evaluation_threads: int = Field(default=2, ge=1, le=64)  # questions asked side by side
    api_port: int = Field(default=8000, ge=1, le=65535)


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises InvalidInput naming the variable that is wrong."""
    return read(Settings, environ)
