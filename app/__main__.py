"""The door of the API: `python -m app serve`."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from app.index.connect import connect_elasticsearch
from app.settings import ApiSettings, export
from catalog.cli_support import exit_on_error
from models.photos.settings import PhotoSettings
from models.settings import ModelSettings

door = typer.Typer(help="The REST API.", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@door.callback()
def main() -> None:
    """The REST API."""


def _start(settings: ApiSettings) -> None:
    """Become gunicorn: signals then reach it directly."""
    export("API_PORT", str(settings.api_port))
    configuration = str(Path(__file__).with_name("gunicorn_conf.py"))
    command = [sys.executable, "-m", "gunicorn", "-c", configuration, "app.wsgi:app"]
    os.execv(sys.executable, command)  # noqa: S606


@door.command()
def serve(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Default API_PORT, 8000.")] = None,
) -> None:
    """Serve with gunicorn until SIGTERM or Ctrl-C."""
    with exit_on_error("app"):
        settings = ApiSettings.load()
        connect_elasticsearch(settings)  # made and thrown away: wrong settings end here, in one line
        PhotoSettings.load()
        ModelSettings.load()
    _start(settings.model_copy(update={"api_port": port}) if port else settings)


if __name__ == "__main__":
    door()
