"""Gateway to the index: the only room that speaks to Elasticsearch."""

from catalog.elastic.catalogue import Catalogue
from catalog.elastic.client import open_client
from catalog.search.planning.planner import Planner
from catalog.settings import CatalogSettings

__all__ = ["Catalogue", "connect"]


def connect(settings: CatalogSettings, planner: Planner | None = None) -> Catalogue:
    """Returns the catalogue that `settings` name; nothing is sent before the first call."""
    return Catalogue(open_client(settings), settings, planner)
