"""The Elasticsearch that the environment names, with the patience of an API."""

import catalog.elastic
import catalog.settings
from app.settings import Settings
from catalog.ports import ShopPort


def elasticsearch(settings: Settings) -> ShopPort:
    """A catalogue with a connection pool of its own; nothing is sent yet. Raises InvalidInput for a wrong setting."""
    here = catalog.settings.load()
    return catalog.elastic.connect(here.model_copy(update={"elasticsearch_timeout": settings.search_timeout}))
