"""What a training leaves for a later one besides weights: the projections that define its teachers' space."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from models.making.pca import Projection

FILE = "projections.npz"


def write(folder: Path, projections: Mapping[str, Projection]) -> None:
    """Keep the projections of all blocks in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {f"{name}.mean": one.mean for name, one in projections.items()}
    arrays |= {f"{name}.components": one.components for name, one in projections.items()}
    np.savez(folder / FILE, allow_pickle=False, **arrays)


def read(folder: Path) -> dict[str, Projection]:
    """The projections kept in `folder`, by block."""
    with np.load(folder / FILE, allow_pickle=False) as arrays:
        names = sorted({name.rpartition(".")[0] for name in arrays.files})
        return {
            name: Projection(arrays[f"{name}.mean"], arrays[f"{name}.components"], float("nan"), 0) for name in names
        }
