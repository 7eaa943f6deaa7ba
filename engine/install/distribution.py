"""Fetches the pinned Elasticsearch once per machine and unpacks it into the cache folder."""

import hashlib
import logging
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from engine.errors import DistributionError

log = logging.getLogger(__name__)

GROUP, ARTIFACT, VERSION = "org.elasticsearch.distribution.integ-test-zip", "elasticsearch", "8.19.21"
SHA256 = "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a"
TIMEOUT_S = 60


def ensure_distribution(cache: Path, resolve: Callable[[Path], Path] | None = None, sha256: str = SHA256) -> Path:
    """Returns the folder of the unpacked server, which is complete if it exists.

    `resolve` gets a scratch folder and returns the downloaded zip (by default jgo does it).
    Raises DistributionError where the download fails or has another checksum than the pinned one.
    """
    target = cache / f"elasticsearch-{VERSION}"
    with FileLock(cache / "distribution.lock"):
        if not target.exists():
            with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as scratch:
                archive = _download(Path(scratch), resolve or resolve_with_jgo)
                verify(archive, sha256)
                unpack(archive, Path(scratch) / "unpacked").rename(target)
    return target


def resolve_with_jgo(scratch: Path) -> Path:
    """Downloads the zip into the scratch folder from the repositories that jgo is configured with."""
    from jgo.config import GlobalSettings
    from jgo.maven import MavenContext

    remotes = GlobalSettings.load().repositories or None
    # A repository folder of our own: jgo writes in place, so a broken download in ~/.m2 would stay there.
    context = MavenContext(repo_cache=scratch / "repository", remote_repos=remotes, timeout=TIMEOUT_S)
    component = context.project(GROUP, ARTIFACT).at_version(VERSION)
    return Path(component.artifact(classifier="", packaging="zip").resolve())


def verify(archive: Path, sha256: str) -> None:
    """Raises DistributionError unless the file has the checksum."""
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise DistributionError(
            f"refused the downloaded {archive.name}: its SHA-256 is {found}, pinned is {sha256}; "
            "it is corrupt or was tampered with. Try again, and look at the proxy or mirror in between"
        )


def unpack(archive: Path, into: Path) -> Path:
    """Unpacks the zip, readable by everybody whatever the umask; returns its one top folder."""
    with zipfile.ZipFile(archive) as zipped:
        for info in zipped.infolist():
            path = Path(zipped.extract(info, into))
            path.chmod(0o755 if info.is_dir() or info.external_attr >> 16 & 0o100 else 0o644)
    for path in into.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    (top,) = into.iterdir()
    return top


def _download(scratch: Path, resolve: Callable[[Path], Path]) -> Path:
    free = shutil.disk_usage(scratch).free
    log.info("fetching Elasticsearch %s (107 MB) into %s, %.1f GB free", VERSION, scratch.parent, free / 1e9)
    try:
        return resolve(scratch)
    except Exception as error:  # jgo raises whatever its HTTP client does
        raise DistributionError(
            f"could not fetch {GROUP}:{ARTIFACT}:{VERSION} ({error}): check the network or the proxy and try again"
        ) from error
