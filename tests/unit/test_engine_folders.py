"""Folders that are not ours, of another cluster, or closed to the server's user."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import FolderError, OptionsError
from engine.install import account, folders


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's tmp_path."""
    folder = Path(tempfile.mkdtemp(prefix="visual-search-folders-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_a_folder_with_other_things_in_it_is_left_alone(open_folder):
    (open_folder / "letter.txt").touch()
    with pytest.raises(FolderError, match="not empty and no data folder of the engine"):
        folders.prepare_data(open_folder, 1, account.choose_account())
    assert [path.name for path in open_folder.iterdir()] == ["letter.txt"]


def test_a_data_folder_is_taken_up_again_by_a_cluster_of_the_same_size_only(open_folder):
    data = open_folder / "data"
    folders.prepare_data(data, 3, account.choose_account())
    folders.prepare_data(data, 3, account.choose_account())
    with pytest.raises(OptionsError, match=r"holds a cluster of 3, not 1: give --nodes 3"):
        folders.prepare_data(data, 1, account.choose_account())


def test_a_cache_that_cannot_be_made_says_which_setting_helps(open_folder):
    (open_folder / "file").touch()
    with pytest.raises(FolderError, match=r"cannot make .*/file/cache .*ENGINE_CACHE"):
        folders.prepare_cache(open_folder / "file" / "cache", account.choose_account())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as another user")
def test_a_cache_closed_to_the_servers_user_is_refused(open_folder):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(FolderError, match=r"user \w+, as whom the server runs, cannot read .*ENGINE_CACHE"):
        folders.prepare_cache(closed / "cache", account.choose_account())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user")
def test_root_never_runs_the_server():
    assert account.choose_account().uid != 0
