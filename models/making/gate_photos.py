"""Hashes the photos that judge models (`GATE_DATA`): no model may be trained or fitted on them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalog.feeds import FeedProduct, read_products
from models.bundles.fingerprint import sha256_file
from models.errors import FitFailed

TABLE, FEED = "photos.csv", "feed.jsonl"  # what the gate looks for in a folder


def hash_gate_photos(data: Path | None) -> frozenset[str]:
    """Returns the SHA-256 (hex) of `data`'s photos: a feed's, or all files below a folder whatever they are called,
    and those that a feed or table in it names elsewhere; none without one.

    Raises FitFailed where `data` gives none, InvalidFeed.
    """
    if data is None:
        return frozenset()
    try:
        found = frozenset(sha256_file(path) for path in dict.fromkeys(_find_photos(data)) if path.is_file())
    except (OSError, ValueError, csv.Error) as error:
        raise FitFailed(f"GATE_DATA names {data}, which cannot be read as a whole: {error}") from error
    if not found:
        raise FitFailed(
            f"GATE_DATA names {data}, which holds no photos: nothing can be checked against it. Name a folder of "
            "photos or a feed with its photos, or unset it"
        )
    return found


def _find_photos(data: Path) -> Iterator[Path]:
    if data.is_file():
        yield from _find_feed_photos(data)
        return
    yield from (path for path in data.rglob("*") if path.name not in (TABLE, FEED))
    if (data / FEED).is_file():
        yield from _find_feed_photos(data / FEED)
    if (data / TABLE).is_file():
        with (data / TABLE).open(encoding="utf-8-sig", newline="") as file:
            yield from (data / row["path"] for row in csv.DictReader(file) if row.get("path"))


def _find_feed_photos(feed: Path) -> Iterator[Path]:
    for event in read_products(feed):
        parts = urlsplit(event.product.image_url or "") if isinstance(event, FeedProduct) else None
        if parts is not None and parts.scheme == "file":
            yield Path(unquote(parts.path))
