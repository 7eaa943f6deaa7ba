"""Commands about the bundles of a deployment: `lock` writes them down, `pull` fetches, `outdated` compares them."""

from pathlib import Path
from typing import Annotated

import typer

from models.bundles.registry import find_bundle, list_bundles
from models.commands.shared import Json, exit_on_error, print_result
from models.distribution.lock import LOCK_FILE, LockEntry, ModelLock, build_entry, read_lock, write_lock
from models.distribution.pull import find_local, pull_bundle, read_index
from models.distribution.sources import open_source
from models.errors import InvalidLock
from models.settings import ModelSettings

LockFile = Annotated[Path, typer.Option("--lock", help="the file that lists the bundles of this deployment")]


def lock(
    names: Annotated[list[str] | None, typer.Argument(help="which; each name's newest where none is named")] = None,
    source: Annotated[str | None, typer.Option(help="folder or address they can be pulled from elsewhere")] = None,
    lock_file: LockFile = LOCK_FILE,
    as_json: Json = False,
) -> None:
    """Write the bundles that lie here into models.lock, with hash and source."""
    with exit_on_error(as_json):
        settings = ModelSettings.load()
        chosen = names or sorted({one.name for one in list_bundles(settings)})
        before = read_lock(lock_file) if lock_file.exists() else ModelLock()
        entries = [before.with_source(build_entry(find_bundle(name, settings), source)) for name in chosen]
        content = (before if names else ModelLock()).with_entries(entries)
        write_lock(lock_file, content)
        text = "\n".join(f"{one.place}  {one.sha256[:12]}  {one.source or 'no source'}" for one in content.bundles)
        print_result(as_json, {"lock": str(lock_file), **content.model_dump(mode="json")}, f"{lock_file}:\n{text}")


def pull(
    source: Annotated[str | None, typer.Argument(help="folder, http(s) or fsspec URL above <name>/<version>")] = None,
    names: Annotated[list[str] | None, typer.Argument(help="color, color/0123456789ab; all that are locked")] = None,
    lock_file: LockFile = LOCK_FILE,
    as_json: Json = False,
) -> None:
    """Fetch bundles and verify every hash.

    What models.lock lists is fetched exactly, from SOURCE or where it says. A name that is not locked, or any name
    where there is no models.lock, is looked for at SOURCE (newest version) and locked.
    """
    with exit_on_error(as_json):
        settings = ModelSettings.load()
        locked = read_lock(lock_file) if lock_file.exists() else ModelLock()
        old, new = _select_entries(locked, source, names or [], lock_file)
        _check_sources(old, source, settings.bundles, lock_file)
        places = [(one, source or one.source or "") for one in old] + [(one, one.source or "") for one in new]
        root = settings.bundles
        written = [find_local(entry, root) or pull_bundle(entry, open_source(place), root) for entry, place in places]
        if new:
            write_lock(lock_file, locked.with_entries(new))
        rows = [{"name": one.bundle.name, "version": one.bundle.version, "existed": one.existed} for one in written]
        lines = [f"{row['name']}/{row['version']} {'was there' if row['existed'] else 'fetched'}" for row in rows]
        print_result(as_json, {"bundles": rows, "lock": str(lock_file)}, "\n".join(lines))


def list_outdated(
    source: Annotated[str | None, typer.Argument(help="where to look; by default where models.lock says")] = None,
    lock_file: LockFile = LOCK_FILE,
    as_json: Json = False,
) -> None:
    """Compare the locked bundles (without a lock the ones here) with what their source has."""
    with exit_on_error(as_json):
        here = read_lock(lock_file) if lock_file.exists() else _lock_local_bundles(ModelSettings.load())
        rows = []
        for name in sorted({one.name for one in here.bundles}):
            mine = here.find_newest(name)
            theirs = _find_newest(source or (mine.source if mine else None), name)
            if mine and theirs and theirs.version != mine.version and theirs.created > mine.created:
                rows.append({"name": name, "here": mine.version, "there": theirs.version, "source": theirs.source})
        lines = [f"{row['name']}: {row['here']} here, {row['there']} at {row['source']}" for row in rows]
        print_result(as_json, {"outdated": rows}, "\n".join(lines) or "nothing newer is known")


def _select_entries(
    locked: ModelLock, source: str | None, names: list[str], lock_file: Path
) -> tuple[list[LockEntry], list[LockEntry]]:
    """Returns the locked entries asked for and those to be locked: each name's newest where no version is named."""
    old = [name for name in names if locked.match_entries(name)]
    entries = locked.select_entries(old) if names else list(locked.bundles)
    new = [name for name in names if name not in old]
    if (names and not new) or (entries and not names):
        return entries, []
    if source is None:
        raise InvalidLock(f"{lock_file} does not list it: name a source, `models pull SOURCE [NAME...]`")
    index = read_index(open_source(source))
    wanted = (index.select_entries([word]) for word in new or sorted({one.name for one in index.bundles}))
    return entries, [max(found, key=lambda one: one.created) for found in wanted]


def _check_sources(entries: list[LockEntry], source: str | None, root: Path, lock_file: Path) -> None:
    """Raises InvalidLock naming what is neither here nor to be had from anywhere."""
    missing = [one.place for one in entries if not (source or one.source or (root / one.place).exists())]
    if missing:
        raise InvalidLock(f"{lock_file} has no source for {', '.join(missing)}: name one, `models pull SOURCE`")


def _lock_local_bundles(settings: ModelSettings) -> ModelLock:
    bundles = [one.bundle for one in list_bundles(settings) if one.bundle]
    return ModelLock(bundles=tuple(build_entry(bundle, None) for bundle in bundles))


def _find_newest(source: str | None, name: str) -> LockEntry | None:
    return read_index(open_source(source)).find_newest(name) if source else None
