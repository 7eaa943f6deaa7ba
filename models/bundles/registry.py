"""Lists the bundles of a folder and finds one by name."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from models.bundles.bundle import Bundle, load, load_unverified
from models.bundles.fingerprint import sha256_cached
from models.errors import BundleNotFound, InvalidBundle
from models.settings import ModelSettings

MIN_VERSION_DIGITS = 4

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BundleListing:
    """Describes a folder that looks like a bundle: `bundle` where its manifest can be read, else the `problem`."""

    path: Path
    bundle: Bundle | None
    problem: str | None

    @property
    def name(self) -> str:
        return self.path.parent.name

    @property
    def version(self) -> str:
        return self.path.name


def list_bundles(settings: ModelSettings) -> list[BundleListing]:
    """Returns every bundle below `settings.bundles` by name, newest first, broken ones last; hashes no file."""
    listed = [_read_listing(path) for path in _iterate_folders(settings.bundles)]
    newest_first = sorted(listed, key=_sort_key, reverse=True)
    return sorted(newest_first, key=lambda one: one.name)


def list_verified(settings: ModelSettings) -> list[BundleListing]:
    """Returns `list_bundles` with every file verified, hashed anew only once its time or size has changed."""
    return [one if one.bundle is None else _read_listing(one.path, load_cached) for one in list_bundles(settings)]


def load_cached(path: Path) -> Bundle:
    """Returns the bundle in `path` verified, but trusts files whose time and size stayed; use `load` to run one."""
    return load(path, sha256_cached)


def find_bundle(name: str, settings: ModelSettings) -> Bundle:
    """Returns the verified bundle `name`: `color`, `color/0123456789ab` (first digits do) or `color__0123456789ab`.

    Of several versions the newest by `created` that can be read. Raises BundleNotFound listing what there is,
    InvalidBundle.
    """
    return load(choose_bundle(name, settings).path)


def choose_bundle(name: str, settings: ModelSettings, prefer: str | None = None) -> Bundle:
    """Returns the bundle called `name` by manifests alone, of several versions the space `prefer` before the newest.

    No file is hashed.

    Raises BundleNotFound, InvalidBundle.
    """
    model, version = _split_name(name)
    candidates = [one for one in list_bundles(settings) if one.name == model and one.version.startswith(version)]
    if not candidates:
        raise _not_found_error(name, settings)
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


def _split_name(name: str) -> tuple[str, str]:
    separator = "/" if "/" in name else "__"
    model, found, version = name.partition(separator)
    if found and len(version) < MIN_VERSION_DIGITS:
        raise BundleNotFound(f"'{name}' is no model name: write color, color/0123456789ab or color__0123456789ab")
    return model, version


def _iterate_folders(root: Path) -> Iterator[Path]:
    for model in _list_subfolders(root) if root.is_dir() else ():
        try:
            yield from _list_subfolders(model)
        except OSError as error:
            log.warning("passed over: %s", error)


def _list_subfolders(folder: Path) -> list[Path]:
    return [one.absolute() for one in sorted(folder.iterdir()) if one.name[0] != "." and one.is_dir()]


def _read_listing(path: Path, read: Callable[[Path], Bundle] = load_unverified) -> BundleListing:
    try:
        return BundleListing(path, read(path), None)
    except InvalidBundle as error:
        return BundleListing(path, None, error.message)


def _sort_key(one: BundleListing) -> tuple[float, str]:
    return (one.bundle.manifest.created.timestamp() if one.bundle else float("-inf"), one.version)


def _not_found_error(name: str, settings: ModelSettings) -> BundleNotFound:
    there = [f"{one.name}/{one.version}" for one in list_bundles(settings) if one.bundle]
    if there:
        return BundleNotFound(f"no model '{name}'; there are {', '.join(there)}", available=there)
    hint = "`python -m models export --help` says how to make one"
    return BundleNotFound(f"no model '{name}'; there are none", available=there, hint=hint)
