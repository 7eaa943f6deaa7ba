"""Lists the colour families that shoppers filter by, each by the sRGB values of typical cloth."""

from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from catalog.domain.colors.lab import Floats, convert_to_lab

MULTI = "multi"  # three or more colours, none of which leads

# Basic colour terms (Berlin and Kay 1969, with beige for clothes).
FAMILIES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "black": ((20, 20, 22), (45, 45, 48)),
    "grey": ((90, 90, 92), (130, 130, 132), (170, 170, 172)),
    "white": ((245, 245, 243), (215, 215, 215)),
    "beige": ((209, 186, 152), (185, 165, 135)),
    "brown": ((112, 73, 46), (75, 50, 35)),
    "red": ((200, 32, 40), (115, 26, 46)),
    "pink": ((238, 158, 181), (215, 90, 130)),
    "orange": ((236, 118, 38),),
    "yellow": ((247, 214, 74), (205, 154, 38)),
    "green": ((36, 134, 76), (106, 110, 58), (20, 70, 50)),
    "blue": ((42, 96, 190), (158, 198, 230), (30, 40, 80), (85, 105, 140)),
    "purple": ((118, 64, 142), (165, 130, 190)),
}
# Pastels and others that would lie nearer to another family.
MORE_VALUES: dict[str, tuple[tuple[int, int, int], ...]] = {
    "white": ((240, 230, 205),),
    "red": ((160, 30, 40),),
    "pink": ((245, 215, 220), (225, 180, 175)),
    "orange": ((240, 150, 50),),
    "yellow": ((245, 235, 170),),
    "green": ((18, 122, 126), (175, 215, 190)),
    "blue": ((70, 150, 210), (25, 40, 165), (0, 0, 255), (38, 48, 70), (120, 195, 200)),
    "purple": ((205, 190, 225), (70, 40, 90)),
}
NAMES = tuple(FAMILIES)


@cache
def get_prototypes() -> tuple[Floats, Floats]:
    """Returns the typical values in L*a*b* [n,3], and which of NAMES each stands for [n]."""
    values = [(*FAMILIES[name], *MORE_VALUES.get(name, ())) for name in NAMES]
    return convert_to_lab([one for each in values for one in each]), np.repeat(
        range(len(NAMES)), list(map(len, values))
    )


def find_nearest_family(rgb: ArrayLike) -> str:
    """Returns the family of an sRGB value 0 to 255: that of the nearest typical one (CIE 1976 colour difference)."""
    rows, numbers = get_prototypes()
    return NAMES[int(numbers[np.linalg.norm(rows - convert_to_lab(rgb), axis=1).argmin()])]
