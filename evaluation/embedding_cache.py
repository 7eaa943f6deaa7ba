"""Keeps embeddings of photos on disk by space and the photo's SHA-256, so that a second run embeds nothing."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from catalog.atomic_write import replace_file
from catalog.similarity import Vectors
from evaluation.data.features import Extractor
from evaluation.errors import InvalidDataset
from models.bundles.fingerprint import sha256_file
from models.photos import PhotoError, decode

BATCH = 32
log = logging.getLogger("evaluation")


@dataclass
class EmbeddingCache:
    """Keeps one file of embeddings per space below `folder`."""

    folder: Path
    progress: Callable[[int, int], None] = field(default=lambda done, total: None)

    def embed(self, extractor: Extractor, photos: Mapping[str, Path]) -> dict[str, Vectors]:
        """Returns the embedding [dims] per photo (SHA-256 -> file); photos without one are left out and logged."""
        file = self.folder / f"{extractor.space.name}.npz"
        known = _read(file, extractor.space.dims)
        missing = {sha: path for sha, path in photos.items() if sha not in known}
        if missing:
            known |= self._embed_missing(extractor, missing)
            _write(file, known)
        return {sha: known[sha] for sha in photos if np.isfinite(known[sha]).all()}

    def _embed_missing(self, extractor: Extractor, missing: Mapping[str, Path]) -> dict[str, Vectors]:
        found: dict[str, Vectors] = {}
        for done, (names, images) in enumerate(_batches(missing), 1):
            found |= dict(zip(names, extractor.embed_images(images), strict=True))
            self.progress(min(done * BATCH, len(missing)), len(missing))
        for sha in missing.keys() - found.keys():
            found[sha] = np.full(extractor.space.dims, np.nan, dtype=np.float32)
        return found


def hash_photo(path: Path) -> str:
    """Returns the SHA-256 of the file in hex digits; raises InvalidDataset where it cannot be read."""
    try:
        return sha256_file(path)
    except OSError as error:
        raise InvalidDataset(f"the photo {path} cannot be read: {error.strerror}") from error


def _batches(photos: Mapping[str, Path]) -> Iterator[tuple[list[str], list[Image.Image]]]:
    names: list[str] = []
    images: list[Image.Image] = []
    for sha, path in photos.items():
        try:
            images.append(decode(path.read_bytes()))
            names.append(sha)
        except (PhotoError, OSError) as error:
            log.warning("%s is left out: %s", path, error)
        if len(names) == BATCH:
            yield names, images
            names, images = [], []
    if names:
        yield names, images


def _read(file: Path, dims: int) -> dict[str, Vectors]:
    try:
        with np.load(file, allow_pickle=False) as stored:
            names, rows = stored["names"], stored["rows"]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError) as error:
        log.warning("%s is no longer readable and made anew: %s", file, error)
        return {}
    if rows.shape != (len(names), dims):
        return {}
    return dict(zip((str(name) for name in names), rows, strict=True))


def _write(file: Path, known: Mapping[str, Vectors]) -> None:
    with replace_file(file) as aside, aside.open("wb") as out:
        np.savez(out, names=np.array(list(known)), rows=np.stack(list(known.values())))
