"""Settings of the training room; the only place of this package that looks at the environment."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from catalog.settings import read
from models.settings import REPOSITORY


class Settings(BaseModel):
    """Where trainings live. Field names in upper case are the environment variables."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    gate_data: Path | None = None  # photos that judge models: refused here by hash
    training_folder: Path = REPOSITORY / "var" / "training"  # crops, checkpoints, curves, teachers, experiments
    mlflow_tracking_uri: str = ""  # unset: a local store in the training folder
    training_experiment: str = Field(default="visual-search", min_length=1)

    @property
    def tracking(self) -> str:
        """Where experiments go."""
        return self.mlflow_tracking_uri or (self.training_folder / "experiments").absolute().as_uri()


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment; raises InvalidInput naming the variable that is wrong."""
    return read(Settings, environ)


def prepare_tracker() -> None:
    """Sets what MLflow reads: no reports to its makers, a plain folder as store, a dead server given up soon."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
