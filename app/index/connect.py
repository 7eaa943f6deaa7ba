"""The Elasticsearch that the environment names, with the patience of an API."""

import catalog.elastic
from app.settings import ApiSettings
from catalog.ports import SearchIndex
from catalog.settings import CatalogSettings


def elasticsearch(settings: ApiSettings) -> SearchIndex:
    """A catalogue with a connection pool of its own; nothing is sent yet. Raises InvalidInput for a wrong setting."""
    here = CatalogSettings.load()
    return catalog.elastic.connect(here.model_copy(update={"elasticsearch_timeout": settings.search_timeout}))
