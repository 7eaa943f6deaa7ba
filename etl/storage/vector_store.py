"""Keeps every vector in Parquet: parts are written aside and renamed, the marker of a finished run comes last."""

import json
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
from catalog.domain.records import Outcome
from catalog.domain.space import Space
from catalog.errors import InvalidInput
from etl.errors import BrokenPart, StoreFailed
from etl.storage import part_file
from etl.storage.part_file import StoredVector

ASIDE, BAD, MARKER = ".tmp", ".bad", "done-"
ALL = range(sys.maxsize)  # part numbers
STRAY_AFTER = timedelta(hours=1)  # writing one file takes seconds; a younger one may be a running job's


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One Parquet file; the natural order is the order in which parts were written."""

    run_id: str
    number: int
    path: str


class VectorStore:
    """`space=<name>/part-<run>-<n>.parquet` below a folder or any URI that fsspec knows.

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

    def write(self, space: Space, run_id: str, number: int, outcomes: Sequence[Outcome], created: datetime) -> Part:
        """Store the vectors of `outcomes` as one part, which is there whole or not at all."""
        folder = self._folder(space.name)
        name = f"part-{run_id}-{number:06d}.parquet"
        path = posixpath.join(folder, name)
        self._put(path, part_file.encode(space, run_id, outcomes, created))
        return Part(run_id, number, path)

    def _put(self, path: str, content: bytes) -> None:
        """The content is on the disk before the file has its name, so that a crash leaves all of it or none."""
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
        """The rows of a part; raises BrokenPart where they are not what was written for `space`."""
        try:
            data = self._fs.cat_file(part.path)
        except OSError as error:  # the disk or the network: the part itself may be sound
            raise StoreFailed(f"{part.path} cannot be read: {error}") from error
        try:
            return part_file.decode(data, space)
        except BrokenPart as error:
            raise BrokenPart(f"{part.path} cannot be used: {error.message}") from error

    def set_aside(self, part: Part) -> str:
        """Rename a broken part, so that nobody reads it again; returns its new name."""
        try:
            self._fs.mv(part.path, part.path + BAD)
        except OSError as error:
            raise StoreFailed(f"{part.path} cannot be renamed: {error}") from error
        return part.path + BAD

    def sweep(self, space_name: str, now: datetime) -> int:
        """Delete what killed writers left half written, if it is older than STRAY_AFTER; returns how many files."""
        swept = 0
        for path in self._fs.glob(posixpath.join(self._folder(space_name), f".*{ASIDE}")):
            with suppress(OSError, NotImplementedError):  # gone meanwhile, or a store that knows no times
                if now - self._fs.modified(path) > STRAY_AFTER:
                    self._fs.rm_file(path)
                    swept += 1
        return swept

    def recheck_place(self, space_name: str) -> str:
        """The product id behind which the next round of `etl run --recheck --limit` goes on; empty: at the start."""
        try:
            return str(json.loads(self._fs.cat_file(self._recheck_path(space_name)))["after"])
        except (OSError, ValueError, KeyError, TypeError):  # none yet, or damaged: a round begins anew
            return ""

    def keep_recheck_place(self, space_name: str, product_id: str) -> None:
        """Remember how far the round of rechecks has come."""
        self._put(self._recheck_path(space_name), json.dumps({"after": product_id}).encode())

    def _recheck_path(self, space_name: str) -> str:
        return posixpath.join(self._folder(space_name), "recheck.json")

    def finish(self, space_name: str, run_id: str, parts: Iterable[int], summary: Mapping[str, Any]) -> None:
        """Mark that the `parts` of `run_id`, by number, are in the index too; earlier marked ones stay marked."""
        path = posixpath.join(self._folder(space_name), f"{MARKER}{run_id}.json")
        earlier = next(iter(self._markers([path]).values()), {})
        settled = sorted({*earlier.get("parts", ()), *parts})
        self._put(path, json.dumps({**earlier, **summary, "parts": settled}, indent=1).encode())

    def unfinished(self, space_name: str) -> list[Part]:
        """Parts that no marker lists: perhaps not indexed, or refused in part.

        Markers of earlier versions have no list; they stand for all parts of their run.
        """
        paths = self._fs.glob(posixpath.join(self._folder(space_name), f"{MARKER}*.json"))
        settled = {run_id: marker.get("parts", ALL) for run_id, marker in self._markers(paths).items()}
        return [part for part in self.parts(space_name) if part.number not in settled.get(part.run_id, ())]

    def _markers(self, paths: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Markers by run; without those that are not there or no markers, whose parts are looked at once more."""
        found = {}
        for path, content in self._fs.cat(list(paths), on_error="omit").items() if paths else ():
            with suppress(ValueError):
                marker = json.loads(content)
                if isinstance(marker, dict):
                    found[posixpath.basename(path).removeprefix(MARKER).removesuffix(".json")] = marker
        return found
