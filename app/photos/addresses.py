"""Tells addresses that a browser can load from those that only this service can, and gives photos one that it can."""

import re
from urllib.parse import quote

from catalog.domain.product import CONTROLS

WIDTHS = (160, 320, 640, 1024)  # pixels of the copies that are made: few, so that caches have them
WIDTH = 320  # of the copy that answers name
HASH_DIGITS = 16  # of a photo's SHA-256 in its address
# A host without credentials: browsers do not load photos with them, and they are nobody's business.
LOADABLE = re.compile(rf"https?://[^/?#@\\\s{CONTROLS}]+([/?#][^{CONTROLS}]*)?", re.IGNORECASE)


def is_loadable(url: str) -> bool:
    """Says whether a browser of anybody can load the photo at `url`: http(s), without credentials."""
    return LOADABLE.fullmatch(url) is not None


def photo_address(product_id: str, url: str, sha256: str | None) -> str:
    """Returns the shop's own address `url` of a product's photo, or that of our copy where no browser can load it."""
    if is_loadable(url):
        return url
    version = f"&v={sha256[:HASH_DIGITS]}" if sha256 else ""
    return f"/v1/products/{quote(product_id, safe='')}/photo?width={WIDTH}{version}"
