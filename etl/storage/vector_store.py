"""Keeps every vector in Parquet: parts are written aside and renamed, the marker of a finished run comes last."""

import json
import logging
import os
import posixpath
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from catalog.atomic_write import sync_folders
from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome
from catalog.errors import InvalidInput
from etl.errors import BrokenPart, StoreFailed
from etl.storage import part_format
from etl.storage.part_format import StoredVector

log = logging.getLogger(__name__)
ASIDE, BAD, MARKER = ".tmp", ".bad", "done-"
ALL = range(sys.maxsize)  # part numbers
STRAY_AFTER = timedelta(hours=1)  # writing one file takes seconds; a younger one may be a running job's


@dataclass(frozen=True, slots=True, order=True)
class PartFile:
    """Names one Parquet file; the natural order is the order in which parts were written."""

    run_id: str
    number: int
    path: str


class VectorStore:
    """Stores vectors as `space=<name>/part-<run>-<n>.parquet` below a folder or any URI that fsspec knows.

    Raises InvalidInput for a URI it cannot use, StoreFailed when reading or writing fails.
    """

    def __init__(self, location: str) -> None:
        try:
            self._fs, self._root = fsspec.core.url_to_fs(location)
        except (ImportError, ValueError) as error:
            raise InvalidInput(f"VECTOR_STORE is '{location}', which cannot be used: {error}") from error
        self._is_local = isinstance(self._fs, LocalFileSystem)

    def _folder(self, space_name: str) -> str:
        return posixpath.join(self._root, f"space={space_name}")

    def write(
        self, space: Space, run_id: str, number: int, outcomes: Sequence[Outcome], created: datetime
    ) -> PartFile:
        """Stores the vectors of `outcomes` as one part, which is there whole or not at all."""
        folder = self._folder(space.name)
        name = f"part-{run_id}-{number:06d}.parquet"
        path = posixpath.join(folder, name)
        self._write_whole(path, part_format.encode(space, run_id, outcomes, created))
        return PartFile(run_id, number, path)

    def _write_whole(self, path: str, content: bytes) -> None:
        """Writes a file so that a crash leaves all or nothing: its content is on the disk before it has its name."""
        folder, name = posixpath.split(path)
        aside = posixpath.join(folder, f".{name}{ASIDE}")
        try:
            is_new = not self._fs.isdir(folder)
            self._fs.makedirs(folder, exist_ok=True)
            with self._fs.open(aside, "wb") as file:
                file.write(content)
                if self._is_local:
                    file.flush()
                    os.fsync(file.fileno())
            self._fs.mv(aside, path)
            if self._is_local:
                sync_folders([folder, *([self._root, posixpath.dirname(self._root)] if is_new else [])])
        except OSError as error:
            raise StoreFailed(f"VECTOR_STORE cannot be written: {error}") from error

    def list_parts(self, space_name: str) -> list[PartFile]:
        """Returns all parts of a space, oldest first."""
        found = []
        for path in self._fs.glob(posixpath.join(self._folder(space_name), "part-*.parquet")):
            run_id, _, number = (
                posixpath.basename(path).removeprefix("part-").removesuffix(".parquet").rpartition("-")
            )
            if run_id and number.isdigit():
                found.append(PartFile(run_id, int(number), path))
        return sorted(found)

    def read(self, part: PartFile, space: Space) -> list[StoredVector]:
        """Returns the rows of a part; raises BrokenPart where they are not what was written for `space`."""
        try:
            data = self._fs.cat_file(part.path)
        except OSError as error:  # the disk or the network: the part itself may be sound
            raise StoreFailed(f"{part.path} cannot be read: {error}") from error
        try:
            return part_format.decode(data, space)
        except BrokenPart as error:
            raise BrokenPart(f"{part.path} cannot be used: {error.message}") from error

    def read_photo_hashes(self, part: PartFile) -> list[str | None]:
        """Returns the sha256 of each row's photo; none of a part that cannot be read or whose rows have no digest."""
        try:
            with self._fs.open(part.path, "rb") as file:
                return part_format.decode_photo_hashes(file)
        except OSError as error:
            log.warning("%s cannot be read: %s", part.path, error)
        except BrokenPart as error:
            log.warning("%s cannot be used: %s", part.path, error.message)
        return []

    def set_aside(self, part: PartFile) -> str:
        """Renames a broken part, so that nobody reads it again; returns its new name."""
        try:
            self._fs.mv(part.path, part.path + BAD)
        except OSError as error:
            raise StoreFailed(f"{part.path} cannot be renamed: {error}") from error
        return part.path + BAD

    def delete_strays(self, space_name: str, now: datetime) -> int:
        """Deletes what killed writers left half written, if it is older than STRAY_AFTER; returns how many files."""
        swept = 0
        for path in self._fs.glob(posixpath.join(self._folder(space_name), f".*{ASIDE}")):
            with suppress(OSError, NotImplementedError):  # gone meanwhile, or a store that knows no times
                if now - self._fs.modified(path) > STRAY_AFTER:
                    self._fs.rm_file(path)
                    swept += 1
        return swept

    def read_recheck_cursor(self, space_name: str) -> str:
        """Returns the product id behind which the next `etl run --recheck --limit` goes on; empty: at the start."""
        try:
            return str(json.loads(self._fs.cat_file(self._recheck_cursor_path(space_name)))["after"])
        except (OSError, ValueError, KeyError, TypeError):  # none yet, or damaged: a round begins anew
            return ""

    def write_recheck_cursor(self, space_name: str, product_id: str) -> None:
        """Saves how far the round of rechecks has come."""
        self._write_whole(self._recheck_cursor_path(space_name), json.dumps({"after": product_id}).encode())

    def _recheck_cursor_path(self, space_name: str) -> str:
        return posixpath.join(self._folder(space_name), "recheck.json")

    def write_marker(self, space_name: str, run_id: str, parts: Iterable[int], summary: Mapping[str, Any]) -> None:
        """Marks that the `parts` of `run_id`, by number, are in the index too; earlier marked ones stay marked."""
        path = posixpath.join(self._folder(space_name), f"{MARKER}{run_id}.json")
        earlier = next(iter(self._read_markers([path]).values()), {})
        settled = sorted({*earlier.get("parts", ()), *parts})
        self._write_whole(path, json.dumps({**earlier, **summary, "parts": settled}, indent=1).encode())

    def list_unfinished(self, space_name: str) -> list[PartFile]:
        """Returns parts that no marker lists: perhaps not indexed, or refused in part.

        Markers of earlier versions have no list; they stand for all parts of their run.
        """
        paths = self._fs.glob(posixpath.join(self._folder(space_name), f"{MARKER}*.json"))
        settled = {run_id: marker.get("parts", ALL) for run_id, marker in self._read_markers(paths).items()}
        return [part for part in self.list_parts(space_name) if part.number not in settled.get(part.run_id, ())]

    def _read_markers(self, paths: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Returns markers by run, without missing and unreadable ones, whose parts are checked once more."""
        found = {}
        for path, content in self._fs.cat(list(paths), on_error="omit").items() if paths else ():
            with suppress(ValueError):
                marker = json.loads(content)
                if isinstance(marker, dict):
                    found[posixpath.basename(path).removeprefix(MARKER).removesuffix(".json")] = marker
        return found
