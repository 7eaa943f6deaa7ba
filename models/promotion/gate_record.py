"""Reads and writes a gate's result: which version was judged, against what, and how it ended, in one JSON file."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, Field, JsonValue, ValidationError

from catalog.atomic_write import write_atomically
from models.bundles.fingerprint import sha256_bytes, to_canonical_json
from models.bundles.manifest import FrozenModel, Text
from models.bundles.manifest_file import describe_problem
from models.errors import InvalidGate

HASH = "sha256"


class JudgedModel(FrozenModel):
    """Names one of the two models: its space, and the hash of its network where the bundle was at hand."""

    space: Text
    model_sha256: str | None = None


class GateData(FrozenModel):
    """Describes the queries: `fingerprint` changes with any photo, label or fold."""

    fingerprint: Text
    queries: Annotated[int, Field(ge=1)]
    source: Text


class Acceptance(FrozenModel):
    """Records that somebody vouches for a class that has too few queries to be judged."""

    name: Text
    by: Text
    why: Text


class GateRecord(FrozenModel):
    """Holds the content of a gate file."""

    schema_version: Literal[1] = 1
    candidate: JudgedModel
    baseline: JudgedModel
    data: GateData
    passed: bool
    reasons: tuple[str, ...]
    accepted: tuple[Acceptance, ...] = ()
    figures: dict[str, JsonValue]
    verdict: dict[str, JsonValue]
    when: AwareDatetime
    command: Text


def write_gate_record(record: GateRecord, path: Path) -> str:
    """Writes the record whole or not at all; returns the hash it carries."""
    content = record.model_dump(mode="json")
    stamp = sha256_bytes(to_canonical_json(content))
    write_atomically(path, json.dumps({**content, HASH: stamp}, indent=1, allow_nan=False) + "\n")
    return stamp


def read_gate_record(path: Path) -> tuple[GateRecord, str]:
    """Returns record and hash of `path`; raises InvalidGate for one changed since, or never written by a gate.

    The hash finds slips; it is no signature, and stops nobody who wants to forge one.
    """
    again = "run `python -m evaluation gate` again"
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidGate(f"{path} cannot be read as the result of a gate: {error}; {again}") from error
    if not isinstance(content, dict) or HASH not in content:
        raise InvalidGate(f"{path} is not the result of a gate: {again}")
    stored = content.pop(HASH)
    if stored != sha256_bytes(to_canonical_json(content)):
        raise InvalidGate(f"{path} is not what the gate wrote, it was changed since: {again}")
    try:
        return GateRecord.model_validate(content), str(stored)
    except ValidationError as error:
        raise InvalidGate(
            f"{path} is no result of this version's gate: {describe_problem(error)}; {again}"
        ) from error
