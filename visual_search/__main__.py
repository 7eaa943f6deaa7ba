"""`visual-search COMMAND ...`: the commands of all rooms under one name, imported when they are used."""

import typer

from visual_search.lazy import build_group
from visual_search.subcommands import ROOMS

app = typer.Typer(cls=build_group(ROOMS), no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def run() -> None:
    """Visual search for a shop on its own Elasticsearch."""


def main() -> None:
    """Runs the command line; the entry point of the package."""
    app(prog_name="visual-search")


if __name__ == "__main__":
    main()
