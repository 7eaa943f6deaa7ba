"""Cuts every photo once into the crops that network and teachers both see, and keeps them on disk."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import DTypeLike, NDArray

from models.bundles.bundle import Bundle
from models.bundles.fingerprint import sha256_bytes, to_canonical_json
from models.runtime.onnx_embedder import OnnxEmbedder
from training.data.photos import TrainingPhoto
from training.data.views import CropSettings, cut_views, embed_views

DONE = "done.json"
TODO, USABLE, UNUSABLE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class CropCache:
    """Holds `pixels` [N,K,side,side,3] uint8, crop 0 the plain one; `features` by teacher [N,K,D] float16, unit rows.

    `usable` [N] says which photos could be read.
    """

    pixels: NDArray[np.uint8]
    features: Mapping[str, NDArray[np.float16]]
    usable: NDArray[np.bool_]


def prepare_crops(
    photos: list[TrainingPhoto],
    cut: CropSettings,
    teachers: Mapping[str, Bundle],
    folder: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CropCache:
    """Returns the cache of these photos below `folder`; makes it where it is not there yet (marker written last)."""
    place = folder / _cache_key(photos, cut, teachers)
    if not (place / DONE).is_file():
        place.mkdir(parents=True, exist_ok=True)
        usable = _CropCacheBuilder(place, photos, cut, teachers).run(progress)
        np.save(place / "usable.npy", usable)
        counts = {"photos": len(photos), "usable": int(usable.sum())}
        (place / DONE).write_text(json.dumps(counts), encoding="utf-8")
    features = {name: np.load(place / f"{name}.npy", mmap_mode="r") for name in teachers}
    usable = np.load(place / "usable.npy")
    return CropCache(np.load(place / "pixels.npy", mmap_mode="r"), features, usable)


def _cache_key(photos: list[TrainingPhoto], cut: CropSettings, teachers: Mapping[str, Bundle]) -> str:
    versions = {name: bundle.version for name, bundle in teachers.items()}
    hashes = [photo.sha256 for photo in photos]
    parts = [hashes, [cut.side, cut.resize, cut.crops, cut.scale, cut.seed], versions]
    return sha256_bytes(to_canonical_json(parts))[:16]


class _CropCacheBuilder:
    """Fills the arrays of a cache. A photo's state is written last, so that an interrupted run goes on."""

    def __init__(
        self, place: Path, photos: list[TrainingPhoto], cut: CropSettings, teachers: Mapping[str, Bundle]
    ) -> None:
        self._photos, self._cut = photos, cut
        self._embedders = {name: OnnxEmbedder(bundle, 1) for name, bundle in teachers.items()}
        rows, many = len(photos), cut.crops + 1
        self._state = _open_array(place / "state.npy", np.int8, (rows,))
        self._pixels = _open_array(place / "pixels.npy", np.uint8, (rows, many, cut.side, cut.side, 3))
        self._features = {
            name: _open_array(place / f"{name}.npy", np.float16, (rows, many, one.dims))
            for name, one in self._embedders.items()
        }

    def run(self, progress: Callable[[int, int], None]) -> NDArray[np.bool_]:
        """Cuts the photos that are left; returns which photos [N] are usable."""
        todo = np.flatnonzero(self._state == TODO)
        before = len(self._photos) - len(todo)
        pool = ThreadPoolExecutor(os.cpu_count())
        try:
            for done, _ in enumerate(pool.map(self._cut_photo, todo), before + 1):
                progress(done, len(self._photos))
        finally:
            pool.shutdown(cancel_futures=True)  # after Ctrl-C, not the whole queue first
        for array in (self._state, self._pixels, *self._features.values()):
            array.flush()
        return np.asarray(self._state == USABLE)

    def _cut_photo(self, index: int) -> None:
        views = cut_views(self._photos[index], self._cut)
        if views is None:
            self._state[index] = UNUSABLE
            return
        self._pixels[index] = [np.asarray(view.small) for view in views]
        rows = {name: embed_views(one, views) for name, one in self._embedders.items()}
        for name, row in rows.items():
            self._features[name][index] = np.nan_to_num(row)
        self._state[index] = USABLE if all(np.isfinite(row).all() for row in rows.values()) else UNUSABLE


def _open_array(file: Path, dtype: DTypeLike, shape: tuple[int, ...]) -> np.memmap[Any, np.dtype[Any]]:
    """Returns the array as it was left, or a new one of zeros."""
    if file.is_file():
        return open_memmap(file, "r+")
    return open_memmap(file, "w+", dtype, shape)
