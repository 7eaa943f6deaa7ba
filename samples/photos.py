"""Draws the photo of one product."""

from pathlib import Path

from PIL import Image

from samples.drawing.photo import DrawnPhoto, shoot
from samples.materials import build_cloths
from samples.products import SampleProduct
from samples.scenes import adapt_to_scene, build_setting

QUALITY = 88


def photograph(product: SampleProduct) -> DrawnPhoto:
    """Returns the product's photo and its masks; the same product always gives the same pixels."""
    style, rng = product.style, product.photo_rng()
    wardrobe = build_cloths(product.color, style.pattern, style.material, product.cloth_rng())
    drawing = adapt_to_scene(style.kind.name, product.scene, style.drawing)
    return shoot(drawing, wardrobe, build_setting(style.kind.name, product.scene, drawing, rng), rng)


def save_photo(product: SampleProduct, path: Path) -> None:
    """Draws the photo and writes it as JPEG, whole or not at all."""
    part = path.with_suffix(".part")
    Image.fromarray(photograph(product).rgb).save(part, "JPEG", quality=QUALITY, subsampling=0)
    part.replace(path)
