"""The embedding job as a process of its own, and the catalogue it works on."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change
from catalog.elastic import Catalogue
from catalog.settings import CatalogSettings
from models.runtime.device import open_embedder
from models.settings import ModelSettings
from tests.etl_kit import product
from tests.image_server import ImageServer, photo

ROOT = Path(__file__).resolve().parents[2]


class Etl:
    """`python -m etl`, or another `door`, with an environment of its own."""

    def __init__(self, environ: Mapping[str, str], door: str = "etl") -> None:
        self.door = door
        self.environ = {**os.environ, "PYTHONWARNINGS": "error", **environ}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", self.door, *arguments]
        return subprocess.Popen(
            command, env=self.environ, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def __call__(self, *arguments: str, expect: int = 0) -> Any:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode == expect, f"status {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in err
        self.errors = err
        return json.loads(out) if "--json" in arguments and out else out


def environ_for(settings: CatalogSettings, bundles: Path, server: ImageServer, store: Path) -> dict[str, str]:
    return {
        "ELASTICSEARCH_URL": ",".join(settings.elasticsearch_url),
        "INDEX_PREFIX": settings.index_prefix,
        "BUNDLES": str(bundles),
        "VECTOR_STORE": str(store),
        "IMAGE_ALLOWED_HOSTS": server.host,
        "IMAGE_TIMEOUT": "3",
        "MODEL_THREADS": "1",
    }


def fill(catalogue: Catalogue, server: ImageServer, count: int) -> None:
    """`count` products, each with a photo of its own colours."""
    changes = []
    for number in range(count):
        path = f"/shop/{number}.jpg"
        color = (number * 37 % 240 + 10, number * 91 % 250, number * 53 % 250)
        server.photos.setdefault(path, photo(color, size=(48, 48 + number % 17)))
        changes.append(Change(f"p{number}", document(parse(product(number, server.url(path))))))
    assert {result.status for result in catalogue.products.write(changes)} == {"created"}
    catalogue.products.refresh()


def vectors_of(catalogue: Catalogue, space: Space, count: int) -> dict[str, NDArray[np.float32] | None]:
    found = catalogue.products.read_vectors([f"p{number}" for number in range(count)], [space])
    assert len(found) == count
    return {product_id: vectors.get(space.name) for product_id, (_, vectors) in found.items()}


def color_space(bundles: Path) -> Space:
    return open_embedder("color", "cpu", settings=ModelSettings(bundles=bundles)).space


def read_until(process: "subprocess.Popen[str]", words: str) -> None:
    """Read the log of `process` up to a line with `words`; fails when it ends without one."""
    assert process.stderr is not None
    lines = []
    for line in process.stderr:
        lines.append(line)
        if words in line:
            return
    raise AssertionError(f"it ended without '{words}':\n{''.join(lines)}")
