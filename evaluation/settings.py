"""Settings of the evaluation; the only place of this package that looks at the environment."""

from pathlib import Path

from pydantic import Field

from catalog.settings import API_PORT, EnvironmentSettings, Port
from models.settings import REPOSITORY


class EvaluationSettings(EnvironmentSettings):
    """Says where figures go and where the service answers."""

    evaluation_folder: Path = Field(
        REPOSITORY / "var" / "evaluation", description="folder of embeddings kept on this machine, scores and pages"
    )
    gate_folder: Path = Field(REPOSITORY / "var" / "gates", description="folder of the gate's results and pages")
    evaluation_threads: int = Field(2, ge=1, le=64, description="questions asked side by side")
    api_port: Port = Field(API_PORT, description="port of the API that `evaluate qc` asks")
