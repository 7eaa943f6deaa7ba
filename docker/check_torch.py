"""At build time: torch, where the base image has one, is the base's own and works with the NumPy put beside it."""

import sys
from importlib.util import find_spec
from pathlib import Path


def problem(packages: Path) -> str | None:
    """Why the ETL could not run on a GPU in this image; None where it can, or where the base has no torch."""
    found = find_spec("torch")
    if found is None or found.origin is None:
        return None
    if Path(found.origin).is_relative_to(packages):
        return f"torch was installed into {packages}: the lock must not hold it, the base image's own is to be used"
    import numpy as np
    import torch

    try:
        same = torch.from_numpy(np.ones(3, dtype=np.float32)).numpy()
    except RuntimeError as error:
        return f"torch {torch.__version__} does not work with NumPy {np.__version__} ({error}): give another BASE"
    return None if same.tolist() == [1, 1, 1] else "torch and NumPy disagree about an array"


if __name__ == "__main__":
    sys.exit(problem(Path(sys.argv[1])))
