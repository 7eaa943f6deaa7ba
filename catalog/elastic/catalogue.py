"""Product index on a real Elasticsearch: one store per subject."""

from elasticsearch import Elasticsearch

from catalog.elastic.connection import IndexConnection
from catalog.elastic.photo_stores.embeddings import EmbeddingStore
from catalog.elastic.photo_stores.history import HistoryStore
from catalog.elastic.photo_stores.photo_colors import PhotoColorStore
from catalog.elastic.photo_stores.rechecks import RecheckStore
from catalog.elastic.searching.similar_store import SimilarStore
from catalog.elastic.stores.api_keys import ApiKeyStore
from catalog.elastic.stores.browsing import BrowsingStore
from catalog.elastic.stores.filter_values import FilterValueStore
from catalog.elastic.stores.layout import LayoutStore
from catalog.elastic.stores.leases import LeaseStore
from catalog.elastic.stores.offer_marks import OfferMarkStore
from catalog.elastic.stores.products import ProductStore
from catalog.elastic.stores.promotions import PromotionStore
from catalog.elastic.stores.rules import RuleStore
from catalog.elastic.stores.spaces import SpaceStore
from catalog.elastic.stores.status import StatusStore
from catalog.ports import CallObserver
from catalog.search.planning.planner import Planner
from catalog.search.planning.prices import read_costs
from catalog.settings import CatalogSettings


class Catalogue:
    """Holds the stores that answer the ports of `catalog.ports`, over one connection."""

    def __init__(self, client: Elasticsearch, settings: CatalogSettings, planner: Planner | None = None) -> None:
        costs = read_costs(settings.planner_costs)
        self.connection = connection = IndexConnection(client, settings)
        self.client, self.settings, self.names = client, settings, connection.names
        self.spaces = SpaceStore(connection, costs)
        self.layout = LayoutStore(connection, self.spaces)
        self.products = ProductStore(connection)
        self.similar = SimilarStore(connection, self.spaces, planner or Planner(costs))
        self.browsing = BrowsingStore(connection, self.spaces)
        self.filter_values = FilterValueStore(connection, self.spaces)
        self.status = StatusStore(connection, self.spaces, self.layout)
        self.promotions = PromotionStore(connection)
        self.rules = RuleStore(connection)
        self.api_keys = ApiKeyStore(connection)
        self.embeddings = EmbeddingStore(connection)
        self.rechecks = RecheckStore(connection)
        self.photo_colors = PhotoColorStore(connection, self.layout)
        self.history = HistoryStore(connection)
        self.leases = LeaseStore(connection)
        self.offer_marks = OfferMarkStore(connection)

    def observe(self, observer: CallObserver) -> None:
        """Wraps every request from now on in `observer`."""
        self.connection.observer = observer
