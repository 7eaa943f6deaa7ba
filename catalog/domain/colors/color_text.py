"""Reads the family from a shop's words for a colour: `heather grey/white`, `dunkelblau`, `#1f3a93`."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from catalog.domain.colors.basic_names import COMPOUNDING, list_forms
from catalog.domain.colors.families import MULTI, find_nearest_family
from catalog.domain.colors.shade_names import MODIFIERS, SHADE_NAMES

REMEMBERED = 20_000  # texts; a shop has few and says them over and over
LONGEST = 3  # words of one name: `cor de rosa`
MANY = 3  # families that make `multi`
SHORT = 3  # letters of a basic name that ends many other words, too: `rot`, `red`

_HEX = re.compile(r"#(?:([0-9a-f]{6})(?:[0-9a-f]{2})?|([0-9a-f]{3})[0-9a-f]?)\b", re.IGNORECASE)  # with alpha, too
_RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORD = re.compile(r"[^\W\d_]+")
_AND = "and|und|et|y|e|en|och|og|ve|i|a|ja|with|mit|avec|con|com|met|med|ile|s|z|sur|auf|on"
_LIST = re.compile(rf"[/,;&+|·•:()\[\]\n]|\s[-–—]\s|\s(?:{_AND})\s", re.IGNORECASE)
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "ı": "i", "đ": "d"})


@lru_cache(maxsize=REMEMBERED)
def read_family(text: str) -> str | None:
    """Returns the family of the first colour that `text` names, `multi` for three or more; None where none is known.

    Words count whole, whatever their case and accents: `tan` is not in `titanium`. Where none is known, a hexadecimal
    or `rgb()` value counts.
    """
    found = list(dict.fromkeys(family for part in _LIST.split(text) for family in _read_part(part)))
    if MULTI in found or len(found) >= MANY:
        return MULTI
    return found[0] if found else _read_value(text)


def fold(text: str) -> str:
    """Returns `text` in lower case and without accents."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def _read_part(text: str) -> Sequence[str]:
    """Returns the families of the names in one part of a list: basic ones, else those of shades."""
    found = list(_find_names(_WORD.findall(fold(_CAMEL.sub(" ", text)))))
    basic = [family for family, is_basic in found if is_basic]
    return basic or [family for family, _ in found]


def _find_names(words: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yields the family of each name among `words`, longest names first, and whether it is a basic one."""
    basics, shades = _index_basics(), _index_shades()
    at = 0
    while at < len(words):
        for count in range(min(LONGEST, len(words) - at), 0, -1):
            name = " ".join(words[at : at + count])
            if count > 1 and name in shades:  # `rose gold` is neither rose nor gold
                yield shades[name], True
            elif name in basics:
                yield basics[name], True
            elif name in shades:
                yield shades[name], False
            elif count == 1 and (family := _read_compound(name)):
                yield family, True
            else:
                continue
            break
        at += count


def _read_compound(word: str) -> str | None:
    """Returns the family of the basic name that `word` ends with: `dunkelblau`, `ciemnozielony`."""
    for start in range(2, len(word) - SHORT + 1):
        first, head = word[:start], word[start:]
        if (family := _index_heads().get(head)) and _may_begin(first, head):
            return family
    return None


def _may_begin(first: str, head: str) -> bool:
    if len(head) > SHORT and len(first) >= SHORT and head not in _AMBIGUOUS_HEADS:
        return True
    return first in _index_modifiers() or first in _index_basics() or first in _index_shades()


_AMBIGUOUS_HEADS = frozenset({"sort", "rode", "rote"})  # `resort`, `brode`, `carote`


@cache
def _index_basics() -> dict[str, str]:
    return {fold(form): family for form, family in list_forms()}


@cache
def _index_heads() -> dict[str, str]:
    heads = {fold(form): family for form, family in list_forms(COMPOUNDING)}
    return {form: family for form, family in heads.items() if len(form) >= SHORT and " " not in form}


@cache
def _index_shades() -> dict[str, str]:
    return {fold(name): family for family, names in SHADE_NAMES.items() for name in names.split(", ")}


@cache
def _index_modifiers() -> frozenset[str]:
    return frozenset(MODIFIERS.split(", "))


def _read_value(text: str) -> str | None:
    if found := _HEX.search(text):
        digits = found[1] or "".join(2 * digit for digit in found[2])
        return find_nearest_family(list(bytes.fromhex(digits)))
    if found := _RGB.search(text):
        return find_nearest_family([min(int(part), 255) for part in found.groups()])
    return None
