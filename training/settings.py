"""Settings of the training room; the only place of this package that looks at the environment."""

import os
from pathlib import Path

from pydantic import Field

from catalog.settings import EnvironmentSettings
from models.settings import REPOSITORY


class TrainingSettings(EnvironmentSettings):
    """Says where trainings and their records live."""

    training_folder: Path = Field(
        REPOSITORY / "var" / "training", description="folder of crops, checkpoints, curves, teachers and experiments"
    )
    mlflow_tracking_uri: str = Field(
        "", description="address of the experiments' tracker; default a local store in TRAINING_FOLDER"
    )
    training_experiment: str = Field("visual-search", min_length=1, description="name of the experiment")

    @property
    def tracking(self) -> str:
        """Where experiments go, as MLflow's URI."""
        return self.mlflow_tracking_uri or (self.training_folder / "experiments").absolute().as_uri()


def prepare_tracker() -> None:
    """Sets what MLflow reads: no reports to its makers, a plain folder as store, a dead server given up soon."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
