"""Cuts every photo once into the crops that network and teachers both see, and keeps them on disk."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image

from models.bundle import Bundle
from models.embedder import Embeddings
from models.fingerprint import canonical_json, sha256_bytes
from models.manifest import Preprocessing
from models.onnx_embedder import OnnxEmbedder
from models.photos import PhotoError, decode
from models.preprocess import preprocess
from training.photos import Photo

log = logging.getLogger(__name__)

RATIO = (3 / 4, 4 / 3)  # of a crop's sides, as in Inception's and torchvision's RandomResizedCrop
DONE = "done.json"


@dataclass(frozen=True, slots=True)
class Cut:
    """How photos are cut: `crops` random boxes beside the plain centre crop; areas from `scale` to 1."""

    side: int
    resize: int
    crops: int
    scale: float
    seed: int

    def recipe(self, like: Preprocessing) -> Preprocessing:
        """The plain preprocessing of the network, with the mean and deviation of `like`."""
        return like.model_copy(update={"resize_shorter_side": self.resize, "center_crop": self.side})


@dataclass(frozen=True, slots=True)
class Cache:
    """`pixels` [N,K,side,side,3] uint8, crop 0 the plain one; `features` by teacher [N,K,D] float16, unit rows.

    `usable` [N] says which photos could be read.
    """

    pixels: NDArray[np.uint8]
    features: Mapping[str, NDArray[np.float16]]
    usable: NDArray[np.bool_]


def boxes(width: int, height: int, cut: Cut, rng: np.random.Generator) -> list[tuple[int, int, int, int]]:
    """`cut.crops` random boxes (left, top, right, bottom) in a photo of `width` × `height`."""
    found = []
    for _ in range(cut.crops):
        area = width * height * rng.uniform(cut.scale, 1)
        ratio = np.exp(rng.uniform(*np.log(RATIO)))
        wide, high = min(width, np.sqrt(area * ratio)), min(height, np.sqrt(area / ratio))
        left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
        found.append((round(left), round(top), round(left + wide), round(top + high)))
    return found


def prepare(
    photos: list[Photo],
    cut: Cut,
    teachers: Mapping[str, Bundle],
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Cache:
    """The cache of these photos below `folder`; made where it is not there yet (the marker is written last)."""
    place = folder / _key(photos, cut, teachers)
    if not (place / DONE).is_file():
        place.mkdir(parents=True, exist_ok=True)
        usable = _fill(place, photos, cut, teachers, progress)
        (place / DONE).write_text(json.dumps({"photos": len(photos), "usable": usable}), encoding="utf-8")
    features = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in teachers}
    usable = np.load(place / "usable.npy")
    return Cache(np.load(place / "pixels.npy", mmap_mode="r"), features, usable)


def _key(photos: list[Photo], cut: Cut, teachers: Mapping[str, Bundle]) -> str:
    versions = {name: bundle.version for name, bundle in teachers.items()}
    hashes = [photo.sha256 for photo in photos]
    parts = [hashes, [cut.side, cut.resize, cut.crops, cut.scale, cut.seed], versions]
    return sha256_bytes(canonical_json(parts))[:16]


def _fill(
    place: Path,
    photos: list[Photo],
    cut: Cut,
    teachers: Mapping[str, Bundle],
    progress: Callable[[int, int], None],
) -> int:
    embedders = {name: OnnxEmbedder(bundle, 1) for name, bundle in teachers.items()}
    many = cut.crops + 1
    shape = (len(photos), many, cut.side, cut.side, 3)
    pixels = open_memmap(place / "pixels.npy", "w+", np.uint8, shape)
    features = {
        name: open_memmap(place / f"{name}.npy", "w+", np.float16, (len(photos), many, one.dims))
        for name, one in embedders.items()
    }
    usable = np.zeros(len(photos), dtype=np.bool_)

    def work(index: int) -> None:
        views = _views(photos[index], cut)
        if views is None:
            return
        pixels[index] = [np.asarray(view.small) for view in views]
        rows = {name: _answers(one, views) for name, one in embedders.items()}
        usable[index] = all(np.isfinite(row).all() for row in rows.values())
        for name, row in rows.items():
            features[name][index] = np.nan_to_num(row)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, _ in enumerate(pool.map(work, range(len(photos))), 1):
            progress(done, len(photos))
    np.save(place / "usable.npy", usable)
    pixels.flush()
    for one in features.values():
        one.flush()
    return int(usable.sum())


@dataclass(frozen=True, slots=True)
class View:
    """A crop: `whole` is the photo itself (crop 0) or the box cut from it, `small` what the network sees."""

    whole: Image.Image
    small: Image.Image
    boxed: bool


def _views(photo: Photo, cut: Cut) -> list[View] | None:
    try:
        image = decode(photo.path.read_bytes())
    except (PhotoError, OSError) as error:
        log.warning("%s is left out: %s", photo.path, error)
        return None
    views = [View(image, _plain(image, cut), boxed=False)]
    # By the photo's own hash: the same photo is cut alike in every collection.
    rng = np.random.default_rng([cut.seed, int(photo.sha256[:8], 16)])
    for box in boxes(image.width, image.height, cut, rng):
        whole = image.crop(box)
        small = whole.resize((cut.side, cut.side), Image.Resampling.BILINEAR)
        views.append(View(whole, small, boxed=True))
    return views


def _plain(image: Image.Image, cut: Cut) -> Image.Image:
    recipe = Preprocessing(
        resize_shorter_side=cut.resize,
        interpolation="bilinear",
        center_crop=cut.side,
        mean=(0, 0, 0),
        std=(1 / 255, 1 / 255, 1 / 255),
        color="RGB",
    )
    return Image.fromarray(preprocess(image, recipe).transpose(1, 2, 0).round().astype(np.uint8))


def _answers(embedder: OnnxEmbedder, views: list[View]) -> Embeddings:
    """The teacher's embeddings [K,D] of the same crops, the boxes squeezed into its whole picture."""
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
