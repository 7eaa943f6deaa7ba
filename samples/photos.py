"""Draws the photo of one product."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from samples.drawing.photo import Photo, shoot
from samples.products import Product
from samples.scenes import as_shown, setting
from samples.wardrobe import clothes

QUALITY = 88


def photograph(product: Product) -> Photo:
    """The product's photo and its masks; the same product always gives the same pixels."""
    style, rng = product.style, product.photo_rng()
    wardrobe = clothes(product.color, style.pattern, style.material, product.cloth_rng())
    drawing = as_shown(style.kind.name, product.scene, style.drawing)
    return shoot(drawing, wardrobe, setting(style.kind.name, product.scene, drawing, rng), rng)


def save(product: Product, path: Path) -> None:
    """Draw the photo and write it as JPEG, whole or not at all."""
    part = path.with_suffix(".part")
    Image.fromarray(photograph(product).rgb).save(part, "JPEG", quality=QUALITY, subsampling=0)
    part.replace(path)
