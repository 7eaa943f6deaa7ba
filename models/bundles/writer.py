"""Writes a bundle whole or not at all; the same content twice is written once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from catalog.atomic_write import place_folder, write_synced
from catalog.errors import InvalidInput
from models.bundles.bundle import Bundle, load
from models.bundles.fingerprint import compute_version, sha256_bytes
from models.bundles.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, ModelDescription
from models.bundles.manifest_file import describe_problem, get_utc_now, to_manifest_json
from models.errors import BundleDiffers, InvalidModel
from models.runtime import canonical_vectors


@dataclass(frozen=True, slots=True)
class BundleMaker:
    """Says who makes bundles, by which command, below which folder."""

    owner: str
    command: str
    root: Path


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """Holds a bundle in its place; `existed` says that the same content was there and nothing was written."""

    bundle: Bundle
    existed: bool


def write_bundle(
    root: Path, record: ModelDescription, contents: Mapping[str, bytes], created: datetime | None = None
) -> StoredBundle:
    """Writes the bundle of `record` and `contents` (file name → bytes, `model.onnx` among them) below `root`.

    Canonical vectors (`canonical.json`, unless given) and `metrics.latency_ms` are added. Its files appear in one
    rename. Raises InvalidModel when record and files do not make a bundle, BundleDiffers when
    the version is there with other weights or licences, InvalidBundle when what is there is damaged.
    """
    record, contents = _add_measured_run(record, contents)
    manifest = complete_manifest(record, contents, created or get_utc_now())
    target = root.absolute() / manifest.name / manifest.version
    if target.exists():
        return StoredBundle(_check_same(load(target), manifest), existed=True)
    whole = {**contents, MANIFEST_FILE: to_manifest_json(manifest)}
    if place_folder(target, lambda folder: _write_files(folder, whole)):
        return StoredBundle(load(target), existed=False)
    return StoredBundle(_check_same(load(target), manifest), existed=True)  # somebody else was faster


def complete_manifest(record: ModelDescription, contents: Mapping[str, bytes], created: datetime) -> Manifest:
    """Returns the manifest of `record` with version and hashes; raises InvalidModel."""
    if MODEL_FILE not in contents:
        raise InvalidModel(f"a bundle needs {MODEL_FILE}")
    files = {name: sha256_bytes(content) for name, content in sorted(contents.items())}
    version = compute_version(files[MODEL_FILE], record.preprocessing.model_dump(mode="json"))
    try:
        manifest = Manifest(**dict(record), version=version, created=created, files=files)
        _ = manifest.space
    except ValidationError as error:
        raise InvalidModel(f"'{record.name}' cannot become a bundle: {describe_problem(error)}") from error
    except InvalidInput as error:
        raise InvalidModel(error.message) from error
    return manifest


def _add_measured_run(
    record: ModelDescription, contents: Mapping[str, bytes]
) -> tuple[ModelDescription, Mapping[str, bytes]]:
    tried = canonical_vectors.run_on_pictures(record, contents[MODEL_FILE]) if MODEL_FILE in contents else None
    if tried is None:
        return record, contents
    metrics = {"latency_ms": tried.milliseconds} | record.metrics
    added = {canonical_vectors.CANONICAL_FILE: canonical_vectors.to_canonical_file(tried.embeddings)}
    return record.model_copy(update={"metrics": metrics}), {**added, **contents}


def _check_same(there: Bundle, wanted: Manifest) -> Bundle:
    for what in ("files", "licenses"):
        if _select_comparable(there.manifest, what) != _select_comparable(wanted, what):
            raise BundleDiffers(
                f"{there.name}/{there.version} is there already with other {what}: "
                f"remove {there.path} first if the new ones are right"
            )
    return there


def _select_comparable(manifest: Manifest, what: str) -> object:
    """Returns a field without canonical vectors, whose last digits differ by machine; older bundles have none."""
    values = dict(getattr(manifest, what))
    return {name: value for name, value in values.items() if name != canonical_vectors.CANONICAL_FILE}


def _write_files(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        write_synced(folder / name, [content])
