"""Files and folders that are written whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.atomic_write import place_folder, replace_file, sync_folders, write_atomically, write_synced


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "one.json"
    write_atomically(file, "früh")
    assert file.read_bytes() == "früh".encode()
    write_atomically(file, b"late")
    assert file.read_bytes() == b"late"
    assert names(file.parent) == ["one.json"]
    assert file.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    was = os.umask(0)
    os.umask(was)
    return was


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    write_atomically(file, "old")
    with pytest.raises(RuntimeError), replace_file(file) as aside:
        aside.write_text("half")
        raise RuntimeError
    assert file.read_text() == "old" and names(tmp_path) == ["one.json"]


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    file = tmp_path / "one.json"
    write_atomically(file, "old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, "new")
    assert file.read_text() == "old" and names(tmp_path) == ["one.json"]


def test_the_content_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (seen.append(names(tmp_path)), sync(descriptor)))
    write_atomically(tmp_path / "one.json", "new")
    assert len(seen) == 1 and "one.json" not in seen[0]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    write_atomically(file, "old")
    code = (
        "import os, sys; from pathlib import Path; from catalog.atomic_write import replace_file\n"
        "with replace_file(Path(sys.argv[1])) as aside:\n"
        "    aside.write_text('half'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(file)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9 and file.read_text() == "old"


def test_a_folder_appears_at_once_and_the_first_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "name" / "v1"

    def fill(text: str, folder: Path) -> None:
        write_synced(folder / "file", [text.encode(), b"!"])
        assert text != "first" or not target.exists()

    assert place_folder(target, lambda folder: fill("first", folder)) is True
    assert place_folder(target, lambda folder: fill("second", folder)) is False
    assert (target / "file").read_text() == "first!"
    assert target.stat().st_mode & 0o777 == 0o755
    assert names(target.parent) == ["v1"]


def test_a_folder_that_could_not_be_filled_does_not_appear(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        place_folder(tmp_path / "v1", fill)
    assert names(tmp_path) == []


def test_folders_are_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    sync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda descriptor: (synced.append(descriptor), sync(descriptor)))
    sync_folders([tmp_path, str(tmp_path)])
    assert len(synced) == 2
