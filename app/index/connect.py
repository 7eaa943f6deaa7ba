"""Connects to the Elasticsearch that the environment names, with the API's timeout."""

import catalog.elastic
from app.settings import ApiSettings
from catalog.ports import SearchIndex
from catalog.settings import CatalogSettings


def connect_elasticsearch(settings: ApiSettings) -> SearchIndex:
    """Returns a catalogue with connections of its own; sends nothing yet. Raises InvalidInput for a wrong setting."""
    here = CatalogSettings.load()
    return catalog.elastic.connect(here.model_copy(update={"elasticsearch_timeout": settings.search_timeout}))
