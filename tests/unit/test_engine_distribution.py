"""The pinned download: refused when it is another file, unpacked once, never half."""

from __future__ import annotations

import hashlib
import os
import threading
import zipfile
from pathlib import Path

import pytest

from engine.errors import DistributionError
from engine.install import distribution


class Repository:
    """Hands out a zip as jgo would, and counts how often."""

    def __init__(self, content: Path) -> None:
        self.content = content
        self.asked = 0

    def __call__(self, scratch: Path) -> Path:
        self.asked += 1
        copy = scratch / "elasticsearch.zip"
        copy.write_bytes(self.content.read_bytes())
        return copy

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content.read_bytes()).hexdigest()


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    archive = tmp_path / "made.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        program = zipfile.ZipInfo("elasticsearch-0/bin/elasticsearch")
        program.external_attr = 0o755 << 16
        zipped.writestr(program, "#!/bin/sh\n")
        zipped.writestr("elasticsearch-0/config/jvm.options", "-Xmx1g\n")
    return Repository(archive)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def test_unpacks_once_readable_by_everybody(repository, cache):
    before = os.umask(0o077)
    try:
        home = distribution.ensure_distribution(cache, repository, repository.sha256)
    finally:
        os.umask(before)
    assert distribution.ensure_distribution(cache, repository, repository.sha256) == home
    assert repository.asked == 1
    modes = {path.name: path.stat().st_mode & 0o777 for path in (home, *home.rglob("*"))}
    expected = {home.name: 0o755, "bin": 0o755, "config": 0o755, "elasticsearch": 0o755, "jvm.options": 0o644}
    assert modes == expected


def test_another_checksum_is_refused_and_nothing_stays(repository, cache):
    repository.content.write_bytes(repository.content.read_bytes()[:-1])
    with pytest.raises(
        DistributionError, match=r"refused the downloaded elasticsearch\.zip.*corrupt or was tampered"
    ):
        distribution.ensure_distribution(cache, repository)
    assert [path.name for path in cache.iterdir()] == ["distribution.lock"]


def test_a_failed_download_says_what_to_do(cache):
    def unreachable(scratch: Path) -> Path:
        raise ConnectionError("host unknown")

    with pytest.raises(DistributionError, match=r"could not fetch .*:8\.19\.21 \(host unknown\): check the network"):
        distribution.ensure_distribution(cache, unreachable)


def test_starts_at_the_same_time_fetch_once(repository, cache):
    threads = [
        threading.Thread(target=distribution.ensure_distribution, args=(cache, repository, repository.sha256))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert repository.asked == 1
