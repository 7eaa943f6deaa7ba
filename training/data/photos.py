"""Reads photos with labels from a feed, a table or a folder per category."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.plain_text import escape_controls
from models.bundles.fingerprint import sha256_bytes, sha256_file, to_canonical_json
from models.making.photo_folder import list_photos
from training.data.labels import read_field, read_label, shorten_paths
from training.errors import GateDataRefused, NoTrainingData
from training.recipe_parts import PhotoSource

FOLDER_TASK = "category"  # what a folder's name is a label of


@dataclass(frozen=True, slots=True)
class TrainingPhoto:
    """Describes a photo: file and its hash, labels by task, and the group it must stay together with."""

    path: Path
    sha256: str
    source: str
    group: str
    labels: Mapping[str, str]


def read_photos(sources: tuple[PhotoSource, ...], refused: frozenset[str] = frozenset()) -> list[TrainingPhoto]:
    """Returns all photos of all sources, in the order of their rows.

    A photo listed twice (by content) counts once. Raises NoTrainingData where a source gives none, GateDataRefused
    where one's hash is among `refused`.
    """
    found: dict[str, TrainingPhoto] = {}
    for source in sources:
        before, seen = len(found), 0
        for photo in _read_source(source):
            seen += 1
            found.setdefault(photo.sha256, photo)
        if len(found) == before:
            what = "gives no photos but those of the sources before it: leave it out" if seen else "gives no photos"
            raise NoTrainingData(f"{source.folder} (source '{source.name}') {what}")
    _refuse_gate_photos([photo for digest, photo in found.items() if digest in refused])
    fields = {source.name: source.labels for source in sources}
    photos = list(found.values())
    labels = shorten_paths([photo.labels for photo in photos], [fields[photo.source] for photo in photos])
    return [replace(photo, labels=own) for photo, own in zip(photos, labels, strict=True)]


def fingerprint_photos(photos: list[TrainingPhoto]) -> str:
    """Returns SHA-256 (hex) over hash and labels of every photo, whatever their order and folder."""
    return sha256_bytes(to_canonical_json(sorted([photo.sha256, dict(photo.labels)] for photo in photos)))


def escape_path(path: Path | str) -> str:
    """Returns a path as text that can be written as UTF-8; other bytes of a name show as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _refuse_gate_photos(photos: list[TrainingPhoto]) -> None:
    if photos:
        raise GateDataRefused(
            f"{len(photos)} photos belong to the gate (GATE_DATA), {escape_path(photos[0].path)} for one: a model "
            "must be judged on photos it never saw. Take them out of the sources",
            photos=[escape_path(photo.path) for photo in photos[:100]],
        )


def _read_source(source: PhotoSource) -> Iterator[TrainingPhoto]:
    if not source.folder.is_dir():
        raise NoTrainingData(f"there is no folder {source.folder} (source '{source.name}')")
    if source.rows is None:
        yield from (_label_by_folder(source, path) for path in list_photos(source.folder))
        return
    for row in _read_rows(source.folder / source.rows):
        path = source.folder / str(row.get(source.photo) or "").removeprefix("file:")
        if _is_file(path):
            yield _label_by_row(source, path, row)


def _is_file(path: Path) -> bool:
    """Returns False for a data: URL, too, which is no name that a file could have."""
    try:
        return path.is_file()
    except OSError:
        return False


def _label_by_folder(source: PhotoSource, path: Path) -> TrainingPhoto:
    digest, name = sha256_file(path), escape_path(path.parent.name)
    if (shown := escape_controls(name)) != name:
        raise NoTrainingData(
            f"{escape_controls(escape_path(source.folder))} (source '{source.name}'): folder '{shown}' has "
            "control characters in its name, which would be that of a class: rename it"
        )
    labels = {FOLDER_TASK: _rename_label(source, FOLDER_TASK, name)}
    return TrainingPhoto(path, digest, source.name, f"{source.name}:{digest}", labels)


def _label_by_row(source: PhotoSource, path: Path, row: Mapping[str, Any]) -> TrainingPhoto:
    digest = sha256_file(path)
    named = {task: read_label(row, name) for task, name in source.labels.items()}
    labels = {task: _rename_label(source, task, word) for task, word in named.items() if word}
    group = read_field(row, source.group) if source.group else digest
    return TrainingPhoto(path, digest, source.name, f"{source.name}:{group}", labels)


def _rename_label(source: PhotoSource, task: str, word: str) -> str:
    return source.rename.get(task, {}).get(word, word)


def _read_rows(table: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            if table.suffix == ".csv":
                yield from csv.DictReader(lines)
            else:
                yield from (_parse_object(number, line) for number, line in enumerate(lines, 1) if line.strip())
    except (OSError, ValueError, csv.Error) as error:
        raise NoTrainingData(f"{table} cannot be read: {error}") from error


def _parse_object(number: int, line: str) -> Mapping[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is no JSON object")
    return row
