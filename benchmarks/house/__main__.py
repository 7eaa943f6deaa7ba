"""Measures the code itself: sizes, names, docstrings, and what one request crosses: `make house`."""

from collections import Counter
from dataclasses import dataclass

import typer

from benchmarks.house.request_trace import trace_similar_request
from benchmarks.house.source import (
    VAGUE_OPENING,
    Module,
    find_functions,
    find_repeated_blocks,
    find_shared_class_names,
    is_participle,
    read_docstrings,
    read_modules,
)

SIDE_ROOMS = ("benchmarks", "samples", "loadtest", "demo")
LONGEST_MODULE, LONGEST_FUNCTION, FULLEST_FOLDER, REPEATED_LINES = 200, 25, 15, 6  # the house rules
MOST_NAMED = 5  # of a list that is printed
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@dataclass(frozen=True)
class HouseFigure:
    """One figure, and the goal of the house where there is one."""

    name: str
    value: str
    goal: str = ""


def measure_house() -> list[HouseFigure]:
    """Returns what is measured, in the order in which it is printed."""
    modules = read_modules()
    return [*_measure_sizes(modules), *_measure_words(modules), *_measure_structure(modules)]


def _measure_sizes(modules: list[Module]) -> list[HouseFigure]:
    lines = sum(module.lines for module in modules)
    aside = sum(module.lines for module in modules if module.path.parts[0] in SIDE_ROOMS)
    functions = [node for _, node in find_functions(modules)]
    long = [node for node in functions if (node.end_lineno or node.lineno) - node.lineno >= LONGEST_FUNCTION]
    folders = Counter(str(module.path.parent) for module in modules)
    full = [f"{folder} {count}" for folder, count in folders.most_common() if count > FULLEST_FOLDER]
    return [
        HouseFigure("modules, without tests", str(len(modules))),
        HouseFigure("lines", f"{lines:,} ({aside / lines:.0%} in {', '.join(SIDE_ROOMS)})"),
        HouseFigure(f"modules over {LONGEST_MODULE} lines", str(sum(one.lines > LONGEST_MODULE for one in modules))),
        HouseFigure(f"functions over {LONGEST_FUNCTION} lines", f"{len(long)} of {len(functions)}"),
        HouseFigure(f"folders with more than {FULLEST_FOLDER} modules", ", ".join(full) or "none", "none"),
    ]


def _measure_words(modules: list[Module]) -> list[HouseFigure]:
    names = [node.name for _, node in find_functions(modules) if not node.name.startswith("__")]
    bare = sum(map(is_participle, names))
    docstrings = read_docstrings(modules)
    vague = sum(1 for text in docstrings if VAGUE_OPENING.match(text))
    shared = find_shared_class_names(modules)
    return [
        HouseFigure("functions named by a participle alone", f"{bare} ({bare / len(names):.1%})", "0"),
        HouseFigure("class names in several modules", _list_some(list(shared)), "none"),
        HouseFigure(
            "docstrings that open with The, A, An, What or Whether", f"{vague} ({vague / len(docstrings):.0%})", "8 %"
        ),
    ]


def _measure_structure(modules: list[Module]) -> list[HouseFigure]:
    request = trace_similar_request()
    repeated = find_repeated_blocks(modules, REPEATED_LINES)
    return [
        HouseFigure(f"blocks of {REPEATED_LINES} lines that stand twice", _list_some(repeated), "none"),
        HouseFigure("one similar request: calls from file to file", str(request.calls)),
        HouseFigure("one similar request: borders between files", str(request.borders)),
        HouseFigure("one similar request: functions entered", str(request.functions)),
    ]


def _list_some(found: list[str]) -> str:
    """Returns how many there are, and the first of them."""
    rest = ", ..." if len(found) > MOST_NAMED else ""
    return f"{len(found)}: {', '.join(found[:MOST_NAMED])}{rest}" if found else "none"


@app.command()
def main() -> None:
    """Print sizes, names, docstrings, repeated blocks and what one similar request crosses, beside the goals."""
    figures = measure_house()
    width = max(len(one.name) for one in figures)
    for one in figures:
        typer.echo(f"{one.name:<{width}}  {one.value}" + (f"  (goal: {one.goal})" if one.goal else ""))


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.house")
