"""Source code as syntax trees: modules, functions, names, docstrings, repeated blocks."""

import ast
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.command_line import ROOT

IRREGULAR = frozenset(
    {"told", "shown", "found", "made", "kept", "given", "spent", "taken", "meant"}
    | {"sent", "known", "built", "said", "seen", "held", "left", "lost", "met"}
)
NO_PARTICIPLES = frozenset({"embed", "feed", "need", "proceed", "seed", "speed"})
VAGUE_OPENING = re.compile(r"(The|A|An|What|Whether)\b")


@dataclass(frozen=True)
class Module:
    """Holds a module of the project, parsed."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def lines(self) -> int:
        return self.text.count("\n")


def read_modules(root: Path = ROOT) -> list[Module]:
    """Returns the modules under version control, tests left out."""
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=root, capture_output=True, text=True, check=True).stdout
    paths = [Path(line) for line in listed.splitlines() if not line.startswith(("tests/", "client/tests/"))]
    return [Module(path, (root / path).read_text()) for path in paths if (root / path).is_file()]


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
    """Returns class names that stand in more than one module, with the number of modules.

    The client is a house of its own: it calls a product a product, as the house does, and neither imports the other.
    """
    places: dict[str, set[Path]] = {}
    for module in [each for each in modules if each.path.parts[0] != "client"]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                places.setdefault(node.name, set()).add(module.path)
    return {name: len(where) for name, where in sorted(places.items()) if len(where) > 1}


def read_docstrings(modules: list[Module]) -> list[str]:
    """Returns the docstrings of all modules, classes and functions."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for module in modules for node in ast.walk(module.tree) if isinstance(node, documented)]
    return [text for node in nodes if (text := ast.get_docstring(node))]


def find_repeated_blocks(modules: list[Module], size: int) -> list[str]:
    """Returns the places of blocks of `size` lines that stand earlier in the house already, letter by letter.

    Imports, docstrings, comments, blank lines and lines that only close brackets do not count.
    """
    first: dict[tuple[str, ...], str] = {}
    found: dict[tuple[str, str], str] = {}
    for module in modules:
        lines = _list_code_lines(module)
        for start in range(len(lines) - size + 1):
            block = tuple(text for _, text in lines[start : start + size])
            place = f"{module.path}:{lines[start][0]}"
            earlier = first.setdefault(block, place)
            if earlier != place:  # one row for two files, however long what they share
                found.setdefault((earlier.partition(":")[0], str(module.path)), f"{earlier} ~ {place}")
    return list(found.values())


def _list_code_lines(module: Module) -> list[tuple[int, str]]:
    """Returns number and text of the lines that count."""
    skipped: set[int] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Expr | ast.Import | ast.ImportFrom):
            skipped |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    numbered = enumerate(map(str.strip, module.text.splitlines()), start=1)
    return [(n, text) for n, text in numbered if n not in skipped and len(text) > 2 and not text.startswith("#")]
