"""Normalizes column names, which feeds spell in many ways."""

import re
from functools import lru_cache

from catalog.domain.product import PRODUCT_FIELDS

# Where a feed names one of these twice, nobody knows which holds; others have several values then.
_LISTS = ("category", "additional_image_urls", "image_url", "attributes")
SINGLE_COLUMNS = frozenset(PRODUCT_FIELDS).difference(_LISTS) | {"availability", "size", "sizes"}
_GAP = re.compile(r"[\s_]+")


@lru_cache(maxsize=4096)
def normalize_column(name: str) -> str:
    """Returns the one spelling of a column: `g:Image Link` and `image_link` are the same attribute."""
    return _GAP.sub("_", name.strip().lower().removeprefix("g:").strip()).strip("_")
