"""Keeps every vector in Parquet: parts are written aside and renamed, the marker of a finished run comes last."""

import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog.errors import InvalidInput
from catalog.records import Outcome
from catalog.similarity import Vectors
from catalog.space import Space
from etl.errors import StoreFailed


@dataclass(frozen=True, slots=True)
class StoredVector:
    """One row of a part."""

    product_id: str
    image_url: str
    image_sha256: str | None
    vector: Vectors


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One Parquet file; the natural order is the order in which parts were written."""

    run_id: str
    number: int
    path: str


def schema(dims: int) -> pa.Schema:
    """Columns of a part; `vector` is a fixed-size list of `dims` float32."""
    return pa.schema(
        [
            pa.field("product_id", pa.string(), nullable=False),
            pa.field("image_url", pa.string(), nullable=False),
            pa.field("image_sha256", pa.string()),
            pa.field("vector", pa.list_(pa.float32(), dims), nullable=False),
            pa.field("model_version", pa.string(), nullable=False),
            pa.field("run_id", pa.string(), nullable=False),
            pa.field("created", pa.timestamp("us", tz="UTC"), nullable=False),
        ]
    )


class VectorStore:
    """`space=<name>/part-<run>-<n>.parquet` below a folder or any URI that fsspec knows.

    Raises InvalidInput for a URI it cannot use, StoreFailed when reading or writing fails.
    """

    def __init__(self, location: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(location)
        except (ImportError, ValueError) as error:
            raise InvalidInput(f"VECTOR_STORE is '{location}', which cannot be used: {error}") from error

    def _folder(self, space_name: str) -> str:
        return posixpath.join(self._root, f"space={space_name}")

    def write(self, space: Space, run_id: str, number: int, outcomes: Sequence[Outcome], created: datetime) -> Part:
        """Store the vectors of `outcomes` as one part, which is there whole or not at all."""
        folder = self._folder(space.name)
        name = f"part-{run_id}-{number:06d}.parquet"
        path = posixpath.join(folder, name)
        self._put(path, _table(space, run_id, outcomes, created))
        return Part(run_id, number, path)

    def _put(self, path: str, content: "pa.Table | bytes") -> None:
        folder, name = posixpath.split(path)
        aside = posixpath.join(folder, f".{name}.tmp")
        try:
            self._fs.makedirs(folder, exist_ok=True)
            with self._fs.open(aside, "wb") as file:
                if isinstance(content, bytes):
                    file.write(content)
                else:
                    pq.write_table(content, file, compression="zstd")
            self._fs.mv(aside, path)
        except OSError as error:
            raise StoreFailed(f"VECTOR_STORE cannot be written: {error}") from error

    def parts(self, space_name: str) -> list[Part]:
        """All parts of a space, oldest first."""
        found = []
        for path in self._fs.glob(posixpath.join(self._folder(space_name), "part-*.parquet")):
            run_id, _, number = (
                posixpath.basename(path).removeprefix("part-").removesuffix(".parquet").rpartition("-")
            )
            if run_id and number.isdigit():
                found.append(Part(run_id, int(number), path))
        return sorted(found)

    def read(self, part: Part, space: Space) -> list[StoredVector]:
        """The rows of a part; raises StoreFailed when it is no part of `space`."""
        try:
            with self._fs.open(part.path, "rb") as file:
                table = pq.read_table(file, columns=["product_id", "image_url", "image_sha256", "vector"])
        except (OSError, pa.ArrowInvalid) as error:
            raise StoreFailed(f"{part.path} cannot be read: {error}") from error
        column = table["vector"].combine_chunks()
        if column.type.list_size != space.dims:
            raise StoreFailed(f"{part.path} holds vectors of {column.type.list_size} values, not {space.dims}")
        rows = np.asarray(column.flatten(), dtype=np.float32).reshape(-1, space.dims)
        products, urls, hashes = (table[name].to_pylist() for name in ("product_id", "image_url", "image_sha256"))
        return [StoredVector(*row) for row in zip(products, urls, hashes, rows, strict=True)]

    def finish(self, space_name: str, run_id: str, summary: dict[str, Any]) -> None:
        """Mark that everything `run_id` stored in a space is in the index too."""
        path = posixpath.join(self._folder(space_name), f"done-{run_id}.json")
        self._put(path, json.dumps(summary, indent=1).encode())

    def unfinished(self, space_name: str) -> list[Part]:
        """Parts of runs that ended before their marker: perhaps stored, perhaps not indexed."""
        markers = self._fs.glob(posixpath.join(self._folder(space_name), "done-*.json"))
        done = {posixpath.basename(path).removeprefix("done-").removesuffix(".json") for path in markers}
        return [part for part in self.parts(space_name) if part.run_id not in done]


def _table(space: Space, run_id: str, outcomes: Sequence[Outcome], created: datetime) -> pa.Table:
    rows = np.stack([outcome.vector for outcome in outcomes if outcome.vector is not None]).astype(np.float32)
    count = len(outcomes)
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), space.dims)
    columns = [
        pa.array([outcome.product_id for outcome in outcomes], pa.string()),
        pa.array([outcome.image_url for outcome in outcomes], pa.string()),
        pa.array([outcome.image_sha256 for outcome in outcomes], pa.string()),
        vectors,
        pa.array([space.version] * count, pa.string()),
        pa.array([run_id] * count, pa.string()),
        pa.array([created] * count, pa.timestamp("us", tz="UTC")),
    ]
    return pa.Table.from_arrays(columns, schema=schema(space.dims))
