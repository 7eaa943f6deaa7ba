"""Shoes, bags, headwear and other accessories as data."""

from samples.kinds.choices import HEAD, HELD, STANDING, WOVEN
from samples.kinds.kind import Kind
from samples.shapes.accessories import draw_scarf, draw_sock
from samples.shapes.bags import draw_backpack, draw_bag
from samples.shapes.eyewear import draw_sunglasses
from samples.shapes.headwear import draw_beanie, draw_cap, draw_hat
from samples.shapes.heels import draw_boot, draw_pump
from samples.shapes.sneakers import draw_sneaker

_HATS = {
    "fedora": ("felt", "felt", "straw"),
    "sun hat": ("straw", "cotton", "canvas"),
    "bucket": ("cotton", "canvas", "denim"),
}

# fmt: off
ACCESSORIES: tuple[Kind, ...] = (
    Kind("cap", ("Accessories", "Caps"), draw_cap, sizes="one", price=(12, 40), kids=0.2, weight=0.8,
         materials=("cotton", "canvas", "corduroy", "polyester"), scenes=HELD,
         patterns=("solid", "solid", "solid", "camouflage", "checked", "striped")),
    Kind("beanie", ("Accessories", "Beanies"), draw_beanie, sizes="one", price=(12, 45), kids=0.25, weight=0.7,
         materials=("wool knit", "cotton knit", "cable knit"), scenes=HEAD,
         patterns=("solid", "solid", "striped", "herringbone")),
    Kind("hat", ("Accessories", "Hats"), draw_hat, sizes="hat", price=(20, 90), weight=0.7, by_cut=_HATS,
         materials=("felt", "straw", "cotton", "canvas"), scenes=HEAD,
         patterns=("solid", "solid", "solid", "herringbone", "checked", "floral")),
    Kind("sneaker", ("Shoes", "Sneakers"), draw_sneaker, sizes="shoe", price=(40, 170), kids=0.2, weight=1.4,
         materials=("leather", "canvas", "suede", "polyester"), scenes=(*STANDING, "hand"),
         patterns=("solid", "solid", "solid", "solid", "camouflage", "marble", "checked", "leopard")),
    Kind("boot", ("Shoes", "Boots"), draw_boot, sizes="shoe", price=(70, 260), genders=("female", "male"),
         materials=("leather", "suede", "leather"), scenes=STANDING,
         patterns=("solid", "solid", "solid", "leopard")),
    Kind("pump", ("Shoes", "Pumps"), draw_pump, sizes="shoe", price=(45, 190), genders=("female",), kids=0.0,
         weight=0.7, materials=("leather", "suede", "patent leather"), scenes=STANDING,
         patterns=("solid", "solid", "solid", "leopard", "dotted")),
    Kind("bag", ("Accessories", "Bags"), draw_bag, sizes="one", price=(25, 280), genders=("female", "unisex"),
         kids=0.0, materials=("leather", "leather", "canvas", "suede", "straw"), scenes=(*STANDING, "hand", "hand"),
         patterns=("solid", "solid", "solid", "striped", "checked", "leopard")),
    Kind("backpack", ("Accessories", "Backpacks"), draw_backpack, sizes="one", price=(30, 130), genders=("unisex",),
         kids=0.25, weight=0.8, materials=("nylon", "quilted nylon", "canvas", "leather"), scenes=(*STANDING, "hand"),
         patterns=("solid", "solid", "camouflage", "dotted", "floral", "checked")),
    Kind("scarf", ("Accessories", "Scarves"), draw_scarf, sizes="one", price=(15, 90), weight=0.8,
         materials=("wool", "cotton knit", "silk", "wool knit"), patterns=(*WOVEN, "leopard", "marble"),
         scenes=("studio", "gradient", "wood", "linen", "mannequin", "mannequin")),
    Kind("sock", ("Accessories", "Socks"), draw_sock, sizes="sock", price=(5, 20), kids=0.2, weight=0.7,
         materials=("cotton knit", "wool knit"), scenes=HELD,
         patterns=("solid", "striped", "striped", "dotted", "checked", "color block")),
    Kind("sunglasses", ("Accessories", "Sunglasses"), draw_sunglasses, sizes="one", price=(15, 180), kids=0.05,
         weight=0.7, materials=("acetate", "metal"), patterns=("solid", "solid", "solid", "leopard", "marble"),
         scenes=("studio", "studio", "gradient", "wood", "concrete", "mannequin")),
)
# fmt: on
