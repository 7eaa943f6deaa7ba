"""Helpers of the model room's commands: which bundle is there now, and how far a command has come."""

import logging
from functools import partial
from typing import Any

from catalog import cli_support
from catalog.cli_support import Json, print_result
from models.bundles.writer import BundleMaker, StoredBundle
from models.settings import ModelSettings

__all__ = ["Json", "exit_on_error", "get_maker", "log", "print_result", "show_photos", "show_written"]
log = logging.getLogger("models")
exit_on_error = partial(cli_support.exit_on_error, "models")
show_photos = partial(cli_support.show_steps, log)


def get_maker(settings: ModelSettings) -> BundleMaker:
    """Returns the owner of new bundles, the command as it was given, and the folder BUNDLES."""
    return BundleMaker(settings.model_owner, cli_support.format_command("models"), settings.bundles)


def show_written(as_json: bool, written: StoredBundle, **more: Any) -> None:
    """Prints which bundle is there now, and whether it was before."""
    bundle = written.bundle
    summary = {
        "name": bundle.name,
        "version": bundle.version,
        "space": bundle.space.name,
        "dims": bundle.dims,
        "path": str(bundle.path),
        "existed": written.existed,
        "metrics": bundle.manifest.metrics,
        "licenses": bundle.manifest.licenses.model_dump(),
    }
    what = "is there already" if written.existed else "written"
    print_result(
        as_json, summary | more, f"{bundle.name}/{bundle.version} {what}: {bundle.dims} dimensions, {bundle.path}"
    )
