"""Cuts a photo into views, the plain crop as in service and random boxes, and embeds them by a teacher."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
from PIL import Image

from models.bundles.manifest import Preprocessing
from models.photos import PhotoError, decode
from models.runtime.embedder import Embeddings
from models.runtime.onnx_embedder import OnnxEmbedder
from models.runtime.preprocessing import preprocess
from training.data.photos import TrainingPhoto

log = logging.getLogger(__name__)

RATIO = (3 / 4, 4 / 3)  # of a crop's sides, as in Inception's and torchvision's RandomResizedCrop


@dataclass(frozen=True, slots=True)
class CropSettings:
    """Describes how photos are cut: `crops` random boxes beside the plain centre crop; areas from `scale` to 1."""

    side: int
    resize: int
    crops: int
    scale: float
    seed: int


def draw_boxes(
    width: int, height: int, cut: CropSettings, rng: np.random.Generator
) -> list[tuple[int, int, int, int]]:
    """Returns `cut.crops` random boxes (left, top, right, bottom) in a photo of `width` × `height`."""
    found = []
    for _ in range(cut.crops):
        area = width * height * rng.uniform(cut.scale, 1)
        ratio = np.exp(rng.uniform(*np.log(RATIO)))
        wide, high = min(width, np.sqrt(area * ratio)), min(height, np.sqrt(area / ratio))
        left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
        found.append((round(left), round(top), round(left + wide), round(top + high)))
    return found


@dataclass(frozen=True, slots=True)
class View:
    """Holds a crop: `whole` is the photo itself (crop 0) or the box cut from it, `small` what the network sees."""

    whole: Image.Image
    small: Image.Image
    boxed: bool


def cut_views(photo: TrainingPhoto, cut: CropSettings) -> list[View] | None:
    """Returns the views of a photo, the plain one first; None (and a warning) where it cannot be read."""
    try:
        image = decode(photo.path.read_bytes())
    except (PhotoError, OSError) as error:
        log.warning("%s is left out: %s", photo.path, error)
        return None
    views = [View(image, _cut_plain(image, cut), boxed=False)]
    # By the photo's own hash: the same photo is cut alike in every collection.
    rng = np.random.default_rng([cut.seed, int(photo.sha256[:8], 16)])
    for box in draw_boxes(image.width, image.height, cut, rng):
        whole = image.crop(box)
        small = whole.resize((cut.side, cut.side), Image.Resampling.BILINEAR)
        views.append(View(whole, small, boxed=True))
    return views


def _cut_plain(image: Image.Image, cut: CropSettings) -> Image.Image:
    # Deviations of 1/255 give pixels of 0 to 255: kept as bytes.
    bytes_ = (1 / 255, 1 / 255, 1 / 255)
    recipe = Preprocessing(
        resize_shorter_side=cut.resize,
        interpolation="bilinear",
        center_crop=cut.side,
        mean=(0, 0, 0),
        std=bytes_,
        color="RGB",
    )
    return Image.fromarray(preprocess(image, recipe).transpose(1, 2, 0).round().astype(np.uint8))


def embed_views(embedder: OnnxEmbedder, views: list[View]) -> Embeddings:
    """Returns the teacher's embeddings [K,D] of the same crops, the boxes squeezed into its whole picture."""
    recipe = embedder.bundle.preprocessing
    side = recipe.center_crop
    squeezed = recipe.model_copy(update={"resize_shorter_side": side})
    batch = [
        preprocess(view.whole.resize((side, side), Image.Resampling.BILINEAR), squeezed)
        if view.boxed
        else preprocess(view.whole, recipe)
        for view in views
    ]
    return embedder.embed(np.stack(batch))
