"""Draws a whole catalogue into a folder: photos first, the feed last, so that a feed means the set is complete."""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import PIL

from samples.errors import BadOrder, NotOurs
from samples.feed import write_feed
from samples.photos import save_photo
from samples.products import build_product

FEED, TRUTH, PHOTOS, MANIFEST = "feed.jsonl", "truth.csv", "photos", "samples.json"
MOST = 1_000_000

Draw = Callable[[int, int, Path], None]
"""Draws product (seed, index) into a file."""


@dataclass(frozen=True)
class Order:
    """Orders the products `start` up to `start + products` of a seed."""

    products: int
    seed: int = 7
    start: int = 0

    def __post_init__(self) -> None:
        if self.products < 1:
            raise BadOrder(f"--products must be at least 1, not {self.products}")
        if self.seed < 0 or self.start < 0:
            raise BadOrder("--seed and --start must not be negative")
        if self.start + self.products > MOST:
            raise BadOrder(f"--start plus --products must be at most {MOST:,}, not {self.start + self.products:,}")

    @property
    def indices(self) -> range:
        """Returns the product numbers."""
        return range(self.start, self.start + self.products)


@dataclass(frozen=True)
class DrawSummary:
    """Counts what a run did; `failed` maps product ids to reasons."""

    folder: str
    products: int
    seed: int
    start: int
    drawn: int
    reused: int
    failed: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def is_unchanged(self) -> bool:
        """Returns whether the set was complete before."""
        return self.drawn == 0 and not self.failed and self.reused == self.products


def fingerprint(seed: int) -> str:
    """Returns six hex digits that change with the seed, the drawing code and the libraries.

    They are part of a photo's name: other pixels, other address, so that nobody keeps what they knew of the old one.
    """
    digest = hashlib.sha256(f"{seed} {np.__version__} {PIL.__version__}".encode())
    for source in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:6]


def draw_photo(seed: int, index: int, path: Path) -> None:
    """Draws one product's photo; what `make` uses as `draw`."""
    save_photo(build_product(seed, index), path)


def _attempt(draw: Draw, seed: int, task: tuple[int, Path]) -> tuple[int, str | None]:
    try:
        draw(seed, *task)
    except Exception as error:  # One product's failure is a result, reported at the end, not the end of the run.
        return task[0], f"{type(error).__name__}: {error}"
    return task[0], None


def _draw_all(tasks: list[tuple[int, Path]], seed: int, jobs: int, draw: Draw) -> Iterator[tuple[int, str | None]]:
    attempt = partial(_attempt, draw, seed)
    if jobs == 1 or len(tasks) < 2 * jobs:
        yield from map(attempt, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(attempt, tasks, chunksize=8)


def _claim(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise NotOurs(f"{folder} is a file: give a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise NotOurs(f"{folder} is not empty and not a samples folder (no {MANIFEST}): give a new or empty folder")
    (folder / PHOTOS).mkdir(parents=True, exist_ok=True)


def _build_manifest(order: Order, mark: str) -> str:
    return json.dumps({"schema_version": 1, **asdict(order), "fingerprint": mark}, indent=2) + "\n"


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _remove_others(photos: Path, keep: Iterable[str]) -> set[str]:
    """Deletes what no product of this order owns; returns the names that stay."""
    wanted, present = set(keep), {entry.name for entry in photos.iterdir()}
    for name in present - wanted:
        (photos / name).unlink()
    return present & wanted


def make(
    folder: Path, order: Order, jobs: int = 1, step: Callable[[], None] = lambda: None, draw: Draw = draw_photo
) -> DrawSummary:
    """Draws what is missing, then writes truth and feed.

    `step` is called after each photo. Raises BadOrder or NotOurs before touching anything, OSError where the folder
    cannot be written. A product that cannot be drawn is left out of truth and feed and named in the summary; the next
    run tries it again.
    """
    if jobs < 1:
        raise BadOrder(f"--jobs must be at least 1, not {jobs}")
    began, mark = time.monotonic(), fingerprint(order.seed)
    _claim(folder)
    photos, manifest = folder / PHOTOS, _build_manifest(order, mark)
    names = {index: f"{index:06d}-{mark}.jpg" for index in order.indices}
    finished = _read(folder / MANIFEST) == manifest and (folder / FEED).is_file() and (folder / TRUTH).is_file()
    if finished and {entry.name for entry in photos.iterdir()} >= set(names.values()):
        return _build_summary(folder, order, 0, {}, began)
    # From here on the set is incomplete until the feed is written again.
    (folder / FEED).unlink(missing_ok=True)
    (folder / MANIFEST).write_text(manifest, encoding="utf-8")
    present = _remove_others(photos, names.values())
    tasks = [(index, photos / name) for index, name in names.items() if name not in present]
    failed: dict[int, str] = {}
    for index, reason in _draw_all(tasks, order.seed, jobs, draw):
        step()
        if reason is not None:
            failed[index] = reason
    good = [index for index in order.indices if index not in failed]
    pairs = ((build_product(order.seed, index), f"{PHOTOS}/{names[index]}") for index in good)
    write_feed(folder / FEED, folder / TRUTH, pairs)
    return _build_summary(folder, order, len(tasks) - len(failed), failed, began)


def _build_summary(folder: Path, order: Order, drawn: int, failed: dict[int, str], began: float) -> DrawSummary:
    reasons = {f"p{index:06d}": reason for index, reason in failed.items()}
    reused, seconds = order.products - drawn - len(failed), round(time.monotonic() - began, 3)
    return DrawSummary(str(folder), order.products, order.seed, order.start, drawn, reused, reasons, seconds)
