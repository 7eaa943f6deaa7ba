"""Reads labelled sets from disk: a folder of photos per class, or a feed such as the drawn shop's."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalog.domain.product import Product
from catalog.feeds import FeedProduct, read_products
from catalog.plain_text import escape_controls
from evaluation.data.dataset import ATTRIBUTES, Dataset, LabelledItem
from evaluation.embedding_cache import hash_photo
from evaluation.errors import InvalidDataset
from models.making.photo_folder import SUFFIXES, list_photos

TABLE, FEED = "photos.csv", "feed.jsonl"
CLUSTERS = ("cluster", "sender_id", "sender")  # columns of photos.csv that say who sent a photo, first one counts


def read_photo_set(path: Path) -> Dataset:
    """Reads the labelled set at `path`: a feed, a folder with a `feed.jsonl`, or a folder of photos per class.

    A folder per class may have a `photos.csv` beside it: `path`, and as far as known `class`, `sender_id` (or
    `sender`, `cluster`), `item_group_id`, `color_family`, `pattern`. Raises InvalidDataset, InvalidFeed.
    """
    if path.is_file():
        return _read_feed(path)
    if not path.is_dir():
        raise InvalidDataset(f"there is no folder or feed {path}")
    if (path / FEED).is_file():
        return _read_feed(path / FEED)
    rows = list(_read_rows(path / TABLE)) if (path / TABLE).is_file() else list(_list_photos(path))
    if not rows:
        raise InvalidDataset(f"{path} holds no photos ({', '.join(sorted(SUFFIXES))}) in folders named by class")
    return Dataset(path.resolve().name, tuple(_read_photo(path, row) for row in rows))


def _read_rows(table: Path) -> Iterator[Mapping[str, str]]:
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if "path" not in (reader.fieldnames or ()):
            raise InvalidDataset(f"{table} needs a column 'path'; it has {', '.join(reader.fieldnames or ['none'])}")
        yield from reader


def _list_photos(folder: Path) -> Iterator[Mapping[str, str]]:
    for photo in list_photos(folder):
        if photo.parent != folder:  # a photo that lies in no class
            yield {"path": photo.relative_to(folder).as_posix()}


def _read_photo(folder: Path, row: Mapping[str, str]) -> LabelledItem:
    for given in (row["path"], row.get("class") or ""):
        if escape_controls(given) != given:
            raise InvalidDataset(
                f"{escape_controls(str(folder))}: the name '{escape_controls(given)}' has control characters or is "
                "not UTF-8; classes and ids are called after folders and photos: rename it"
            )
    name = Path(row["path"])
    identity = name.with_suffix("").as_posix().replace("/", ".")
    sender = next((row[column] for column in CLUSTERS if row.get(column)), None)
    return LabelledItem(
        id=identity,
        category=(row.get("class") or name.parent.name,),
        cluster=f"sender {sender}" if sender else row.get("item_group_id") or identity,
        photo=folder / name,
        sha256=hash_photo(folder / name),
        group=row.get("item_group_id") or None,
        labels={key: row[key] for key in ATTRIBUTES if row.get(key)},
    )


def _read_feed(feed: Path) -> Dataset:
    products = [event.product for event in read_products(feed) if isinstance(event, FeedProduct)]
    items = [_read_product(product) for product in products if product.category and product.image_url]
    if not items:
        raise InvalidDataset(f"{feed} has no products with a category and a photo")
    return Dataset(feed.resolve().parent.name, tuple(items))


def _read_product(product: Product) -> LabelledItem:
    photo = _find_local_path(product)
    return LabelledItem(
        id=product.id,
        category=tuple(product.category),
        cluster=product.item_group_id or product.id,
        photo=photo,
        sha256=hash_photo(photo),
        group=product.item_group_id,
        labels=select_labels(product.model_dump(include=set(ATTRIBUTES))),
    )


def select_labels(source: Mapping[str, str | None]) -> dict[str, str]:
    """Returns those of the measured attributes that a product has."""
    return {key: str(source[key]) for key in ATTRIBUTES if source.get(key)}


def _find_local_path(product: Product) -> Path:
    parts = urlsplit(product.image_url or "")
    if parts.scheme != "file":
        raise InvalidDataset(
            f"{product.id}: photos of an evaluated feed lie beside it, not at {product.image_url}; "
            "import the feed, embed it with `python -m etl run` and evaluate without --data"
        )
    return Path(unquote(parts.path))
