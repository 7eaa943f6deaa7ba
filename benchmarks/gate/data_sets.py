"""Data sets that the shipped default is judged on: a drawn shop, unseen in training, and the shared photos if any.

The shared photos are no unseen ones: the last stage of the default's training sees all of them.
"""

import csv
import json
import logging
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.command_line import ROOT
from samples.catalogue import draw_photo, fingerprint
from samples.feed import write_feed
from samples.products import SampleProduct, build_product

SEED = 20_190_913  # of the drawn shop; training draws from other seeds, and refuses these photos as GATE_DATA
PER_CLASS = 44  # queries; the gate wants 40 of a class
MOST = 20_000  # products looked at; the rarest class is about 1 % of them
SHARED = ROOT.parent / "shared" / "data" / "clothing"
SHARED_PER_CLASS = 60
log = logging.getLogger("benchmarks")


def draw_shop(folder: Path, jobs: int) -> Path:
    """Draws a feed with photos of at least PER_CLASS products of every class, whole styles of them; once."""
    chosen = _choose_balanced()
    mark = json.dumps({"drawing": fingerprint(SEED), "products": [one.index for one in chosen]})
    stamp = folder / "gate-data.json"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == mark:
        return folder
    (folder / "photos").mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    log.info("drawing %d products into %s", len(chosen), folder)
    tasks = [(one.index, folder / "photos" / f"{one.id}.jpg") for one in chosen]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        list(pool.map(partial(_draw, SEED), tasks, chunksize=16))
    write_feed(folder / "feed.jsonl", folder / "truth.csv", ((one, f"photos/{one.id}.jpg") for one in chosen))
    stamp.write_text(mark, encoding="utf-8")
    return folder


def _draw(seed: int, task: tuple[int, Path]) -> None:
    draw_photo(seed, *task)


def _choose_balanced() -> list[SampleProduct]:
    """Chooses styles in the order of the shop, each whole, as long as their class still needs some."""
    styles: dict[str, list[SampleProduct]] = {}
    for number in range(MOST):
        one = build_product(SEED, number)
        styles.setdefault(one.style.group_id, []).append(one)
        if number % 1000 == 999 and (chosen := _choose_enough(styles)):
            return chosen
    raise RuntimeError(f"{MOST} drawn products do not hold {PER_CLASS} of every class")


def _choose_enough(styles: dict[str, list[SampleProduct]]) -> list[SampleProduct]:
    counts: Counter[str] = Counter()
    chosen = []
    for style in styles.values():
        name = style[0].style.kind.aisle[-1]
        if counts[name] < PER_CLASS:
            counts[name] += len(style)
            chosen += style
    return chosen if min(counts.values()) >= PER_CLASS else []


def link_shared_photos(folder: Path) -> Path | None:
    """Links to SHARED_PER_CLASS shared photos of each class with their senders; None where they are absent."""
    if not (SHARED / "photos.csv").is_file():
        return None
    with (SHARED / "photos.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    order, counts = np.random.default_rng(SEED).permutation(len(rows)), Counter[str]()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "photos.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["path", "class", "sender_id"])
        for row in (rows[number] for number in order):
            if counts[row["class"]] < SHARED_PER_CLASS:
                counts[row["class"]] += 1
                table.writerow([_link_photo(folder, row), row["class"], row["sender_id"]])
    return folder


def _link_photo(folder: Path, row: dict[str, str]) -> str:
    """Links to a photo, which stays where it is; returns the link's path in the folder."""
    link = folder / row["class"] / Path(row["path"]).name
    link.parent.mkdir(exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(SHARED / row["path"])
    return f"{row['class']}/{link.name}"
