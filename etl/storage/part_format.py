"""Writes and reads the bytes of a part; no damaged, swapped or foreign vector passes the reading.

Format 2 has page checksums, the space's name in the file's metadata, and in each row a digest over everything that is
read back. Format 1, written before, has neither: its columns, its version and the length of its vectors are checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from io import BytesIO
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog import similarity
from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome
from catalog.errors import InvalidVector
from catalog.similarity import Vectors
from etl.errors import BrokenPart

FORMAT, SPACE = b"visual_search.format", b"visual_search.space"  # keys of the file's metadata
DIGEST_BYTES = 16  # by accident two digests agree once in 2^64 tries
NORM_TOLERANCE = 1e-3  # models give unit vectors in float32 or float16; a flipped exponent or sign bit is far outside


@dataclass(frozen=True, slots=True)
class StoredVector:
    """One row of a part; `vector` is float32 [dims] of unit length."""

    product_id: str
    image_url: str
    image_sha256: str | None
    vector: Vectors


def build_schema(dims: int) -> pa.Schema:
    """Returns the columns of a part; `vector` is a fixed-size list of `dims` float32."""
    return pa.schema([*_build_schema_1(dims), pa.field("digest", pa.binary(DIGEST_BYTES), nullable=False)])


def _build_schema_1(dims: int) -> pa.Schema:
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


def encode(space: Space, run_id: str, outcomes: Sequence[Outcome], created: datetime) -> bytes:
    """Returns the Parquet file with the vectors of `outcomes`; one without a direction is left out."""
    rows = [row for outcome in outcomes if (row := _to_row(space, outcome)) is not None]
    values = np.stack([row.vector for row in rows]) if rows else np.empty((0, space.dims), np.float32)
    columns = [
        pa.array([row.product_id for row in rows], pa.string()),
        pa.array([row.image_url for row in rows], pa.string()),
        pa.array([row.image_sha256 for row in rows], pa.string()),
        pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), space.dims),
        pa.array([space.version] * len(rows), pa.string()),
        pa.array([run_id] * len(rows), pa.string()),
        pa.array([created] * len(rows), pa.timestamp("us", tz="UTC")),
        pa.array([_compute_digest(space, row) for row in rows], pa.binary(DIGEST_BYTES)),
    ]
    marked = build_schema(space.dims).with_metadata({FORMAT: b"2", SPACE: space.name.encode()})
    file = BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=marked), file, compression="zstd", write_page_checksum=True)
    return file.getvalue()


def _to_row(space: Space, outcome: Outcome) -> StoredVector | None:
    """Returns the row of an outcome, its vector at unit length as the index has it; None without a direction."""
    if outcome.vector is None:
        return None
    vector = np.asarray(outcome.vector, dtype=np.float32)
    if not _is_unit(vector):
        try:
            vector = similarity.check_vector(vector, space.dims)
        except InvalidVector:
            return None
    return StoredVector(outcome.product_id, outcome.image_url, outcome.image_sha256, vector)


def decode(data: bytes, space: Space) -> list[StoredVector]:
    """Returns the rows of a part of `space`; raises BrokenPart unless every one of them is what was written."""
    try:
        table = pq.read_table(BytesIO(data), page_checksum_verification=True)
        digests = _check_columns(table, space)
        rows = _read_rows(table, space)
    except BrokenPart:
        raise
    except Exception as error:  # which ones damaged files raise is not documented
        raise BrokenPart(f"it is damaged: {error}") from error
    if not all(_is_unit(row.vector) for row in rows):
        raise BrokenPart("it holds vectors that are not of unit length")
    if digests is not None and digests != [_compute_digest(space, row) for row in rows]:
        raise BrokenPart("its rows are not as they were written: their digests differ")
    return rows


def decode_photo_hashes(file: BinaryIO) -> list[str | None]:
    """Returns the sha256 of each row's photo, unchecked: `decode` tells whether they are what was written.

    None of format 1, in which nothing binds a vector to its photo. Raises BrokenPart.
    """
    try:
        part = pq.ParquetFile(file, page_checksum_verification=True)
        if "digest" not in part.schema_arrow.names:
            return []
        hashes: list[str | None] = part.read(columns=["image_sha256"])["image_sha256"].to_pylist()
        return hashes
    except Exception as error:  # which ones damaged files raise is not documented
        raise BrokenPart(f"it is damaged: {error}") from error


def _check_columns(table: pa.Table, space: Space) -> list[bytes] | None:
    """Returns the digests, None in format 1; raises BrokenPart for columns of neither format or of another space."""
    column = table.schema.field("vector").type
    if column.list_size != space.dims:
        raise BrokenPart(f"it holds vectors of {column.list_size} values, not {space.dims}")
    metadata: dict[bytes, bytes] = table.schema.metadata or {}
    if table.schema.equals(build_schema(space.dims)):
        if (metadata.get(FORMAT), metadata.get(SPACE)) != (b"2", space.name.encode()):
            raise BrokenPart(f"it is of another space or format: {_describe_metadata(metadata)}")
        return [bytes(value) for value in table["digest"].to_pylist()]
    if not table.schema.equals(_build_schema_1(space.dims)) or {FORMAT, SPACE} & metadata.keys():
        raise BrokenPart(f"its columns are {', '.join(table.schema.names)}, which is not a part's")
    versions = set(table["model_version"].to_pylist())
    if versions - {space.version}:
        raise BrokenPart(f"it is of version {', '.join(sorted(versions))}, not {space.version}")
    return None


def _describe_metadata(metadata: dict[bytes, bytes]) -> str:
    found, space = (metadata.get(key, b"none").decode(errors="replace") for key in (FORMAT, SPACE))
    return f"{space}, format {found}"


def _read_rows(table: pa.Table, space: Space) -> list[StoredVector]:
    table.validate(full=True)
    flat = table["vector"].combine_chunks().flatten()
    if table["vector"].null_count or flat.null_count:
        raise BrokenPart("it holds vectors with gaps")
    vectors = np.asarray(flat, dtype=np.float32).reshape(-1, space.dims)
    texts = (table[name].to_pylist() for name in ("product_id", "image_url", "image_sha256"))
    return [StoredVector(*row) for row in zip(*texts, vectors, strict=True)]


def _is_unit(vector: Vectors) -> bool:
    """Returns whether the length is 1, which a vector with NaN or infinite values never has."""
    with np.errstate(invalid="ignore", over="ignore"):  # a flipped bit makes signalling NaN, too
        return bool(abs(np.linalg.norm(vector.astype(np.float64)) - 1.0) <= NORM_TOLERANCE)


def _compute_digest(space: Space, row: StoredVector) -> bytes:
    """Returns a digest that binds a vector to photo, product and space; each field goes in with its length."""
    digest = blake2b(digest_size=DIGEST_BYTES)
    values = np.ascontiguousarray(row.vector, dtype="<f4").tobytes()
    texts = (space.name, row.product_id, row.image_url, row.image_sha256 or "")
    for field in (*(text.encode() for text in texts), values):
        digest.update(len(field).to_bytes(8, "little") + field)
    return digest.digest()
