"""Connects to the Elasticsearch that the environment names, with the API's timeout."""

import catalog.elastic
from app.settings import ApiSettings
from catalog.ports import SearchIndex
from catalog.settings import CatalogSettings


def connect_elasticsearch(settings: ApiSettings) -> SearchIndex:
    """Returns a catalogue with connections of its own; sends nothing yet. Raises InvalidInput for a wrong setting."""
    here = CatalogSettings.load()
    patience = min(here.elasticsearch_patience, settings.search_timeout)  # a client waits
    changes = {"elasticsearch_timeout": settings.search_timeout, "elasticsearch_patience": patience}
    return catalog.elastic.connect(here.model_copy(update=changes))
