"""Makes, checks and marks the cache and data folders before anything is written into them."""

import json
from pathlib import Path

from engine.errors import FolderError, OptionsError
from engine.install.account import Account

MARKER = "visual-search-engine.json"


def prepare_cache(cache: Path, account: Account) -> None:
    """Makes the cache folder. Raises FolderError where it cannot be made or the server's user cannot enter it."""
    for folder in (cache, cache / "data"):
        _make(folder, "set ENGINE_CACHE to a folder that can be written")
    account.require_readable(cache, "set ENGINE_CACHE to a folder that every user may enter")


def prepare_data(data: Path, nodes: int, account: Account) -> None:
    """Makes the data folder or takes it up again.

    Raises FolderError where it holds something that is not ours, OptionsError where it belongs to a cluster of
    another size (whose nodes would wait for each other forever).
    """
    _make(data, "give a folder that can be written with --data")
    marker = data / MARKER
    if marker.exists():
        there = json.loads(marker.read_text())["nodes"]
        if there != nodes:
            raise OptionsError(
                f"{data} holds a cluster of {there}, not {nodes}: give --nodes {there} or another --data"
            )
    elif any(data.iterdir()):
        raise FolderError(f"{data} is not empty and no data folder of the engine: give another one with --data")
    marker.write_text(json.dumps({"nodes": nodes}))
    account.require_readable(data, "give a folder below one that every user may enter with --data")


def _make(folder: Path, advice: str) -> None:
    try:
        if not folder.exists():
            folder.mkdir(parents=True)
            folder.chmod(0o755)
    except OSError as error:
        raise FolderError(f"cannot make {folder} ({error.strerror}): {advice}") from error
