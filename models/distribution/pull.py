"""Fetches bundles: every hash is compared before a folder appears, and nothing is half-written."""

import logging
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from catalog.atomic_write import place_folder, write_synced
from models.bundles.bundle import MAX_MANIFEST_BYTES, load
from models.bundles.fingerprint import sha256_bytes, sha256_file
from models.bundles.manifest import MANIFEST_FILE, MODEL_FILE, Manifest
from models.bundles.manifest_file import parse_manifest
from models.bundles.writer import StoredBundle
from models.distribution.lock import INDEX_FILE, LockEntry, ModelLock, parse_lock
from models.distribution.sources import BundleSource, FileSource
from models.errors import BundleDiffers, InvalidBundle, SourceUnavailable
from models.runtime.graph_safety import RefusedGraph, check_graph

log = logging.getLogger(__name__)

MAX_FILE_BYTES = 4 * 2**30  # more than ONNX's 2 GiB in one file


def read_index(source: BundleSource) -> ModelLock:
    """Returns what `source` offers by its index.json, else the bundle that it is, or the bundles of that folder.

    Every entry carries its source. Raises SourceUnavailable, InvalidLock, InvalidBundle.
    """
    try:
        content = _read_limited(source, INDEX_FILE, MAX_MANIFEST_BYTES)
    except FileNotFoundError:
        found = _find_own_bundle(source) or (_scan_folder(source) if isinstance(source, FileSource) else [])
        if not found:
            raise SourceUnavailable(
                f"{source.url} has no {INDEX_FILE} that says what is there: write one beside the bundles with "
                f"`python -m models lock --lock BUNDLES/{INDEX_FILE}`"
            ) from None
        return ModelLock(bundles=tuple(found))
    index = parse_lock(content, f"{source.url}/{INDEX_FILE}")
    return ModelLock(bundles=tuple(one.model_copy(update={"source": source.url}) for one in index.bundles))


def pull_bundle(entry: LockEntry, source: BundleSource, root: Path) -> StoredBundle:
    """Fetches the bundle of `entry` from `source` into `root`, whole and verified, in one rename.

    Raises InvalidBundle for a file that is not the one that was locked, SourceUnavailable, BundleDiffers where
    another bundle.json is in its place already.
    """
    if found := find_local(entry, root):
        return found
    target = root.absolute() / entry.name / entry.version
    content = _fetch_manifest(entry, source)
    manifest = parse_manifest(content, f"{source.url}/{entry.place}/{MANIFEST_FILE}")
    if (manifest.name, manifest.version) != (entry.name, entry.version):
        raise InvalidBundle(f"{source.url}/{entry.place} holds {manifest.name}/{manifest.version}: it was swapped")

    def fill(folder: Path) -> None:
        write_synced(folder / MANIFEST_FILE, [content])
        _fetch_files(manifest, entry, source, folder)
        try:
            check_graph((folder / MODEL_FILE).read_bytes())
        except RefusedGraph as error:
            raise InvalidBundle(f"{source.url}/{entry.place} is not taken: {error}; nothing was written") from error

    if place_folder(target, fill):
        return StoredBundle(load(target), existed=False)
    return _check_local(target, entry)  # somebody else was faster


def find_local(entry: LockEntry, root: Path) -> StoredBundle | None:
    """Returns the bundle of `entry` where it lies below `root`; raises as `pull_bundle` where it is another."""
    target = root.absolute() / entry.name / entry.version
    return _check_local(target, entry) if target.exists() else None


def _check_local(target: Path, entry: LockEntry) -> StoredBundle:
    bundle = load(target)  # raises for a damaged one
    if sha256_file(target / MANIFEST_FILE) != entry.sha256:
        raise BundleDiffers(
            f"{target} is there with another bundle.json than the one that is locked: remove it and pull again, "
            "or lock what is there with `python -m models lock`"
        )
    return StoredBundle(bundle, existed=True)


def _fetch_manifest(entry: LockEntry, source: BundleSource) -> bytes:
    where = f"{entry.place}/{MANIFEST_FILE}"
    try:
        content = _read_limited(source, where, MAX_MANIFEST_BYTES)
    except FileNotFoundError as error:
        raise SourceUnavailable(f"{error} is not there: name another source, or lock what there is") from error
    if sha256_bytes(content) != entry.sha256:
        raise InvalidBundle(
            f"{source.url}/{where} is not the one that was locked: SHA-256 {sha256_bytes(content)[:12]}…, "
            f"expected {entry.sha256[:12]}…; nothing was written"
        )
    return content


def _fetch_files(manifest: Manifest, entry: LockEntry, source: BundleSource, folder: Path) -> None:
    for name, expected in manifest.files.items():
        where = f"{entry.place}/{name}"
        try:
            write_synced(folder / name, _limit_size(source.read(where), MAX_FILE_BYTES, where))
        except FileNotFoundError as error:
            raise SourceUnavailable(f"{error} is not there, but bundle.json lists it: nothing was written") from error
        if (found := sha256_file(folder / name)) != expected:
            raise InvalidBundle(
                f"{source.url}/{where} is cut short or was changed: SHA-256 {found[:12]}…, "
                f"expected {expected[:12]}…; nothing was written"
            )


def _find_own_bundle(source: BundleSource) -> list[LockEntry]:
    """Returns the entry of a source that is a bundle's own folder, <name>/<version>."""
    above = source.url.rsplit("/", 2)[0]
    return [entry for entry in [_read_entry(source, "", above)] if entry and source.url == f"{above}/{entry.place}"]


def _scan_folder(source: FileSource) -> list[LockEntry]:
    """Returns the bundles in a folder of bundles; one that this installation cannot read harms no other."""
    found = []
    for place in (f"{name}/{version}/" for name in source.list_folders() for version in source.list_folders(name)):
        try:
            found.append(_read_entry(source, place, source.url))
        except (InvalidBundle, ValidationError) as error:
            log.warning("left out: %s", error)
    return [entry for entry in found if entry]


def _read_entry(source: BundleSource, place: str, above: str) -> LockEntry | None:
    try:
        content = _read_limited(source, f"{place}{MANIFEST_FILE}", MAX_MANIFEST_BYTES)
    except FileNotFoundError:
        return None
    found = parse_manifest(content, f"{source.url}/{place}{MANIFEST_FILE}")
    digest = sha256_bytes(content)
    return LockEntry(name=found.name, version=found.version, created=found.created, sha256=digest, source=above)


def _read_limited(source: BundleSource, path: str, limit: int) -> bytes:
    return b"".join(_limit_size(source.read(path), limit, path))


def _limit_size(pieces: Iterator[bytes], limit: int, path: str) -> Iterator[bytes]:
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > limit:
            raise InvalidBundle(f"{path} has more than {limit} bytes: nothing was written")
        yield piece
