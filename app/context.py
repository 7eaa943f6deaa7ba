"""Holds what the views need of the application they run in."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from app.embedding import Embedders
from app.observability.lifecycle import Readiness
from app.photo_concurrency import Admission
from app.photos.copies import PhotoCopies
from app.score_floors import ScoreFloors
from app.settings import ApiSettings
from app.uploads import PhotoReader
from catalog.ports import SearchIndex
from models.photos.settings import PhotoSettings

KEY = "visual_search"


@dataclass(frozen=True, slots=True)
class Context:
    index: SearchIndex
    settings: ApiSettings
    readiness: Readiness
    photos: PhotoSettings
    uploads: PhotoReader
    copies: PhotoCopies
    admission: Admission
    embedders: Embedders
    floors: ScoreFloors


def context() -> Context:
    """Returns that of the application that handles this request."""
    return cast(Context, current_app.extensions[KEY])
