"""Column names as feeds spell them, brought to one spelling."""

import re
from functools import lru_cache

_GAP = re.compile(r"[\s_]+")


@lru_cache(maxsize=4096)
def normal(name: str) -> str:
    """`g:Image Link` and `image_link` are the same attribute."""
    return _GAP.sub("_", name.strip().lower().removeprefix("g:").strip()).strip("_")
