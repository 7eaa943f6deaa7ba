"""Keeps the rows that will change something on disk, until all of the feed has been read and may be written."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any, Self

from catalog.domain.product import Product, Variant
from catalog.feeds.events import FeedProduct


class RowSpool:
    """Holds chunks of rows in a nameless temporary file, so that a million of them cost no memory."""

    def __init__(self) -> None:
        self._file = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by __exit__
        self.count = 0

    def add(self, chunk: Sequence[FeedProduct]) -> None:
        """Appends a chunk; an empty one leaves nothing."""
        if chunk:
            dumped = [item.product.model_dump(mode="json", exclude_defaults=True) for item in chunk]
            rows = [[item.line, fields, item.rows] for item, fields in zip(chunk, dumped, strict=True)]
            self._file.write(json.dumps(rows) + "\n")
            self.count += len(chunk)

    def __iter__(self) -> Iterator[list[FeedProduct]]:
        """Yields the chunks as they were added."""
        self._file.seek(0)
        for line in self._file:
            rows = json.loads(line)
            yield [FeedProduct(number, _rebuild(fields), tuple(ids)) for number, fields, ids in rows]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _rebuild(fields: dict[str, Any]) -> Product:
    """Returns a product as it was dumped; to check its fields once more would take as long as to read the feed."""
    if "updated_at" in fields:
        fields["updated_at"] = datetime.fromisoformat(fields["updated_at"])
    fields["variants"] = [Variant.model_construct(**variant) for variant in fields.get("variants", ())]
    return Product.model_construct(**fields)
