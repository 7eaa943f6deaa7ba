"""Writing a bundle: whole or not at all, and the same content twice is written once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from catalog.atomic_write import place_folder, write_synced
from catalog.errors import InvalidInput
from models.bundles.bundle import Bundle, load
from models.bundles.fingerprint import bundle_version, sha256_bytes
from models.bundles.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, Record
from models.bundles.manifest_file import first_problem, now, to_json
from models.errors import BundleDiffers, InvalidModel
from models.runtime import canonical_vectors


@dataclass(frozen=True, slots=True)
class Written:
    """A bundle in place; `existed` says that the same content was there before and nothing was written."""

    bundle: Bundle
    existed: bool


def write(root: Path, record: Record, contents: Mapping[str, bytes], created: datetime | None = None) -> Written:
    """Put the bundle of `record` and `contents` (file name → bytes, `model.onnx` among them) below `root`.

    Canonical vectors (`canonical.json`, unless given) and `metrics.latency_ms` are added. Its files appear in one
    rename. Raises InvalidModel when record and files do not make a bundle, BundleDiffers when
    the version is there with other weights or licences, InvalidBundle when what is there is damaged.
    """
    record, contents = _tried(record, contents)
    manifest = complete(record, contents, created or now())
    target = root.absolute() / manifest.name / manifest.version
    if target.exists():
        return Written(_same(load(target), manifest), existed=True)
    whole = {**contents, MANIFEST_FILE: to_json(manifest)}
    if place_folder(target, lambda folder: _fill(folder, whole)):
        return Written(load(target), existed=False)
    return Written(_same(load(target), manifest), existed=True)  # somebody else was faster


def complete(record: Record, contents: Mapping[str, bytes], created: datetime) -> Manifest:
    """`record` with version and hashes; raises InvalidModel."""
    if MODEL_FILE not in contents:
        raise InvalidModel(f"a bundle needs {MODEL_FILE}")
    files = {name: sha256_bytes(content) for name, content in sorted(contents.items())}
    version = bundle_version(files[MODEL_FILE], record.preprocessing.model_dump(mode="json"))
    try:
        manifest = Manifest(**dict(record), version=version, created=created, files=files)
        _ = manifest.space
    except ValidationError as error:
        raise InvalidModel(f"'{record.name}' cannot become a bundle: {first_problem(error)}") from error
    except InvalidInput as error:
        raise InvalidModel(error.message) from error
    return manifest


def _tried(record: Record, contents: Mapping[str, bytes]) -> tuple[Record, Mapping[str, bytes]]:
    tried = canonical_vectors.try_on_pictures(record, contents[MODEL_FILE]) if MODEL_FILE in contents else None
    if tried is None:
        return record, contents
    metrics = {"latency_ms": tried.milliseconds} | record.metrics
    added = {canonical_vectors.CANONICAL_FILE: canonical_vectors.to_json(tried.embeddings)}
    return record.model_copy(update={"metrics": metrics}), {**added, **contents}


def _same(there: Bundle, wanted: Manifest) -> Bundle:
    for what in ("files", "licenses"):
        if _compared(there.manifest, what) != _compared(wanted, what):
            raise BundleDiffers(
                f"{there.name}/{there.version} is there already with other {what}: "
                f"remove {there.path} first if the new ones are right"
            )
    return there


def _compared(manifest: Manifest, what: str) -> object:
    """Canonical vectors may differ in the last digit from machine to machine, and older bundles have none."""
    values = dict(getattr(manifest, what))
    return {name: value for name, value in values.items() if name != canonical_vectors.CANONICAL_FILE}


def _fill(folder: Path, contents: Mapping[str, bytes]) -> None:
    for name, content in contents.items():
        write_synced(folder / name, [content])
