"""Lists the twenty colours a product can have, their families, and which colours go with them in a pattern."""

from dataclasses import dataclass

RGB = tuple[int, int, int]


@dataclass(frozen=True)
class Colour:
    """Names a colour: sRGB 0 to 255, and the family a shopper filters by."""

    name: str
    family: str
    rgb: RGB


COLOURS: tuple[Colour, ...] = (
    Colour("black", "black", (38, 38, 41)),
    Colour("charcoal", "grey", (76, 79, 85)),
    Colour("grey", "grey", (152, 155, 159)),
    Colour("white", "white", (243, 243, 241)),
    Colour("cream", "white", (240, 230, 205)),
    Colour("beige", "beige", (209, 186, 152)),
    Colour("brown", "brown", (112, 73, 46)),
    Colour("burgundy", "red", (115, 26, 46)),
    Colour("red", "red", (200, 32, 40)),
    Colour("pink", "pink", (238, 158, 181)),
    Colour("orange", "orange", (236, 118, 38)),
    Colour("mustard", "yellow", (205, 154, 38)),
    Colour("yellow", "yellow", (247, 214, 74)),
    Colour("olive", "green", (106, 110, 58)),
    Colour("green", "green", (36, 134, 76)),
    Colour("teal", "green", (18, 122, 126)),
    Colour("light blue", "blue", (158, 198, 230)),
    Colour("blue", "blue", (42, 96, 190)),
    Colour("navy", "blue", (30, 40, 80)),
    Colour("purple", "purple", (118, 64, 142)),
)

BY_NAME = {colour.name: colour for colour in COLOURS}

_FOR_DARK = ("white", "cream", "beige", "light blue", "mustard", "pink")
_FOR_LIGHT = ("navy", "black", "red", "teal", "brown", "blue")
_FOR_BRIGHT = ("white", "navy", "cream", "black", "white", "navy")


def luminance(rgb: RGB) -> float:
    """Returns the Rec. 709 luma of the gamma-coded values, 0 to 1."""
    return (0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]) / 255


def partners(name: str) -> tuple[str, ...]:
    """Returns six colours that stand out against the named one, in a fixed order: a style keeps its choice."""
    light = luminance(BY_NAME[name].rgb)
    names = _FOR_DARK if light < 0.33 else _FOR_LIGHT if light > 0.68 else _FOR_BRIGHT
    return tuple(other if other != name else "grey" for other in names)
