"""Clothes as data."""

from samples.kinds.choices import BOTTOM, HEAVY, JERSEY, KNITTED, PRINTS, WORN, WOVEN
from samples.kinds.kind import Kind
from samples.shapes.bottoms import draw_shorts, draw_skirt, draw_trousers
from samples.shapes.dresses import draw_dress
from samples.shapes.outerwear import draw_coat, draw_jacket
from samples.shapes.tops import draw_hoodie, draw_shirt, draw_sweater, draw_t_shirt, draw_tank_top

_JACKETS = {
    "puffer": ("nylon", "nylon", "polyester"),
    "trucker": ("denim", "denim", "corduroy", "cotton"),
    "biker": ("leather", "leather", "suede"),
    "bomber": ("nylon", "polyester", "cotton", "suede"),
}
# fmt: off
CLOTHES: tuple[Kind, ...] = (
    Kind("dress", ("Dresses",), draw_dress, sizes="alpha", price=(35, 160), genders=("female",), weight=1.7,
         materials=("cotton", "viscose", "silk", "linen", "polyester"), scenes=WORN,
         patterns=(*PRINTS, "floral", "dotted")),
    Kind("t-shirt", ("Tops", "T-shirts"), draw_t_shirt, sizes="alpha", price=(12, 45), kids=0.2, weight=1.6,
         materials=("cotton", "cotton", "linen", "polyester"), scenes=WORN,
         patterns=JERSEY),
    Kind("tank top", ("Tops", "Tank tops"), draw_tank_top, sizes="alpha", price=(10, 35), weight=0.8,
         materials=("cotton", "viscose", "polyester"), scenes=WORN,
         patterns=JERSEY),
    Kind("shirt", ("Tops", "Shirts"), draw_shirt, sizes="alpha", price=(25, 90), weight=1.4,
         materials=("cotton", "linen", "denim", "viscose"), scenes=WORN,
         patterns=WOVEN),
    Kind("sweater", ("Tops", "Sweaters"), draw_sweater, sizes="alpha", price=(30, 140), weight=1.2,
         materials=("wool knit", "cotton knit", "cable knit", "wool knit"), scenes=WORN,
         patterns=KNITTED),
    Kind("hoodie", ("Tops", "Hoodies"), draw_hoodie, sizes="alpha", price=(35, 95), kids=0.2,
         materials=("cotton", "fleece", "polyester"), scenes=WORN,
         patterns=("solid", "solid", "solid", "camouflage", "marble", "color block")),
    Kind("jacket", ("Outerwear", "Jackets"), draw_jacket, sizes="alpha", price=(60, 320), by_cut=_JACKETS,
         materials=("denim", "leather", "polyester", "nylon", "corduroy"), scenes=WORN,
         patterns=("solid", "solid", "solid", "camouflage", "color block")),
    Kind("coat", ("Outerwear", "Coats"), draw_coat, sizes="alpha", price=(90, 420), kids=0.05,
         materials=("wool", "wool", "cotton", "polyester"), scenes=WORN,
         patterns=HEAVY),
    Kind("trousers", ("Bottoms", "Trousers"), draw_trousers, sizes="waist", price=(35, 140), weight=1.5,
         materials=("denim", "denim", "cotton", "wool", "corduroy", "linen"), scenes=BOTTOM,
         patterns=("solid", "solid", "solid", "pinstripe", "checked", "herringbone", "camouflage")),
    Kind("shorts", ("Bottoms", "Shorts"), draw_shorts, sizes="waist", price=(20, 60),
         materials=("cotton", "denim", "linen", "polyester"), scenes=BOTTOM,
         patterns=("solid", "solid", "solid", "striped", "checked", "floral", "camouflage")),
    Kind("skirt", ("Bottoms", "Skirts"), draw_skirt, sizes="alpha", price=(25, 110), genders=("female",), weight=1.1,
         materials=("cotton", "denim", "viscose", "leather", "silk"), scenes=BOTTOM,
         patterns=(*PRINTS, "checked")),
)
# fmt: on
