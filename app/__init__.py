"""REST API: thin, stateless, torch-free; it turns questions into catalogue calls and answers into JSON."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apiflask import APIFlask

    from app.settings import ApiSettings
    from catalog.ports import SearchIndex
    from models.photos.settings import PhotoSettings
    from models.settings import ModelSettings


def create_app(
    index: "SearchIndex | None" = None,
    settings: "ApiSettings | None" = None,
    photos: "PhotoSettings | None" = None,
    models: "ModelSettings | None" = None,
) -> "APIFlask":
    """Returns the WSGI application; without `index` it asks the Elasticsearch that the environment names.

    `photos` says below which folders the demo shop may show `file:` photos and what of a shopper's photo is read,
    `models` where the bundles are that embed it.
    Raises InvalidInput for a wrong setting. Nothing is sent to Elasticsearch before the first request.
    """
    # Imported late: gunicorn's configuration imports this package before prometheus_client may be loaded.
    from app.factory import build

    return build(index, settings, photos, models)
