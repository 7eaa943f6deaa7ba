"""Takes a row's own size off the end of its title: `Linen dress - M`, `Linen dress, size 38`, `Linen dress (XL)`."""

import re
from collections.abc import Sequence
from functools import lru_cache

WORDS = (
    "size|sz|größe|groesse|gr|taille|talla|taglia|tamanho|maat|størrelse|storlek|koko|rozmiar|velikost|méret|размер"
)
BARS = "[-–—−/|·•:]"


def strip_size(title: str, size: str | None) -> str:
    """Returns the title without the size at its end, where a sign, brackets or a word for it tell it apart."""
    found = _build_ending(size).fullmatch(title) if size else None
    return found["name"] if found else title


def strip_bare_sizes(titles: Sequence[str], sizes: Sequence[str | None]) -> list[str]:
    """Returns titles that end with nothing but each one's own size (`Linen dress M`) without it.

    Only where several sizes leave one and the same title: a `Model S` in size S keeps its name.
    """
    bare = [_strip_word(title, size) for title, size in zip(titles, sizes, strict=True)]
    alike = len(set(bare)) == 1 and len(set(titles)) > 1
    return bare if alike else list(titles)


def _strip_word(title: str, size: str | None) -> str:
    if not size or not title.casefold().endswith(f" {size.casefold()}"):
        return title
    return title[: -len(size)].rstrip() or title


@lru_cache(maxsize=512)
def _build_ending(size: str) -> re.Pattern[str]:
    own = rf"(?:(?:{WORDS})\b\.?:?\s*)?{re.escape(size)}"
    endings = (
        rf"\s+{BARS}\s*{own}",  # a sign that belongs to a word (X-L, 38/40) has no gap
        rf"\s*[/|:]\s+{own}",
        rf"\s*[,;]\s+{own}",
        rf"\s*\(\s*{own}\s*\)",
        rf"\s*\[\s*{own}\s*\]",
        rf"\s+(?:{WORDS})\b\.?:?\s*{re.escape(size)}",
    )
    return re.compile(rf"(?P<name>.*?\S)(?:{'|'.join(endings)})\s*", re.IGNORECASE | re.DOTALL)
