"""Photos with labels, from a feed, a table or a folder per category."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.fingerprint import canonical_json, sha256_bytes, sha256_file
from models.photo_folder import photo_paths
from training.errors import GateDataRefused, NoTrainingData
from training.recipe import Source

FOLDER_TASK = "category"  # what a folder's name is a label of


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo: where it is, the hash of its file, its labels by task, and the group it must stay together with."""

    path: Path
    sha256: str
    source: str
    group: str
    labels: Mapping[str, str]


def gather(sources: tuple[Source, ...], refused: frozenset[str] = frozenset()) -> list[Photo]:
    """All photos of all sources, in the order of their rows.

    A photo listed twice (by content) counts once. Raises NoTrainingData where a source gives none, GateDataRefused
    where one's hash is among `refused`.
    """
    found: dict[str, Photo] = {}
    for source in sources:
        before = len(found)
        for photo in _photos(source):
            found.setdefault(photo.sha256, photo)
        if len(found) == before:
            raise NoTrainingData(f"{source.folder} (source '{source.name}') gives no photos")
    _refuse([photo for digest, photo in found.items() if digest in refused])
    return list(found.values())


def fingerprint(photos: list[Photo]) -> str:
    """SHA-256 (hex) over hash and labels of every photo, whatever their order and folder."""
    return sha256_bytes(canonical_json(sorted([photo.sha256, dict(photo.labels)] for photo in photos)))


def hashes(folder: Path | None) -> frozenset[str]:
    """The hashes of all photos below `folder`; none without one. Raises NoTrainingData where it is absent."""
    if folder is None:
        return frozenset()
    if not folder.is_dir():
        raise NoTrainingData(f"GATE_DATA names {folder}, which is no folder: nothing can be checked against it")
    return frozenset(sha256_file(path) for path in photo_paths(folder))


def _refuse(photos: list[Photo]) -> None:
    if photos:
        raise GateDataRefused(
            f"{len(photos)} photos belong to the gate (GATE_DATA), {photos[0].path} for one: a model must be judged "
            "on photos it never saw. Take them out of the sources",
            photos=[str(photo.path) for photo in photos[:100]],
        )


def _photos(source: Source) -> Iterator[Photo]:
    if not source.folder.is_dir():
        raise NoTrainingData(f"there is no folder {source.folder} (source '{source.name}')")
    if source.rows is None:
        yield from (_of_folder(source, path) for path in photo_paths(source.folder))
        return
    for row in _rows(source.folder / source.rows):
        path = source.folder / str(row.get(source.photo) or "").removeprefix("file:")
        if path.is_file():
            yield _of_row(source, path, row)


def _of_folder(source: Source, path: Path) -> Photo:
    digest = sha256_file(path)
    labels = {FOLDER_TASK: _renamed(source, FOLDER_TASK, path.parent.name)}
    return Photo(path, digest, source.name, f"{source.name}:{digest}", labels)


def _of_row(source: Source, path: Path, row: Mapping[str, Any]) -> Photo:
    digest = sha256_file(path)
    named = {task: _field(row, name) for task, name in source.labels.items()}
    labels = {task: _renamed(source, task, label) for task, label in named.items() if label}
    group = _field(row, source.group) if source.group else digest
    return Photo(path, digest, source.name, f"{source.name}:{group}", labels)


def _renamed(source: Source, task: str, label: str) -> str:
    return source.rename.get(task, {}).get(label, label)


def _field(row: Mapping[str, Any], name: str) -> str:
    """The value under `a.b`; of a path of categories (`A > B`) or a list the last, which is the narrowest."""
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, list):
        value = value[-1] if value else None
    return str(value).rsplit(" > ", 1)[-1].strip() if value is not None else ""


def _rows(table: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            if table.suffix == ".csv":
                yield from csv.DictReader(lines)
            else:
                yield from (json.loads(line) for line in lines if line.strip())
    except (OSError, ValueError, csv.Error) as error:
        raise NoTrainingData(f"{table} cannot be read: {error}") from error
