"""Lists the fields of products in answers: which there are, which a hit shows unasked, and what each is read from."""

from collections.abc import Iterable, Mapping
from typing import Any

from catalog.domain.product import DERIVED_FIELDS, PRODUCT_FIELDS, SHOWN_DERIVED_FIELDS

PHOTO = "photo"  # an address that a browser can load; the API makes it
PHOTO_HASHES = "embedding.*.image_sha256"  # one by each model that has embedded the photo
PUBLIC_FIELDS = (*PRODUCT_FIELDS, PHOTO, *SHOWN_DERIVED_FIELDS)
STORED_FIELDS = (*PRODUCT_FIELDS, *DERIVED_FIELDS)
HIT_FIELDS = (
    "id",
    "title",
    "brand",
    "link",
    PHOTO,
    "price",
    "sale_price",
    "currency",
    "available",
    "sizes_available",
    "color",
)
READ_FROM = {PHOTO: ("image_url", PHOTO_HASHES)}


def list_stored(fields: Iterable[str] | None) -> tuple[str, ...]:
    """Lists what has to be read of a stored product to show `fields` (None: all public ones), each once."""
    shown = PUBLIC_FIELDS if fields is None else fields
    return tuple(dict.fromkeys(stored for name in shown for stored in READ_FROM.get(name, (name,))))


def find_photo_hash(source: Mapping[str, Any]) -> str | None:
    """Returns the SHA-256 of a product's photo in hexadecimal digits, where PHOTO_HASHES were read and one is known.

    Of several models the first by name decides, so that the same product always has the same one.
    """
    states = source.get("embedding") or {}
    return next((found for name in sorted(states) if (found := (states[name] or {}).get("image_sha256"))), None)
