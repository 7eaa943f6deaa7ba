"""Changes the code in small ways, one at a time, and counts which changes the tests notice: `make mutants`.

mutmut makes the changes and runs, for each, the unit tests that reach it. A change that no test notices (a surviving
mutant) shows a missing test, or it changes nothing that anybody could see: those stand in
`tests/equivalent_mutants.toml`, each with its reason. Changes of a sentence's wording (a string with a space in it)
count on neither side: tests hold what a message names, not how it is phrased.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

ROOT = Path(__file__).resolve().parents[1]
WORK = ROOT / "var" / "mutants"
EQUIVALENT = ROOT / "tests" / "equivalent_mutants.toml"
REQUIRED_SHARE = 0.85
QUICK_AREA = "gate"
QUICK_PATTERNS = ("*__mutmut_4", "*__mutmut_19")  # the fourth and the 19th change of every function that has so many
NOTICED = frozenset({"killed", "timeout", "suspicious", "segfault", "caught by type check"})


@dataclass(frozen=True)
class Area:
    """Names a part of the code and the unit tests that are to notice its changes, both as glob patterns."""

    code: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "search": Area(
        ("catalog/similarity.py", "catalog/search/*", "catalog/similar/*"),
        ("test_catalog_[!fi]*", "test_catalog_filters*", "test_app_search*", "test_app_products*"),
    ),
    "runtime": Area(("models/runtime/*",), ("test_models_[!z]*",)),
    "etl": Area(("etl/stages/*", "etl/*policy.py"), ("test_etl_*",)),
    "gate": Area(("evaluation/gate/*",), ("test_evaluation_*",)),
}


@dataclass(frozen=True)
class Mutant:
    """Describes a changed place: what mutmut found, and the changed lines as `- old` and `+ new`."""

    name: str
    status: str
    change: str = ""

    @property
    def function(self) -> str:
        return re.sub(r"__mutmut_\d+$", "", self.name)


def copy_house(area: Area, target: Path) -> None:
    """Copies the files that git knows or would add, and writes mutmut's settings beside them."""
    shutil.rmtree(target, ignore_errors=True)
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [Path(line) for line in listed.splitlines() if (ROOT / line).is_file()]
    for file in files:
        (target / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / file, target / file)
    rooms = sorted({file.parts[0] for file in files if file.suffix == ".py" and len(file.parts) > 1} - {"tests"})
    others = sorted({file.parts[0] for file in files} - {*rooms, "tests", "pyproject.toml"})
    tests = {path.relative_to(target) for glob in area.tests for path in target.glob(f"tests/unit/{glob}.py")}
    settings = {
        "source_paths": rooms,
        "only_mutate": area.code,
        "also_copy": others,
        "pytest_add_cli_args_test_selection": sorted(map(str, tests)),
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-m", "not shared_data"],
    }
    lines = [f"{key} =\n" + "".join(f"    {value}\n" for value in values) for key, values in settings.items()]
    (target / "setup.cfg").write_text("[mutmut]\n" + "".join(lines))


def run_mutmut(tree: Path, *arguments: str) -> str:
    """Returns what mutmut printed; raises RuntimeError with its last lines where it failed."""
    command = [sys.executable, "-m", "mutmut", *arguments]
    environ = {key: value for key, value in os.environ.items() if key != "ELASTICSEARCH_URL"}
    environ["OMP_NUM_THREADS"] = "1"  # mutmut forks, and OpenMP's threads of the parent are lost in the child
    ended = subprocess.run(command, cwd=tree, env=environ, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"mutmut {arguments[0]} failed:\n{(ended.stdout + ended.stderr)[-4000:]}")
    return ended.stdout


def list_mutants(tree: Path) -> list[Mutant]:
    """Returns every mutant that was tried, with the change of those that survived."""
    rows = [line.strip().partition(": ") for line in run_mutmut(tree, "results", "--all", "true").splitlines()]
    tried = [(name, status) for name, colon, status in rows if colon and status != "not checked"]
    return [Mutant(name, status, "" if status in NOTICED else read_change(tree, name)) for name, status in tried]


def read_change(tree: Path, name: str) -> str:
    """Returns the lines that a mutant takes away and puts in their place."""
    lines = run_mutmut(tree, "show", name).splitlines()
    changed = [line for line in lines if re.match(r"[-+](?![-+])", line)]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in changed)


def is_rewording(change: str) -> bool:
    """Returns whether a change only touches the text of a sentence: its case, or marks around it."""
    lines = change.splitlines()
    old = " ".join(line[2:] for line in lines if line.startswith("-"))
    new = " ".join(line[2:] for line in lines if line.startswith("+"))
    if old.lower() != re.sub(r"(?<=[\"'])XX|XX(?=[\"'])", "", new).lower():
        return False
    return any(" " in text for text in re.findall(r'"([^"]*)"', old))


def read_equivalent() -> dict[tuple[str, str], str]:
    """Returns the reason for every change that nobody could notice, by function and change."""
    listed = tomllib.loads(EQUIVALENT.read_text())["mutant"]
    return {(each["function"], each["change"].strip()): each["reason"] for each in listed}


def judge(area: str, mutants: list[Mutant], equivalent: dict[tuple[str, str], str]) -> float:
    """Prints an area's survivors and returns which share of the mutants was noticed."""
    alive = [mutant for mutant in mutants if mutant.status not in NOTICED]
    reworded = [mutant for mutant in alive if is_rewording(mutant.change)]
    excused = [mutant for mutant in alive if (mutant.function, mutant.change) in equivalent]
    missed = [mutant for mutant in alive if mutant not in reworded and mutant not in excused]
    for mutant in missed:
        typer.echo(f"{mutant.name} ({mutant.status})\n{mutant.change}\n")
    counted = len(mutants) - len(alive) + len(missed)
    share = 1 - len(missed) / counted if counted else 1.0
    states = ", ".join(f"{count} {status}" for status, count in Counter(m.status for m in mutants).most_common())
    left_out = f"left out: {len(excused)} equivalent, {len(reworded)} reworded"
    typer.echo(f"{area}: {share:.1%} of {counted} noticed ({states}; {left_out})\n")
    return share


@app.command()
def main(
    area: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(AREAS)}; may be repeated.")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Two changes a function at most, one area.")] = False,
    only: Annotated[list[str] | None, typer.Option(help="Only mutants like this, such as 'catalog.*_3'.")] = None,
) -> None:
    """Change the code in small ways and count which changes the unit tests notice; status 1 below 85 %.

    Example: python -m benchmarks.mutants --area gate
    """
    patterns = tuple(only or (QUICK_PATTERNS if quick else ()))
    equivalent, shares = read_equivalent(), {}
    for name in area or ([QUICK_AREA] if quick else list(AREAS)):
        if name not in AREAS:
            raise typer.BadParameter(f"there is no area {name!r}; there are: {', '.join(AREAS)}")
        tree = WORK / name
        copy_house(AREAS[name], tree)
        run_mutmut(tree, "run", *patterns, "--max-children", str(os.cpu_count() or 1))
        shares[name] = judge(name, list_mutants(tree), equivalent)
    low = [name for name, share in shares.items() if share < REQUIRED_SHARE]
    if low:
        typer.echo(f"Fewer than {REQUIRED_SHARE:.0%} of the changes were noticed in: {', '.join(low)}")
        raise typer.Exit(1)


if __name__ == "__main__":
    app(prog_name="python -m benchmarks.mutants")
