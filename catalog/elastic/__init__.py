"""The index gateway: the only room that speaks to Elasticsearch."""

from catalog.elastic.client import open_client
from catalog.elastic.embeddings import EmbeddingStore
from catalog.elastic.history import HistoryStore
from catalog.elastic.leases import LeaseStore
from catalog.elastic.products import ProductStore
from catalog.elastic.promotions import PromotionStore
from catalog.elastic.rechecks import RecheckStore
from catalog.elastic.rules import RuleStore
from catalog.elastic.search import SearchStore
from catalog.elastic.similar import SimilarStore
from catalog.elastic.words import WordStore
from catalog.settings import Settings


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


def connect(settings: Settings) -> Catalogue:
    """The catalogue that `settings` name; nothing is sent before the first call."""
    return Catalogue(open_client(settings), settings)
