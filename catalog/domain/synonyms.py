"""When two words of a filter mean the same: whatever their case, and a few names that shops use for one thing."""

import difflib
from collections.abc import Sequence
from functools import lru_cache

# Values of Google Merchant's `gender` and `age_group`, which have one meaning, and what shops write instead.
# https://support.google.com/merchants/answer/6324479 and .../6324463
SYNONYMS: dict[str, tuple[frozenset[str], ...]] = {
    "gender": (
        frozenset({"female", "females", "woman", "women", "womens", "women's", "lady", "ladies"}),
        frozenset({"male", "males", "man", "men", "mens", "men's", "gentleman", "gentlemen", "gents"}),
        frozenset({"unisex"}),
    ),
    "age_group": (
        frozenset({"newborn", "newborns"}),
        frozenset({"infant", "infants", "baby", "babies"}),
        frozenset({"toddler", "toddlers"}),
        frozenset({"kids", "kid", "child", "children"}),
        frozenset({"adult", "adults"}),
        frozenset({"all ages", "all"}),
    ),
}
CLOSE = 0.6  # difflib's own default: half-way between a typing error and another word
COMPARED = 100  # words that are compared letter by letter, which takes some 10 microseconds each
REMEMBERED = 10_000  # words; those of rules and of a shop's menus come again in every question
LONG = 64  # letters; the time to compare grows with their number


@lru_cache(maxsize=REMEMBERED)
def fold(word: str) -> str:
    """Returns `word` in lower case, letter by letter as Elasticsearch's `lowercase` normalizer does it.

    `str.lower` looks at neighbours (a final sigma) and makes two letters of one in a single case, the dotted I.
    """
    return "".join("i" if letter == "\u0130" else letter.lower() for letter in word)


@lru_cache(maxsize=REMEMBERED)
def same_meaning(key: str, word: str) -> frozenset[str]:
    """Returns the folded words that a value of filter `key` matches: itself and what means the same."""
    folded = fold(word)
    return next((group for group in SYNONYMS.get(key, ()) if folded in group), frozenset({folded}))


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Returns the known word that `word` was probably meant to be, as it is spelled there; None where none is known.

    Where no word is close, the least different of the first COMPARED ones: known words come most frequent first.
    """
    spelled = {fold(each): each for each in reversed(known)}
    folded = fold(word)[:LONG]
    found = difflib.get_close_matches(folded, list(spelled), n=1, cutoff=CLOSE)
    found = found or difflib.get_close_matches(folded, [fold(each) for each in known[:COMPARED]], n=1, cutoff=0.0)
    return spelled[found[0]] if found else None
