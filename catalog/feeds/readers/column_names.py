"""Normalizes column names, which feeds spell in many ways."""

import re
from functools import lru_cache

_GAP = re.compile(r"[\s_]+")


@lru_cache(maxsize=4096)
def normalize_column(name: str) -> str:
    """Returns the one spelling of a column: `g:Image Link` and `image_link` are the same attribute."""
    return _GAP.sub("_", name.strip().lower().removeprefix("g:").strip()).strip("_")
