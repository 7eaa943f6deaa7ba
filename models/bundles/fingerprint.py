"""Hashes of files and the version they give a bundle."""

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

VERSION_DIGITS = 12


def sha256_bytes(content: bytes) -> str:
    """Returns the lower-case hex SHA-256 of `content`."""
    return hashlib.sha256(content).hexdigest()


def sha256_file(path: Path) -> str:
    """Returns the lower-case hex SHA-256 of a file, read in pieces; raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_cached(path: Path) -> str:
    """Returns `sha256_file`, remembered by this process as long as the file's time and size stay."""
    found = path.stat()
    return _hash_version(path, found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1000)
def _hash_version(path: Path, _mtime_ns: int, _size: int) -> str:
    return sha256_file(path)


def to_canonical_json(value: Any) -> bytes:
    """Returns one spelling for a JSON value: sorted keys, no blanks, UTF-8, no NaN (raises ValueError)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def compute_version(onnx_sha256: str, preprocessing: Mapping[str, Any]) -> str:
    """Returns a bundle's version: first 12 hex digits of the SHA-256 of `{"model.onnx", "preprocessing"}`."""
    content = to_canonical_json({"model.onnx": onnx_sha256, "preprocessing": dict(preprocessing)})
    return sha256_bytes(content)[:VERSION_DIGITS]
