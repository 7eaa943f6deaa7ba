"""Connections that everybody is asked and written to by; ours is written to by the catalogue itself."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import orjson
import urllib3
from numpy.typing import NDArray

from benchmarks.api_client import ApiFailed
from benchmarks.drawn_shop import BRAND_NAMES, parse_number
from benchmarks.rivals.questions import NumberedHits, RivalQuestion
from catalog.domain.embedding_space import Space
from catalog.domain.product import PRODUCT_FIELDS, parse
from catalog.domain.records import Outcome
from catalog.elastic import Catalogue
from catalog.feeds.events import FeedProduct
from catalog.importing import writes
from catalog.importing.importer import Importer
from loadtest.drawn_products import format_product_id


class RivalConnection:
    """One kept-alive connection to a server."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=300.0)

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """Returns the parsed answer; raises ApiFailed for an error."""
        data = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        answer = self.pool.request(method, self.host + path, body=data)
        if answer.status != 200:
            raise ApiFailed(f"{method} {path} was answered {answer.status}: {answer.data[:300]!r}")
        return orjson.loads(answer.data)

    def find_similar(self, question: RivalQuestion) -> NumberedHits:
        """Asks the question; returns the hits by number."""
        parameters = [f"limit={question.limit}", "fields=brand,effective_price", "score_threshold=none"]
        parameters += [f"brand={BRAND_NAMES[question.brand]}"] if question.brand is not None else []
        parameters += [f"price_min={question.price_min}"] if question.price_min is not None else []
        parameters += [f"price_max={question.price_max}"] if question.price_max is not None else []
        body = self.send("GET", f"/v1/products/{format_product_id(question.source)}/similar?{'&'.join(parameters)}")
        return [(parse_number(hit["id"]), hit["score"]) for hit in body["hits"]]


class PriceWriter(Protocol):
    @property
    def refreshes(self) -> bool: ...  # whether what is written is seen only after a refresh
    def set_price(self, number: int, price: float) -> None: ...
    def set_prices(self, prices: Mapping[int, float]) -> Callable[[], None]: ...  # what to time, all made ready
    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool: ...  # False: only a rebuild could
    def make_visible(self) -> None: ...


class RivalWriter:
    """Writes over HTTP; what is written is seen by the next question."""

    refreshes = False

    def __init__(self, connection: RivalConnection) -> None:
        self.connection = connection

    def set_price(self, number: int, price: float) -> None:
        self.connection.send("PATCH", "/v1/products", {format_product_id(number): price})

    def set_prices(self, prices: Mapping[int, float]) -> Callable[[], None]:
        body = {format_product_id(number): price for number, price in prices.items()}
        return lambda: self.connection.send("PATCH", "/v1/products", body)

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        return bool(
            self.connection.send("PUT", f"/v1/products/{format_product_id(number)}/vector", vector)["updated"]
        )

    def make_visible(self) -> None:
        """Does nothing: what is written is seen at once."""


@dataclass(frozen=True, slots=True)
class CatalogueWriter:
    """Writes as `catalog/` does, under conditions: a patch, an import, an outcome of the embedding job."""

    catalogue: Catalogue
    space: Space
    refreshes: bool = True

    def set_price(self, number: int, price: float) -> None:
        writes.patch(self.catalogue.products, format_product_id(number), {"price": price, "sale_price": None})

    def set_prices(self, prices: Mapping[int, float]) -> Callable[[], None]:
        stored = self.catalogue.products.read_many([format_product_id(number) for number in prices])
        items = []
        for number, price in prices.items():
            source = stored[format_product_id(number)].source
            kept = {name: source[name] for name in PRODUCT_FIELDS if name in source and name != "updated_at"}
            items.append(FeedProduct(number, parse(kept | {"price": price, "sale_price": None})))
        now = datetime.now(UTC)
        return lambda: _import_items(Importer(self.catalogue.products, as_of=now, now=now), items)

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        key = format_product_id(number)
        stored = self.catalogue.products.read(key)
        if stored is None:
            raise ApiFailed(f"{key} is gone")
        self.catalogue.embeddings.write_outcomes(
            self.space, [Outcome(key, stored.source["image_url"], "done", vector=vector)]
        )
        return True

    def make_visible(self) -> None:
        self.catalogue.products.refresh()


def _import_items(importer: Importer, items: list[FeedProduct]) -> None:
    summary = importer.run(iter(items))
    if summary.updated != len(items):
        raise ApiFailed(f"{summary.updated} of {len(items)} prices were written: {summary}")


def wait_until_seen(connection: RivalConnection, number: int, price: float, source: int) -> None:
    """Returns when a question for exactly this price finds the product; raises ApiFailed after 10 s."""
    question = RivalQuestion(source, price_min=price, price_max=price, limit=1)
    deadline = time.perf_counter() + 10
    while number not in [found for found, _ in connection.find_similar(question)]:
        if time.perf_counter() > deadline:
            raise ApiFailed(f"the new price of {format_product_id(number)} was not seen within 10 s")
