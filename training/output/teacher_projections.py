"""Stores the projections that define the space of a training's teachers, for trainings that refine it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.making.pca import Projection

FILE = "projections.npz"


def write_projections(folder: Path, projections: Mapping[str, Projection]) -> None:
    """Writes the projections of all blocks into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"{name}.mean": one.mean for name, one in projections.items()}
    arrays |= {f"{name}.components": one.components for name, one in projections.items()}
    np.savez(folder / FILE, allow_pickle=False, **arrays)


def read_projections(folder: Path) -> dict[str, Projection]:
    """Returns the projections kept in `folder`, by block."""
    with np.load(folder / FILE, allow_pickle=False) as arrays:
        names = sorted({name.rpartition(".")[0] for name in arrays.files})
        return {
            name: Projection(arrays[f"{name}.mean"], arrays[f"{name}.components"], float("nan"), 0) for name in names
        }
