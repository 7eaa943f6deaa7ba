"""An index in memory that answers every port of `catalog.ports` by the plainest reading of the contract."""

import copy
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Outcome, StoredProduct, Written
from catalog.errors import Unavailable
from catalog.index_mapping import VERSION
from catalog.ports import CallKind, CallObserver
from tests import fake_stores


def _pass(kind: CallKind) -> AbstractContextManager[None]:
    return nullcontext()


class FakeCatalogue:
    """All stores over dictionaries; `before_write` is called with each product id to let a test race it.

    A test that needs a store to behave otherwise puts another one in its place.
    """

    def __init__(self, products: Iterable[Mapping[str, Any]] = (), spaces: Iterable[Space] = ()) -> None:
        self.docs: dict[str, dict[str, Any]] = {}
        self.seq: dict[str, int] = {}
        self.clock = 0
        self.writes = 0
        self.known: dict[str, Space] = {}
        self.floors: dict[str, float] = {}
        self.promotion: str | None = None
        self.down = False
        self.version = VERSION
        self.before_write: Callable[[str], None] = lambda _: None
        self.observer: CallObserver = _pass
        self._add_stores()
        for space in spaces:
            self.spaces.ensure(space)
        for product in products:
            self.put(document(parse(product)))

    def _add_stores(self) -> None:
        self.layout = fake_stores.FakeLayout(self)
        self.products = fake_stores.FakeProducts(self)
        self.similar = fake_stores.FakeSimilar(self)
        self.browsing = fake_stores.FakeBrowsing(self)
        self.filter_values = fake_stores.FakeFilterValues(self)
        self.spaces = fake_stores.FakeSpaces(self)
        self.status = fake_stores.FakeStatus(self)
        self.promotions = fake_stores.FakePromotions(self)
        self.rules = fake_stores.FakeRules(self)
        self.api_keys = fake_stores.FakeApiKeys(self)
        self.embeddings = fake_stores.FakeEmbeddings(self)
        self.rechecks = fake_stores.FakeRechecks(self)
        self.photo_colors = fake_stores.FakePhotoColors(self)
        self.history = fake_stores.FakeHistory(self)
        self.leases = fake_stores.FakeLeases(self)
        self.offer_marks = fake_stores.FakeOfferMarks(self)

    def observe(self, observer: CallObserver) -> None:
        self.observer = observer

    # What tests do to the shop.
    def put(self, source: Mapping[str, Any]) -> None:
        """Store a document as it is, as another writer would."""
        self.clock += 1
        self.docs[source["id"]] = copy.deepcopy(dict(source))
        self.seq[source["id"]] = self.clock

    def embed(self, product_id: str, space: Space, vector: Any) -> None:
        """Give a product a vector, as the ETL would."""
        url = self.docs[product_id].get("image_url", "")
        outcome = Outcome(product_id, url, "done", vector=similarity.normalize(vector))
        self.docs[product_id].setdefault("image_url", url)
        assert self.embeddings.write_outcomes(space, [outcome])[0].result in (Written.WRITTEN, Written.UNCHANGED)

    # What the stores share.
    def check(self, kind: CallKind = "read") -> None:
        """Stands for a request: raises where Elasticsearch is down, and where the observer refuses it."""
        with self.observer(kind):
            if self.down:
                raise Unavailable("Elasticsearch does not answer: connection refused")

    def state(self, product_id: str, space: Space) -> dict[str, Any]:
        state: dict[str, Any] = self.docs[product_id].get("embedding", {}).get(space.name, {})
        return state

    def stored(self, product_id: str) -> StoredProduct:
        source = {k: v for k, v in copy.deepcopy(self.docs[product_id]).items() if k != "embedding"}
        return StoredProduct(product_id, source, self.seq[product_id], 1)

    def touch(self, product_id: str) -> None:
        self.clock += 1
        self.writes += 1
        self.seq[product_id] = self.clock
