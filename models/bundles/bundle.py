"""Reads a bundle's folder; `load` trusts nothing that it has not hashed."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog.domain.embedding_space import Space
from models.bundles.fingerprint import sha256_bytes, sha256_file
from models.bundles.manifest import MANIFEST_FILE, MODEL_FILE, WEIGHTS_FILE, Manifest, Preprocessing
from models.bundles.manifest_file import parse_manifest
from models.errors import InvalidBundle

MAX_MANIFEST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """One version of one model: the folder and what `bundle.json` says in it."""

    path: Path
    manifest: Manifest

    @property
    def name(self) -> str:
        return self.manifest.name

    @property
    def version(self) -> str:
        return self.manifest.version

    @property
    def dims(self) -> int:
        return self.manifest.dims

    @property
    def space(self) -> Space:
        return self.manifest.space

    @property
    def preprocessing(self) -> Preprocessing:
        return self.manifest.preprocessing

    @property
    def has_weights(self) -> bool:
        """Says that torch could run it: it carries `weights.safetensors`."""
        return WEIGHTS_FILE in self.manifest.files

    def read(self, name: str = MODEL_FILE) -> bytes:
        """Returns the content of one of its files, its hash checked again; raises InvalidBundle."""
        if name not in self.manifest.files:
            raise InvalidBundle(f"{self.path} holds no {name}")
        try:
            content = (self.path / name).read_bytes()
        except OSError as error:
            raise InvalidBundle(f"{self.path / name} cannot be read: {error}") from error
        _check_hash(self.path / name, sha256_bytes(content), self.manifest.files[name])
        return content


def load_unverified(path: Path) -> Bundle:
    """Returns the bundle in folder `path` by its manifest and place alone, no file hashed; raises InvalidBundle."""
    try:
        manifest = parse_manifest(_read_manifest(path), str(path / MANIFEST_FILE))
    except OSError as error:
        raise InvalidBundle(f"{path} cannot be read: {error}") from error
    if (path.parent.name, path.name) != (manifest.name, manifest.version):
        raise InvalidBundle(
            f"{path} holds {manifest.name}/{manifest.version}: the folder and its content were swapped or renamed"
        )
    return Bundle(path, manifest)


def _read_manifest(path: Path) -> bytes:
    if path.is_symlink() or not path.is_dir():
        raise InvalidBundle(f"{path} is not a folder of its own (links are not followed)")
    file = path / MANIFEST_FILE
    if file.is_symlink() or not file.is_file():
        raise InvalidBundle(f"{path} has no {MANIFEST_FILE}: it is not a model bundle, or was copied incompletely")
    if file.stat().st_size > MAX_MANIFEST_BYTES:
        raise InvalidBundle(f"{file} is larger than {MAX_MANIFEST_BYTES} bytes")
    return file.read_bytes()


def load(path: Path, hashed: Callable[[Path], str] = sha256_file) -> Bundle:
    """Returns the bundle in folder `path` (`<name>/<version>`), every file verified by what `hashed` gives.

    Raises UnsupportedSchema for an older or newer schema, InvalidBundle for anything missing, extra, linked,
    truncated, changed or swapped.
    """
    path = path.absolute()
    bundle = load_unverified(path)
    _check_listing(path, set(bundle.manifest.files))
    for name, expected in bundle.manifest.files.items():
        try:
            found = hashed(path / name)
        except OSError as error:
            raise InvalidBundle(f"{path / name} cannot be read: {error}") from error
        _check_hash(path / name, found, expected)
    return bundle


def _check_listing(path: Path, listed: set[str]) -> None:
    try:
        entries = {entry.name: entry for entry in os.scandir(path) if entry.name != MANIFEST_FILE}
    except OSError as error:
        raise InvalidBundle(f"{path} cannot be read: {error}") from error
    for name, entry in sorted(entries.items()):
        if entry.is_symlink() or not entry.is_file(follow_symlinks=False):
            raise InvalidBundle(f"{path / name} is a link or a folder: a bundle holds plain files only")
    if missing := sorted(listed - entries.keys()):
        raise InvalidBundle(f"{path} lacks {', '.join(missing)}: fetch or make the bundle again", missing=missing)
    if extra := sorted(entries.keys() - listed):
        raise InvalidBundle(f"{path} holds {', '.join(extra)}, which bundle.json does not list", extra=extra)


def _check_hash(file: Path, found: str, expected: str) -> None:
    if found != expected:
        raise InvalidBundle(
            f"{file} is not the file it was: SHA-256 {found[:12]}…, expected {expected[:12]}…; "
            "fetch or make the bundle again",
            file=file.name,
        )
