"""Chooses the user that the server runs as: Elasticsearch refuses root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from engine.errors import FolderError

CANDIDATES = ("elasticsearch", "nobody")


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    @property
    def is_current(self) -> bool:
        return self.uid == os.geteuid()

    def build_popen_options(self) -> dict[str, object]:
        """Returns keyword arguments for subprocess that make the child run as this user."""
        if self.is_current:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def give_ownership(self, path: Path) -> None:
        """Makes this user the owner of the file or folder."""
        if not self.is_current:
            os.chown(path, self.uid, self.gid)

    def can_access(self, access: str, path: Path) -> bool:
        """Returns whether the user may read ("r"), write ("w") or enter ("x") the path; tests it as that user."""
        command = ["test", f"-{access}", str(path)]
        return subprocess.run(command, check=False, cwd="/", **self.build_popen_options()).returncode == 0  # type: ignore[call-overload,no-any-return]

    def require_readable(self, folder: Path, advice: str) -> None:
        """Raises FolderError, ending in the advice, where the user cannot read the folder."""
        if not (self.can_access("r", folder) and self.can_access("x", folder)):
            raise FolderError(f"user {self.name}, as whom the server runs, cannot read {folder}: {advice}")


def choose_account() -> Account:
    """Returns the caller, or for root the first of `elasticsearch` and `nobody` that exists."""
    if os.geteuid() != 0:
        return _to_account(pwd.getpwuid(os.geteuid()))
    for name in CANDIDATES:
        try:
            return _to_account(pwd.getpwnam(name))
        except KeyError:
            continue
    raise FolderError(
        "Elasticsearch refuses to run as root: create a user named elasticsearch, or start as another user"
    )


def _to_account(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
