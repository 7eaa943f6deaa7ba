"""Reads a local folder's photos in batches, for fitting; what cannot be decoded is counted, not fatal."""

import hashlib
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from models.bundles.fingerprint import sha256_bytes
from models.errors import FitFailed
from models.photos import PhotoError, decode

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif"})
BATCH = 32

log = logging.getLogger(__name__)


def list_photos(folder: Path) -> list[Path]:
    """Returns the photos below `folder`, by their suffix, sorted; none where the folder is absent."""
    return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())


class PhotoFolder:
    """Photos below `folder` (`limit` of them, evenly spaced over the sorted paths); iterate `read_batches` once.

    Raises FitFailed where the folder is absent or holds no photos, and for a photo whose hash is among `refused`.
    """

    def __init__(
        self,
        folder: Path,
        limit: int = 5_000,
        progress: Callable[[int, int], None] = lambda done, total: None,
        refused: frozenset[str] = frozenset(),
    ) -> None:
        if not folder.is_dir():
            raise FitFailed(f"there is no folder {folder} to fit on")
        paths = list_photos(folder)
        if not paths:
            raise FitFailed(f"{folder} holds no photos ({', '.join(sorted(SUFFIXES))})")
        chosen = np.unique(np.linspace(0, len(paths) - 1, min(limit, len(paths))).round().astype(int))
        self.paths = [paths[index] for index in chosen]
        self.failures: Counter[str] = Counter()
        self._progress = progress
        self._refused = refused
        self._seen = hashlib.sha256()

    def read_batches(self) -> Iterator[list[Image.Image]]:
        """Yields decoded photos, up to 32 at a time."""
        batch: list[Image.Image] = []
        for done, path in enumerate(self.paths, 1):
            try:
                data = path.read_bytes()
                batch.append(self._decode_allowed(path, data))
                self._seen.update(hashlib.sha256(data).digest())
            except (PhotoError, OSError) as error:
                self.failures[str(error.reason) if isinstance(error, PhotoError) else "unreadable"] += 1
                log.warning("%s is left out: %s", path, error)
            if len(batch) == BATCH:
                yield batch
                batch = []
            self._progress(done, len(self.paths))
        if batch:
            yield batch

    def _decode_allowed(self, path: Path, data: bytes) -> Image.Image:
        if sha256_bytes(data) in self._refused:
            raise FitFailed(
                f"{path} belongs to the gate (GATE_DATA): a model must be judged on photos it never saw. "
                "Fit on others; nothing was written"
            )
        return decode(data)

    def compute_fingerprint(self) -> str:
        """Returns the SHA-256 (hex) over the hashes of the photos that were read, in order."""
        return self._seen.hexdigest()
