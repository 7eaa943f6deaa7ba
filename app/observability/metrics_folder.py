"""Where gunicorn's processes leave their counters; it must be known before prometheus_client is imported."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from app.settings import ApiSettings, export

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@cache  # gunicorn reads its configuration again on SIGHUP, when the folder is in use
def prepare() -> Path:
    """Returns an empty folder: the configured one wiped of what earlier processes left, or a new temporary one."""
    configured = ApiSettings.load().prometheus_multiproc_dir
    folder = Path(configured) if configured else Path(tempfile.mkdtemp(prefix="visual-search-metrics-"))
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob("*.db"):
        left.unlink()
    export(VARIABLE, str(folder))
    return folder


def remove(folder: Path) -> None:
    """Delete the counters of a server that has ended."""
    shutil.rmtree(folder, ignore_errors=True)
