"""What the code has that a page has to name, read from the code itself: settings, codes, endpoints, commands."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from typer.main import get_command

from models.photos.errors import Reason
from tests.unit.app_shop import client_of, shop
from visual_search.__main__ import app as command
from visual_search.all_settings import list_settings

ROOT = Path(__file__).parents[2]
ROOMS = sorted(each.parent.name for each in ROOT.glob("*/__init__.py") if each.parent.name != "tests")
SNAKE_CASE = re.compile(r"[a-z]+(_[a-z0-9]+)*")
VARIABLE = re.compile(r"[A-Z]+(_[A-Z0-9]+)+")
STATUSES = range(400, 600)


@cache
def modules(*rooms: str) -> list[ast.Module]:
    """Returns the syntax tree of every module of `rooms`, by default of all."""
    files = [path for room in rooms or ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [ast.parse(path.read_text()) for path in files]


def text_of(node: ast.AST | None) -> str | None:
    """Returns a string literal's text, None for anything else."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def texts_in(node: ast.AST) -> Iterator[str]:
    """Yields all string literals below `node`."""
    yield from (text for each in ast.walk(node) if (text := text_of(each)) is not None)


def names_of(bases: list[ast.expr]) -> set[str]:
    """Returns the last names of a class's bases: `errors.InvalidInput` is `InvalidInput`."""
    return {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in bases}


def classes(*rooms: str) -> dict[str, ast.ClassDef]:
    """Returns the classes of `rooms` by name."""
    found: dict[str, ast.ClassDef] = {}
    for tree in modules(*rooms):
        found |= {each.name: each for each in ast.walk(tree) if isinstance(each, ast.ClassDef)}
    return found


def descendants(ancestor: str, known: dict[str, ast.ClassDef]) -> list[ast.ClassDef]:
    """Returns the class called `ancestor` and all that inherit from it."""
    found, before = {ancestor}, 0
    while len(found) > before:
        before = len(found)
        found |= {name for name, node in known.items() if names_of(node.bases) & found}
    return [node for name, node in known.items() if name in found]


def fields_of(node: ast.ClassDef) -> dict[str, ast.expr | None]:
    """Returns a class's attributes with the values they are given."""
    found: dict[str, ast.expr | None] = {}
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            found[each.target.id] = each.value
        elif isinstance(each, ast.Assign):
            found |= {target.id: each.value for target in each.targets if isinstance(target, ast.Name)}
    return found


def settings() -> dict[str, str]:
    """Returns the environment variables that the rooms read with their defaults, "" where one is computed."""
    return {setting.name: setting.default for setting in list_settings()}


def class_codes(*rooms: str) -> set[str]:
    """Returns the codes of all error classes in `rooms`."""
    known = classes()
    wanted = set(classes(*rooms))
    nodes = [each for each in descendants("VisualSearchError", known) if each.name in wanted]
    return {text for node in nodes if (text := text_of(fields_of(node).get("code")))}


def http_codes() -> set[str]:
    """Returns the codes that are written beside a status in `app/`, or by the proxy before it."""
    found = set(re.findall(r'"code":"(\w+)"', (ROOT / "docker/nginx.conf").read_text()))
    for tree in modules("app"):
        for node in ast.walk(tree):
            found.update(filter(SNAKE_CASE.fullmatch, codes_beside_status(node)))
    return found


def codes_beside_status(node: ast.AST) -> Iterator[str]:
    """Yields string literals that follow a status, are assigned to `code`, or open a call of `body`."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        yield from (text for key, value in pairs if is_status(key) and (text := text_of(value)))
    elif isinstance(node, ast.Call | ast.Tuple):
        parts = node.args if isinstance(node, ast.Call) else node.elts
        yield from (text for one, two in pairwise(parts) if is_status(one) and (text := text_of(two)))
        if isinstance(node, ast.Call) and parts and getattr(node.func, "id", "").endswith("body"):
            yield text_of(parts[0]) or ""
    elif isinstance(node, ast.Assign) and any(getattr(each, "id", "") == "code" for each in node.targets):
        yield from texts_in(node.value)


def is_status(node: ast.AST | None) -> bool:
    """Tells whether a literal is an HTTP status of an error."""
    return isinstance(node, ast.Constant) and node.value in STATUSES


def warning_codes() -> set[str]:
    """Returns the codes of the warnings that an answer may carry."""
    found: set[str] = set()
    for tree in modules("app", "catalog", "models"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "").endswith("Warning"):
                arguments = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "code")]
                found |= {text for each in arguments if (text := text_of(each)) and SNAKE_CASE.fullmatch(text)}
    return found


def photo_reasons() -> dict[str, bool]:
    """Returns the reasons for which a photo could not be had, and whether the job tries again."""
    return {str(reason): reason.retryable for reason in Reason}


def specification() -> dict[str, Any]:
    """Returns the API's OpenAPI document."""
    found: dict[str, Any] = client_of(shop()).get("/openapi.json").get_json()
    return found


def endpoints() -> set[str]:
    """Returns `GET /v1/products/{id}` and all others that the API routes, its pages too."""
    found: set[str] = set()
    for rule in client_of(shop()).application.url_map.iter_rules():
        path = re.sub(r"<(?:\w+:)?(?:\w+_)?(\w+)>", r"{\1}", rule.rule)
        found |= {f"{method} {path}" for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    return found - {"GET /static/{filename}"}


def parameters() -> set[str]:
    """Returns every query parameter, form field and field of a JSON question."""
    spec = specification()
    operations = [operation for path in spec["paths"].values() for operation in path.values()]
    found = {each["name"] for operation in operations for each in operation.get("parameters", ())}
    for name, schema in spec["components"]["schemas"].items():
        if re.fullmatch(r"(Search|Batch|Predict)(Body|Source)(By\w+)?|\w+Form", name):
            found |= set(schema.get("properties", ()))
    return found


def commands() -> dict[str, Any]:
    """Returns all commands below `visual-search` by their words: `catalog import`, `serve`."""
    return dict(commands_below(get_command(command), ()))


def commands_below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """Yields a command with its words; of a group all that are in it, loaded."""
    if not hasattr(group, "list_commands"):
        yield " ".join(words), group
        return
    for name in group.list_commands(None):
        found = group.get_command(None, name)
        yield from commands_below(found.load() if hasattr(found, "load") else found, (*words, name))


def options_of(found: Any) -> set[str]:
    """Returns the option words that a command takes."""
    return {word for each in found.params for word in (*each.opts, *each.secondary_opts)} | {"--help"}
