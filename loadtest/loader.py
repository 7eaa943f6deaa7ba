"""Puts drawn products with their vectors straight into the catalogue's index, at the speed of bulk requests."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from catalog.domain.embedding_space import Space
from catalog.elastic import Catalogue
from catalog.elastic.bulk import error_reason
from catalog.errors import Unavailable
from loadtest.drawn_products import ID_PREFIX, DrawnProduct
from loadtest.errors import CannotStart, LoadFailed, TargetRefused

BATCH = 1000  # products per call of the gateway, which cuts them into bulk requests
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """Says what was loaded where, in how many seconds."""

    index: str
    space: str
    products: int
    seconds: float


def load(
    catalogue: Catalogue, space: Space, drawn: Iterable[DrawnProduct], progress: Progress = lambda _: None
) -> LoadSummary:
    """Indexes every drawn product into the catalogue; they are searchable when this returns.

    Raises NoCatalogue where there is none, CannotStart where the space has other dimensions there, TargetRefused
    where the catalogue holds products that were not drawn, LoadFailed where the server refuses one.
    """
    started = time.perf_counter()
    index, count, products = catalogue.layout.read_serving_index(), 0, iter(drawn)
    _require_drawn_only(catalogue, index)
    _ensure_space(catalogue, space)
    with _without_refreshes(catalogue, index):
        while batch := list(islice(products, BATCH)):
            _index(catalogue, batch, space)
            count += len(batch)
            progress(count)
    catalogue.products.refresh()
    return LoadSummary(index, space.name, count, round(time.perf_counter() - started, 2))


def _require_drawn_only(catalogue: Catalogue, index: str) -> None:
    catalogue.products.refresh()
    if number := catalogue.connection.count_products({"bool": {"must_not": {"prefix": {"id": ID_PREFIX}}}}):
        raise TargetRefused(
            f"'{index}' holds {number} products that were not drawn: give drawn ones a catalogue of their own, "
            "with INDEX_PREFIX and `python -m catalog create`"
        )


def _ensure_space(catalogue: Catalogue, space: Space) -> None:
    for known in catalogue.spaces.read_all():
        if known.name == space.name and known.dims != space.dims:
            raise CannotStart(
                f"{space.name} has {known.dims} dimensions there, not {space.dims}: give another --space"
            )
    catalogue.spaces.ensure(space)


@contextmanager
def _without_refreshes(catalogue: Catalogue, index: str) -> Iterator[None]:
    """Switches refreshes and replicas off while products are loaded; both are as they were afterwards."""
    indices = catalogue.client.indices
    with catalogue.connection.request():
        answer: Any = indices.get_settings(index=index)
        before = answer[index]["settings"]["index"]
        indices.put_settings(index=index, settings={"refresh_interval": "-1", "number_of_replicas": 0})
    try:
        yield
    finally:
        names = ("refresh_interval", "number_of_replicas")
        with catalogue.connection.request():
            indices.put_settings(index=index, settings={name: before.get(name) for name in names})


def _index(catalogue: Catalogue, products: Iterable[DrawnProduct], space: Space) -> None:
    try:
        results = catalogue.connection.send_bulk(
            [_to_action(catalogue.names.products, product, space) for product in products]
        )
    except Unavailable as error:
        raise LoadFailed(error.message) from error
    for key, result in results.items():
        if result["status"] >= 300:
            raise LoadFailed(f"Elasticsearch refused product '{key}': {error_reason(result)}")


def _to_action(index: str, product: DrawnProduct, space: Space) -> dict[str, Any]:
    document = product.document
    state = {"vector": product.vector, "image_url": document["image_url"], "status": "done", "attempts": 1}
    return {"_index": index, "_id": document["id"], "_source": {**document, "embedding": {space.name: state}}}
