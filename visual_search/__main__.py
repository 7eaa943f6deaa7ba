"""`visual-search COMMAND ...`: the commands of all rooms under one name, imported when they are used."""

import typer

from visual_search.lazy import LazyEntry, build_group

ROOMS: dict[str, LazyEntry] = {
    "demo": LazyEntry(
        "demo.__main__:app",
        "Start and stop a sample shop.",
        ("visual-search demo start", "visual-search demo stop"),
    ),
    "engine": LazyEntry(
        "engine.__main__:app",
        "Run a local Elasticsearch without Docker.",
        ("visual-search engine start", "visual-search engine status --json", "visual-search engine stop"),
    ),
    "catalog": LazyEntry(
        "catalog.__main__:app",
        "Create the catalogue, import feeds, look after the index.",
        ("visual-search catalog create", "visual-search catalog import feed.xml --dry-run"),
    ),
    "models": LazyEntry(
        "models.__main__:app",
        "Make, verify, fetch and promote model bundles.",
        ("visual-search models list", "visual-search models export resnet18", "visual-search models verify fashion"),
    ),
    "etl": LazyEntry(
        "etl.__main__:app",
        "Embed product photos that have no embedding yet.",
        ("visual-search etl run --model fashion", "visual-search etl status"),
    ),
    "evaluate": LazyEntry(
        "evaluation.__main__:app",
        "Measure and compare models, and judge a candidate.",
        ("visual-search evaluate run --model fashion --data shop/", "visual-search evaluate gate --help"),
    ),
    "train": LazyEntry(
        "training.__main__:cli",
        "Train a model on the catalogue's own labels.",
        ("visual-search train fit training/recipes/catalogue.json",),
    ),
    "samples": LazyEntry(
        "samples.__main__:cli",
        "Draw a synthetic shop with photos, feed and ground truth.",
        ("visual-search samples make shop/ --products 300",),
    ),
    "loadtest": LazyEntry(
        "loadtest.__main__:app",
        "Ask as many shoppers at once would, and check every answer.",
        ("visual-search loadtest local", "visual-search loadtest run --users 50"),
    ),
    "benchmark": LazyEntry(
        "benchmarks.__main__:app",
        "Measure speed, beside a baseline.",
        ("visual-search benchmark api --quick",),
    ),
    "serve": LazyEntry(
        "app.__main__:door", "Serve the REST API with gunicorn.", ("visual-search serve --port 8000",)
    ),
}

app = typer.Typer(cls=build_group(ROOMS), no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def run() -> None:
    """Visual search for a shop on its own Elasticsearch."""


def main() -> None:
    """Runs the command line; the entry point of the package."""
    app(prog_name="visual-search")


if __name__ == "__main__":
    main()
