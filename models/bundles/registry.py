"""The bundles of a folder: list them, find one by name."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.bundles.bundle import Bundle, load, read_manifest
from models.bundles.fingerprint import sha256_once
from models.errors import BundleNotFound, InvalidBundle
from models.settings import ModelSettings

MIN_VERSION_DIGITS = 4

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Listed:
    """A folder that looks like a bundle: `bundle` where its manifest can be read, else the `problem`."""

    path: Path
    bundle: Bundle | None
    problem: str | None

    @property
    def name(self) -> str:
        return self.path.parent.name

    @property
    def version(self) -> str:
        return self.path.name


def list_bundles(settings: ModelSettings) -> list[Listed]:
    """Every bundle below `settings.bundles` by name, newest first, broken ones last; hashes no file."""
    listed = [_look(path) for path in _folders(settings.bundles)]
    newest_first = sorted(listed, key=_age, reverse=True)
    return sorted(newest_first, key=lambda one: one.name)


def list_verified(settings: ModelSettings) -> list[Listed]:
    """The same with every file verified; each is hashed anew only once its time or size has changed."""
    return [one if one.bundle is None else _look(one.path, verified) for one in list_bundles(settings)]


def verified(path: Path) -> Bundle:
    """As `bundle.load`, which is for whoever uses a bundle: here unchanged files are trusted to be what they were."""
    return load(path, sha256_once)


def find(name: str, settings: ModelSettings) -> Bundle:
    """The verified bundle called `name`: `color`, `color/0123456789ab` (first digits do) or `color__0123456789ab`.

    Of several versions the newest by `created` that can be read. Raises BundleNotFound listing what there is,
    InvalidBundle.
    """
    return load(choose(name, settings).path)


def choose(name: str, settings: ModelSettings, prefer: str | None = None) -> Bundle:
    """As `find`, but by manifests alone: no file is hashed. Of several versions the space `prefer` before the newest.

    Raises BundleNotFound, InvalidBundle.
    """
    model, version = _split(name)
    candidates = [one for one in list_bundles(settings) if one.name == model and one.version.startswith(version)]
    if not candidates:
        raise _not_found(name, settings)
    if version and len(candidates) > 1:
        which = ", ".join(one.version for one in candidates)
        raise BundleNotFound(f"'{name}' could be {which}: give more digits")
    bundles = [one.bundle for one in candidates if one.bundle]
    problems = [one.problem for one in candidates if one.problem]
    if not bundles:
        raise InvalidBundle(problems[0])
    for problem in problems:
        log.warning("passed over: %s", problem)
    return next((bundle for bundle in bundles if bundle.space.name == prefer), bundles[0])


def _split(name: str) -> tuple[str, str]:
    separator = "/" if "/" in name else "__"
    model, found, version = name.partition(separator)
    if found and len(version) < MIN_VERSION_DIGITS:
        raise BundleNotFound(f"'{name}' is no model name: write color, color/0123456789ab or color__0123456789ab")
    return model, version


def _folders(root: Path) -> Iterator[Path]:
    for model in _subfolders(root) if root.is_dir() else ():
        try:
            yield from _subfolders(model)
        except OSError as error:
            log.warning("passed over: %s", error)


def _subfolders(folder: Path) -> list[Path]:
    return [one.absolute() for one in sorted(folder.iterdir()) if one.name[0] != "." and one.is_dir()]


def _look(path: Path, read: Callable[[Path], Bundle] = read_manifest) -> Listed:
    try:
        return Listed(path, read(path), None)
    except InvalidBundle as error:
        return Listed(path, None, error.message)


def _age(one: Listed) -> tuple[float, str]:
    return (one.bundle.manifest.created.timestamp() if one.bundle else float("-inf"), one.version)


def _not_found(name: str, settings: ModelSettings) -> BundleNotFound:
    there = [f"{one.name}/{one.version}" for one in list_bundles(settings) if one.bundle]
    known = f"there are {', '.join(there)}" if there else "there are none: see `python -m models export --help`"
    return BundleNotFound(f"no model '{name}'; {known}", available=there)
