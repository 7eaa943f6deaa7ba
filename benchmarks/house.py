"""Measures the code itself: sizes, names, docstrings, and what one request crosses: `make house`."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

ROOT = Path(__file__).resolve().parents[1]
SIDE_ROOMS = ("benchmarks", "samples", "loadtest", "demo")
IRREGULAR = frozenset(
    {"told", "shown", "found", "made", "kept", "given", "spent", "taken", "meant"}
    | {"sent", "known", "built", "said", "seen", "held", "left", "lost", "met"}
)
NO_PARTICIPLES = frozenset({"embed", "feed", "need", "proceed", "seed", "speed"})
VAGUE_OPENING = re.compile(r"(The|A|An|What|Whether)\b")
LONGEST_MODULE, LONGEST_FUNCTION, FULLEST_FOLDER = 200, 25, 15  # the house rules


@dataclass(frozen=True)
class Module:
    """A module of the project, parsed."""

    path: Path
    tree: ast.Module
    lines: int


def read_modules(root: Path = ROOT) -> list[Module]:
    """Returns the modules under version control, tests left out."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=root, capture_output=True, text=True, check=True).stdout
    paths = [Path(line) for line in listed.splitlines() if not line.startswith("tests/")]
    texts = {path: (root / path).read_text() for path in paths if (root / path).is_file()}
    return [Module(path, ast.parse(text), text.count("\n")) for path, text in texts.items()]


def find_functions(modules: list[Module]) -> Iterator[tuple[Module, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Yields every function and method with its module."""
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield module, node


def is_participle(name: str) -> bool:
    """Returns whether a name is a participle alone (`told`, `settled`) and so does not say what the function does."""
    word = name.strip("_")
    if "_" in word or word in NO_PARTICIPLES:
        return False
    return word in IRREGULAR or word.endswith("ed")


def find_shared_class_names(modules: list[Module]) -> dict[str, int]:
    """Returns class names that stand in more than one module, with the number of modules."""
    places: dict[str, set[Path]] = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, set()).add(module.path)
    return {name: len(where) for name, where in sorted(places.items()) if len(where) > 1}


def read_docstrings(modules: list[Module]) -> list[str]:
    """Returns the docstrings of all modules, classes and functions."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for module in modules for node in ast.walk(module.tree) if isinstance(node, documented)]
    return [text for node in nodes if (text := ast.get_docstring(node))]


def trace_similar_request() -> tuple[int, int]:
    """Returns how many calls of one `similar` request go from file to file, and how many functions it enters."""
    from tests.unit.app_shop import client_of, shop

    client = client_of(shop())
    address = "/v1/products/p-1/similar?size=M"
    client.get(address)  # connections, caches and imports of the first request are no part of the path
    crossed, entered = 0, set[Any]()

    def watch(frame: FrameType, event: str, _: object) -> None:
        nonlocal crossed
        if event != "call" or not _is_ours(frame.f_code.co_filename):
            return
        entered.add(frame.f_code)
        caller = frame.f_back
        crossed += caller is not None and caller.f_code.co_filename != frame.f_code.co_filename

    sys.setprofile(watch)
    try:
        client.get(address)
    finally:
        sys.setprofile(None)
    return crossed, len(entered)


def _is_ours(filename: str) -> bool:
    return filename.startswith(str(ROOT)) and not filename.startswith((str(ROOT / "tests"), str(ROOT / ".venv")))


def measure_house() -> list[tuple[str, str]]:
    """Returns rows of what is measured and the figure, in the order in which they are printed."""
    modules = read_modules()
    functions = [(module, node) for module, node in find_functions(modules) if not node.name.startswith("__")]
    bare = [f"{module.path}:{node.name}" for module, node in functions if is_participle(node.name)]
    docstrings = read_docstrings(modules)
    vague = sum(1 for text in docstrings if VAGUE_OPENING.match(text))
    shared = find_shared_class_names(modules)
    lines = sum(module.lines for module in modules)
    aside = sum(module.lines for module in modules if module.path.parts[0] in SIDE_ROOMS)
    folders = Counter(str(module.path.parent) for module in modules)
    full = {folder: count for folder, count in folders.items() if count > FULLEST_FOLDER}
    long = [node for _, node in functions if (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION]
    crossed, entered = trace_similar_request()
    return [
        ("modules, without tests", str(len(modules))),
        ("lines", f"{lines} ({aside / lines:.0%} in {', '.join(SIDE_ROOMS)})"),
        (f"modules over {LONGEST_MODULE} lines", str(sum(module.lines > LONGEST_MODULE for module in modules))),
        (f"functions over {LONGEST_FUNCTION} lines", f"{len(long)} of {len(functions)}"),
        ("functions named by a participle alone", f"{len(bare)} ({len(bare) / len(functions):.1%})"),
        ("class names in several modules", f"{len(shared)}: {', '.join(shared) or 'none'}"),
        ("docstrings that open with The, A, An, What or Whether", f"{vague} ({vague / len(docstrings):.0%})"),
        (f"folders with more than {FULLEST_FOLDER} modules", _list_folders(full)),
        ("one similar request: calls from file to file", str(crossed)),
        ("one similar request: functions entered", str(entered)),
    ]


def _list_folders(counts: dict[str, int]) -> str:
    named = [f"{folder} {count}" for folder, count in sorted(counts.items(), key=lambda each: -each[1])]
    return ", ".join(named) or "none"


@app.command()
def main() -> None:
    """Print sizes, names, docstrings and what one similar request crosses."""
    rows = measure_house()
    width = max(len(name) for name, _ in rows)
    for name, figure in rows:
        typer.echo(f"{name:<{width}}  {figure}")


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.house")
