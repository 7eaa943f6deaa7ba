"""The index gateway: the only room that speaks to Elasticsearch."""

from catalog.elastic.client import open_client
from catalog.elastic.stores.embeddings import EmbeddingStore
from catalog.elastic.stores.filter_values import WordStore
from catalog.elastic.stores.history import HistoryStore
from catalog.elastic.stores.leases import LeaseStore
from catalog.elastic.stores.products import ProductStore
from catalog.elastic.stores.promotions import PromotionStore
from catalog.elastic.stores.rechecks import RecheckStore
from catalog.elastic.stores.rules import RuleStore
from catalog.elastic.stores.search import SearchStore
from catalog.elastic.stores.similar import SimilarStore
from catalog.settings import CatalogSettings


class Catalogue(
    SimilarStore,
    SearchStore,
    WordStore,
    PromotionStore,
    RuleStore,
    HistoryStore,
    LeaseStore,
    EmbeddingStore,
    RecheckStore,
    ProductStore,
):
    """Everything of `catalog.ports`, answered by a real Elasticsearch."""


def connect(settings: CatalogSettings) -> Catalogue:
    """The catalogue that `settings` name; nothing is sent before the first call."""
    return Catalogue(open_client(settings), settings)
