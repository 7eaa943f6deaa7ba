"""Writes products as feed files in each of the five formats, for tests that read them back."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import pyarrow as pa
from pyarrow import parquet

from catalog.domain.product import Product

FORMATS = ("csv", "tsv", "jsonl", "parquet", "xml")


def as_row(product: Product) -> dict[str, Any]:
    """The product in our own field names, what it does not have left out."""
    return product.model_dump(mode="json", exclude_none=True)


def write_feed(path: Path, products: Sequence[Product]) -> Path:
    return write_rows(path, [as_row(product) for product in products])


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """`rows` in the format of the suffix; lists and objects become JSON where a format has text only."""
    columns = list(dict.fromkeys(["id", "title", *(name for row in rows for name in row)]))
    kind = path.suffix[1:]
    if kind == "jsonl":
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    elif kind == "parquet":
        texts = [{name: _parquet(row.get(name)) for name in columns} for row in rows]
        parquet.write_table(pa.Table.from_pylist(texts), path)
    elif kind == "xml":
        path.write_text(_xml(rows), encoding="utf-8")
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, delimiter="\t" if kind == "tsv" else ",")
            writer.writerow(columns)
            writer.writerows([_text(row.get(name)) for name in columns] for row in rows)
    return path


def _text(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (list, dict)) else str(value)


def _parquet(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict) else value


def _xml(rows: Sequence[dict[str, Any]]) -> str:
    items = "".join(
        "<item>" + "".join(f"<g:{n}>{escape(_text(v))}</g:{n}>" for n, v in row.items()) + "</item>\n" for row in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0">\n'
        f"<channel><title>Shop</title><link>https://shop.example</link>\n{items}</channel></rss>\n"
    )
