"""Takes a row's own size off the end of its title: `Linen dress - M`, `Linen dress, size 38`, `Linen dress (XL)`."""

import re
from collections.abc import Sequence

_WORDS = (
    "size|sz|größe|groesse|gr|taille|talla|taglia|tamanho|maat|størrelse|storlek|koko|rozmiar|velikost|méret|размер"
)
_WORD = rf"(?:(?:{_WORDS})\b\.?:?\s*)"
# What stands before a size at the end; a sign that belongs to a word (X-L, 38/40) has no gap.
_SIGN = re.compile(
    rf"(?P<name>.*?\S)(?:\s+[-–—−/|·•:]\s*{_WORD}?|\s*[/|:,;]\s+{_WORD}?|\s+{_WORD})", re.IGNORECASE | re.DOTALL
)
_BRACKET = re.compile(rf"(?P<name>.*?\S)\s*[(\[]\s*{_WORD}?", re.IGNORECASE | re.DOTALL)


def strip_size(title: str, size: str | None) -> str:
    """Returns the title without the size at its end, where a sign, brackets or a word for it tell it apart."""
    text = title.rstrip()
    closed = text.endswith((")", "]"))
    whole = text[:-1].rstrip() if closed and not (size or "").endswith((")", "]")) else text
    if not size or whole[-len(size) :].casefold() != size.casefold():
        return title
    before = (_SIGN if whole is text else _BRACKET).fullmatch(whole[: -len(size)])
    return before["name"] if before else title


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
