"""Lists the settings of all rooms: what the documentation has to say, and what tests hold it to."""

from dataclasses import dataclass
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from app.settings import ApiSettings
from catalog.settings import CatalogSettings
from demo.settings import DemoSettings
from engine.settings import EngineSettings
from etl.settings import EtlSettings
from evaluation.settings import EvaluationSettings
from loadtest.settings import LoadtestSettings
from models.photos.settings import PhotoSettings
from models.settings import REPOSITORY, ModelSettings
from training.settings import TrainingSettings

# Where rooms share a setting the first one's description counts; benchmarks set those of their rivals by themselves.
CLASSES: tuple[type[BaseSettings], ...] = (
    CatalogSettings,
    ApiSettings,
    PhotoSettings,
    ModelSettings,
    EtlSettings,
    EvaluationSettings,
    TrainingSettings,
    EngineSettings,
    LoadtestSettings,
    DemoSettings,
)
OF_THE_SYSTEM = {"PATH", "HOME"}


@dataclass(frozen=True, slots=True)
class ListedSetting:
    """Describes an environment variable; `default` is empty where there is none or the description says it."""

    name: str
    default: str
    description: str


def list_settings() -> list[ListedSetting]:
    """Returns every setting of the house once, room by room."""
    found: dict[str, ListedSetting] = {}
    for settings in CLASSES:
        for field_name, field in settings.model_fields.items():
            name = field_name.upper()
            if name not in OF_THE_SYSTEM:
                found.setdefault(name, ListedSetting(name, _format_default(field), field.description or ""))
    return list(found.values())


def _format_default(field: FieldInfo) -> str:
    """Returns the default as somebody would write it into the environment."""
    match None if field.default_factory else field.default:
        case None:
            return ""
        case bool() as value:
            return str(value).lower()
        case float() as value:
            return f"{value:g}"
        case tuple() as values:
            return ",".join(map(str, values))
        case Path() as path:
            return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else str(path)
        case value:
            return str(value)
