"""Splits photos into folds by a hash of their group (one sender, one style), whatever their order."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from training.data.photos import TrainingPhoto


def assign_fold(group: str, folds: int, seed: int) -> int:
    """Returns the fold 0..folds-1 of a group."""
    digest = hashlib.sha256(f"{seed} {group}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % folds


def split_by_fold(
    photos: list[TrainingPhoto], folds: int, seed: int, held: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Returns the numbers of the photos outside and inside fold `held`."""
    inside = np.array([assign_fold(photo.group, folds, seed) == held for photo in photos])
    return np.flatnonzero(~inside), np.flatnonzero(inside)
