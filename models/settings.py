"""Settings of the model room; the only place of this package that looks at the environment."""

from pathlib import Path

from pydantic import Field

from catalog.settings import EnvironmentSettings

REPOSITORY = Path(__file__).resolve().parent.parent


def _default_bundles() -> Path:
    here = Path("bundles")
    return here.absolute() if here.is_dir() else REPOSITORY / "bundles"


class ModelSettings(EnvironmentSettings):
    """Says where models live and how they run."""

    bundles: Path = Field(
        default_factory=_default_bundles,
        description="folder of model bundles, `<name>/<version>/`; default `bundles` here or in the repository",
    )
    model_weights: Path = Field(
        REPOSITORY / "var" / "weights", description="folder of pretrained weight files, placed or downloaded"
    )
    gate_data: Path | None = Field(
        None, description="labelled photos (a folder, or a feed) that judge models: no model may be trained on them"
    )
    model_owner: str = Field("visual-search", min_length=1, description="owner written into bundles made here")
    model_threads: int | None = Field(None, ge=1, le=256, description="threads of a model; default all cores")
