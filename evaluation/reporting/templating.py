"""Opens the templates of the pages: every value escaped, a missing one an error."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


def open_templates() -> Environment:
    """Returns a fresh environment over this package's templates, for a page to add its own globals to."""
    folder = Path(__file__).parents[1] / "templates"
    return Environment(loader=FileSystemLoader(folder), autoescape=True, undefined=StrictUndefined)
