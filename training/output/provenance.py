"""Collects where a training came from: photos, commit, uncommitted changes, command, environment."""

from __future__ import annotations

import csv
import io
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from catalog.plain_text import escape_cell
from models.bundles.fingerprint import sha256_bytes, sha256_file
from models.bundles.manifest import describe_environment
from models.settings import REPOSITORY
from training.data.photos import TrainingPhoto, escape_path, fingerprint_photos

PACKAGES = ("torch", "numpy", "onnx", "onnxruntime", "pillow", "scikit-learn")
GIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Provenance:
    """Holds the origin of a training; `diff` is from `read_uncommitted`."""

    data_fingerprint: str
    commit: str | None
    diff: str
    command: str
    environment: dict[str, str]

    @property
    def diff_sha256(self) -> str | None:
        """Hash of the uncommitted changes, None without any."""
        return sha256_bytes(self.diff.encode()) if self.diff else None


def collect_provenance(photos: list[TrainingPhoto]) -> Provenance:
    """Returns the provenance of a training on `photos`, started now by this process."""
    return Provenance(
        data_fingerprint=f"{len(photos)} photos sha256 {fingerprint_photos(photos)}",
        commit=_run_git("rev-parse", "HEAD").strip() or None,
        diff=read_uncommitted(),
        command=shlex.join(["python", "-m", "training", *sys.argv[1:]]),
        environment=describe_environment(*PACKAGES),
    )


def read_uncommitted(folder: Path = REPOSITORY) -> str:
    """Returns `git diff` of tracked files, then SHA-256 and name of each untracked one.

    Empty where there is nothing uncommitted, or no git.
    """
    names = [
        name
        for name in _run_git("ls-files", "--others", "--exclude-standard", "-z", folder=folder).split("\0")
        if name
    ]
    untracked = [f"?? {_hash_file(folder / name)} {name}\n" for name in sorted(names)]
    return _run_git("diff", "HEAD", "--full-index", folder=folder) + "".join(untracked)


def _hash_file(file: Path) -> str:
    try:
        return sha256_file(file)
    except OSError as error:  # a link to nowhere, a name that is not UTF-8, a file that has just gone
        return error.strerror or "unreadable"


def format_hash_table(photos: list[TrainingPhoto]) -> str:
    """Returns a CSV of source, path, group and SHA-256 of every photo."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["source", "path", "group", "sha256"])
    rows = ([one.source, escape_path(one.path), one.group, one.sha256] for one in photos)
    table.writerows(map(escape_cell, row) for row in rows)
    return text.getvalue()


def _run_git(*arguments: str, folder: Path = REPOSITORY) -> str:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, timeout=GIT_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode(errors="replace")
