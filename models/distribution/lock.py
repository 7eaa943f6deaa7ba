"""`models.lock`: the bundles a deployment uses, each with the hash of its bundle.json, and where it is fetched from.

That hash pins everything, for bundle.json lists the hash of every other file. The same format, called `index.json`,
says at a source what there is to pull.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, StringConstraints, ValidationError

from catalog.atomic_write import write_atomically
from catalog.domain.embedding_space import PART
from models.bundles.bundle import Bundle
from models.bundles.fingerprint import sha256_file
from models.bundles.manifest import MANIFEST_FILE, FrozenModel, Sha256, Text
from models.bundles.manifest_file import describe_problem
from models.errors import InvalidLock

LOCK_FILE = Path("models.lock")
INDEX_FILE = "index.json"


class LockEntry(FrozenModel):
    """One bundle; `sha256` is that of its bundle.json, `source` the folder or address above `<name>/<version>`."""

    name: Annotated[str, StringConstraints(pattern=rf"^{PART.pattern}$", max_length=200)]
    version: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
    created: AwareDatetime
    sha256: Sha256
    source: Text | None = None

    @property
    def place(self) -> str:
        """Returns the bundle's folder below its source or BUNDLES."""
        return f"{self.name}/{self.version}"


class ModelLock(FrozenModel):
    schema_version: Literal[1] = 1
    bundles: tuple[LockEntry, ...] = ()

    def find_newest(self, name: str) -> LockEntry | None:
        return max((one for one in self.bundles if one.name == name), key=lambda one: one.created, default=None)

    def select_entries(self, words: Iterable[str]) -> list[LockEntry]:
        """Returns the entries called `color` (all versions), `color/0123` or `color__0123`; raises InvalidLock."""
        chosen = []
        for word in words:
            found = self.match_entries(word)
            if not found:
                there = ", ".join(one.place for one in self.bundles) or "nothing"
                raise InvalidLock(f"there is no '{word}' in it: it has {there}")
            chosen += found
        return list(dict.fromkeys(chosen))

    def match_entries(self, word: str) -> list[LockEntry]:
        name, _, version = word.replace("__", "/").partition("/")
        return [one for one in self.bundles if one.name == name and one.version.startswith(version)]

    def with_source(self, entry: LockEntry) -> LockEntry:
        """Returns `entry` with the source known here for the same bundle, unless it states its own."""
        known = (one.source for one in self.bundles if (one.place, one.sha256) == (entry.place, entry.sha256))
        return entry if entry.source else entry.model_copy(update={"source": next(known, None)})

    def with_entries(self, entries: Iterable[LockEntry]) -> "ModelLock":
        """This lock with `entries` added or put in place of those of the same name and version."""
        merged = {one.place: one for one in self.bundles} | {one.place: one for one in entries}
        return ModelLock(bundles=tuple(merged[place] for place in sorted(merged)))


def build_entry(bundle: Bundle, source: str | None) -> LockEntry:
    """Returns the entry of a bundle that lies here."""
    return LockEntry(
        name=bundle.name,
        version=bundle.version,
        created=bundle.manifest.created,
        sha256=sha256_file(bundle.path / MANIFEST_FILE),
        source=source,
    )


def parse_lock(content: bytes, where: str) -> ModelLock:
    """Returns the lock in `content`; raises InvalidLock saying what is wrong with it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidLock(f"{where} is not JSON ({error})") from error
    version = found.get("schema_version") if isinstance(found, dict) else None
    if isinstance(version, int) and version > 1:
        raise InvalidLock(f"{where} has schema version {version}, newer than 1: upgrade this installation")
    try:
        return ModelLock.model_validate_json(content)
    except ValidationError as error:
        raise InvalidLock(f"{where}: {describe_problem(error)}") from error


def read_lock(path: Path) -> ModelLock:
    """Returns the lock in file `path`; raises InvalidLock where it is absent or wrong."""
    try:
        return parse_lock(path.read_bytes(), str(path))
    except OSError as error:
        raise InvalidLock(
            f"{path} cannot be read ({error.strerror}): write it with `python -m models lock`"
        ) from error


def write_lock(path: Path, lock: ModelLock) -> None:
    """Writes `lock` into file `path`, in one rename."""
    write_atomically(path, json.dumps(lock.model_dump(mode="json"), indent=1) + "\n")
