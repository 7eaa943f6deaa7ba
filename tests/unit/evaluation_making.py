"""Labelled sets and models for the tests of the evaluation: nothing but labels and numbers, no photos."""

from __future__ import annotations

import numpy as np

from evaluation.data.dataset import Dataset, LabelledItem, assign_folds

CLASSES = ("coat", "dress", "hat")
COLORS = ("red", "blue", "green", "black")
PATTERNS = ("solid", "stripes")


def labelled(count: int = 240, seed: int = 3, folds: int = 4) -> Dataset:
    """Items in groups of two, each group of one class, its two pieces in colours and patterns of their own."""
    rng = np.random.default_rng(seed)
    items = []
    for number in range(count):
        name = CLASSES[(number // 2) % len(CLASSES)]
        labels = {"color_family": str(rng.choice(COLORS)), "pattern": str(rng.choice(PATTERNS))}
        group = f"g{number // 2:04d}"
        items.append(LabelledItem(f"p{number:04d}", ("clothes", name), group, group=group, labels=labels))
    return assign_folds(Dataset("labelled", tuple(items)), folds)


def knows(dataset: Dataset, *what: str, noise: float = 0.01, seed: int = 5) -> np.ndarray:
    """Unit vectors [n, d] float32 of a model that knows only `what` (class, color_family, pattern, group)."""
    rng = np.random.default_rng(seed)
    blocks = []
    for key in what:
        names = [_value(item, key) for item in dataset.items]
        known = {name: rng.normal(size=32) for name in sorted(set(names))}
        weight = 2 if key == "class" else 1  # what is of another class is never nearer
        blocks.append(weight * np.stack([known[name] for name in names]))
    raw = np.concatenate(blocks, axis=1)
    raw += rng.normal(size=raw.shape) * noise
    return (raw / np.linalg.norm(raw, axis=1, keepdims=True)).astype(np.float32)


def _value(item: LabelledItem, key: str) -> str:
    if key == "class":
        return item.class_name
    return str(item.group) if key == "group" else item.labels[key]
