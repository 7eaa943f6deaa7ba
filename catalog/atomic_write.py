"""Files and folders that are there whole or not at all, also after a crash: written aside, synced, renamed."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yields the place to write a file, which then replaces `path`; after an error `path` stays as it was.

    What was written is on the disk before it gets its name. The folder of `path` is made where it is missing.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield aside
        with aside.open("rb+") as file:
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Replaces the file `path` by one with `content`, a text as UTF-8."""
    with replace_file(path) as aside:
        aside.write_bytes(content.encode() if isinstance(content, str) else content)


def write_synced(path: Path, pieces: Iterable[bytes]) -> None:
    """Writes a file of a folder that gets its name later; it is on the disk when this returns."""
    with path.open("wb") as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())


def place_folder(target: Path, fill: Callable[[Path], None]) -> bool:
    """Makes a folder, filled by `fill`, that appears as `target` in one rename; False where another came first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fill(folder)
        folder.chmod(0o755)
        try:
            folder.rename(target)
        except OSError:
            if not target.exists():
                raise
            return False
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return True


def sync_folders(folders: Iterable[str | Path]) -> None:
    """Puts folders on the disk: a new name in one is safe only then."""
    for folder in folders:
        with suppress(PermissionError):  # a folder above that may be passed through but not read
            descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
