"""Photos with labels, from a feed, a table or a folder per category."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from catalog.plain_text import printable
from models.bundles.fingerprint import canonical_json, sha256_bytes, sha256_file
from models.making.photo_folder import photo_paths
from training.data.labels import field, label, settled
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
        before, seen = len(found), 0
        for photo in _photos(source):
            seen += 1
            found.setdefault(photo.sha256, photo)
        if len(found) == before:
            what = "gives no photos but those of the sources before it: leave it out" if seen else "gives no photos"
            raise NoTrainingData(f"{source.folder} (source '{source.name}') {what}")
    _refuse([photo for digest, photo in found.items() if digest in refused])
    fields = {source.name: source.labels for source in sources}
    photos = list(found.values())
    labels = settled([photo.labels for photo in photos], [fields[photo.source] for photo in photos])
    return [replace(photo, labels=own) for photo, own in zip(photos, labels, strict=True)]


def fingerprint(photos: list[Photo]) -> str:
    """SHA-256 (hex) over hash and labels of every photo, whatever their order and folder."""
    return sha256_bytes(canonical_json(sorted([photo.sha256, dict(photo.labels)] for photo in photos)))


def readable(path: Path | str) -> str:
    """A path as text that can be written as UTF-8: bytes of a name that are none show as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _refuse(photos: list[Photo]) -> None:
    if photos:
        raise GateDataRefused(
            f"{len(photos)} photos belong to the gate (GATE_DATA), {readable(photos[0].path)} for one: a model must "
            "be judged on photos it never saw. Take them out of the sources",
            photos=[readable(photo.path) for photo in photos[:100]],
        )


def _photos(source: Source) -> Iterator[Photo]:
    if not source.folder.is_dir():
        raise NoTrainingData(f"there is no folder {source.folder} (source '{source.name}')")
    if source.rows is None:
        yield from (_of_folder(source, path) for path in photo_paths(source.folder))
        return
    for row in _rows(source.folder / source.rows):
        path = source.folder / str(row.get(source.photo) or "").removeprefix("file:")
        if _is_file(path):
            yield _of_row(source, path, row)


def _is_file(path: Path) -> bool:
    """Not so for a data: URL either, which is no name that a file could have."""
    try:
        return path.is_file()
    except OSError:
        return False


def _of_folder(source: Source, path: Path) -> Photo:
    digest, name = sha256_file(path), readable(path.parent.name)
    if printable(name) != name:
        raise NoTrainingData(
            f"{printable(readable(source.folder))} (source '{source.name}'): folder '{printable(name)}' has control "
            "characters in its name, which would be that of a class: rename it"
        )
    labels = {FOLDER_TASK: _renamed(source, FOLDER_TASK, name)}
    return Photo(path, digest, source.name, f"{source.name}:{digest}", labels)


def _of_row(source: Source, path: Path, row: Mapping[str, Any]) -> Photo:
    digest = sha256_file(path)
    named = {task: label(row, name) for task, name in source.labels.items()}
    labels = {task: _renamed(source, task, word) for task, word in named.items() if word}
    group = field(row, source.group) if source.group else digest
    return Photo(path, digest, source.name, f"{source.name}:{group}", labels)


def _renamed(source: Source, task: str, word: str) -> str:
    return source.rename.get(task, {}).get(word, word)


def _rows(table: Path) -> Iterator[Mapping[str, Any]]:
    try:
        with table.open(encoding="utf-8-sig", newline="") as lines:
            if table.suffix == ".csv":
                yield from csv.DictReader(lines)
            else:
                yield from (_object(number, line) for number, line in enumerate(lines, 1) if line.strip())
    except (OSError, ValueError, csv.Error) as error:
        raise NoTrainingData(f"{table} cannot be read: {error}") from error


def _object(number: int, line: str) -> Mapping[str, Any]:
    row = json.loads(line)
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is no JSON object")
    return row
