"""Reads which products lack a colour family, and keeps what their photos show."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from catalog.domain.colors.derivation import FAMILY, PHOTO_COLOR, SOURCE, derive_family, drop_derived_family
from catalog.domain.records import Pending, PhotoColor, StoredProduct, Written
from catalog.elastic.connection import IndexConnection
from catalog.elastic.pages import scan
from catalog.elastic.reindexing import healing
from catalog.elastic.stores.layout import LayoutStore
from catalog.search import embedding_queries

ROUNDS = 10  # a product that changes more often than this between two requests is left for the next run
READ = ("image_url", "color", FAMILY, SOURCE)


class PhotoColorStore:
    """Reads products without a colour family and writes the one that their photo shows."""

    def __init__(self, connection: IndexConnection, layout: LayoutStore) -> None:
        self._connection = connection
        self._layout = layout

    def ensure_fields(self) -> None:
        """Gives an index of an older mapping the fields that are written here."""
        healing.heal(self._connection)
        self._layout.add_fields()

    def read_due(self, limit: int | None = None) -> Iterator[Pending]:
        """Products with a photo and no family in id order, at most `limit`, from one point in time taken now."""
        self._connection.refresh()
        page = 1000 if limit is None else max(1, min(limit, 1000))
        source = ["image_url", f"{PHOTO_COLOR}.attempts"]
        hits = scan(self._connection, embedding_queries.match_uncolored(datetime.now(UTC)), source=source, page=page)
        for number, hit in enumerate(hits, start=1):
            if limit is not None and number > limit:
                return
            known = hit["_source"].get(PHOTO_COLOR) or {}
            yield Pending(hit["_id"], hit["_source"]["image_url"], known.get("attempts") or 0)

    def make_due(self) -> int:
        """Lets photos that failed or wait be tried again at once; returns how many."""
        self._connection.refresh()
        again = {"status": "retry", "attempts": 0, "next_try_at": datetime.now(UTC).isoformat()}
        tried = {"terms": {f"{PHOTO_COLOR}.status": ["failed", "retry"]}}
        actions = [
            {**self._address(hit["_id"]), "retry_on_conflict": 5, "doc": {PHOTO_COLOR: again}}
            for hit in scan(self._connection, tried, source=False)
        ]
        items = self._connection.send_bulk(actions)
        return sum(item["status"] < 300 for item in items.values())

    def write(self, colors: Sequence[PhotoColor]) -> list[Written]:
        """Writes each colour onto its product if that still shows the same photo; results in the order given.

        The family follows from it unless the shop has named a family or a colour meanwhile. Each product must be
        named once.
        """
        results: dict[str, Written] = {}
        todo = {color.product_id: color for color in colors}
        for _ in range(ROUNDS):
            if not todo:
                break
            results |= self._round(todo)
            todo = {name: color for name, color in todo.items() if name not in results}
        return [results.get(color.product_id, Written.REFUSED) for color in colors]

    def _round(self, todo: dict[str, PhotoColor]) -> dict[str, Written]:
        stored = self._connection.read_products(sorted(todo), READ)
        results = {name: Written.GONE for name in todo if name not in stored}
        actions: list[dict[str, Any]] = []
        for name, product in stored.items():
            if product.source.get("image_url") != todo[name].image_url:
                results[name] = Written.MOVED
            else:
                actions.append(self._build_update(todo[name], product))
        for name, item in self._connection.send_bulk(actions).items():
            if item["status"] != 409:  # that one met another write and is read again
                results[name] = _read_result(item)
        return results

    def _build_update(self, color: PhotoColor, stored: StoredProduct) -> dict[str, Any]:
        condition = {"if_seq_no": stored.seq_no, "if_primary_term": stored.primary_term}
        return {**self._address(color.product_id), **condition, "doc": build_color_fields(color, stored.source)}

    def _address(self, product_id: str) -> dict[str, Any]:
        return {"_op_type": "update", "_index": self._connection.names.products, "_id": product_id}


def build_color_fields(color: PhotoColor, source: Any) -> dict[str, Any]:
    """Returns the fields of a product, as far as READ knows it, that change with the colour of its photo."""
    seen = {
        "family": color.family,
        "image_url": color.image_url,
        "status": color.status,
        "reason": color.reason,
        "attempts": color.attempts,
        "next_try_at": color.next_try_at.isoformat() if color.next_try_at else None,
    }
    derived = derive_family({**drop_derived_family(source), PHOTO_COLOR: seen})
    return {name: value for name, value in derived.items() if value is not None}


def _read_result(item: dict[str, Any]) -> Written:
    if item["status"] == 404:
        return Written.GONE
    if item["status"] >= 300:
        return Written.REFUSED
    return Written.UNCHANGED if item["result"] == "noop" else Written.WRITTEN
