"""Results of a measurement: where they come from, as JSON that is read again, and as a Markdown page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

from benchmarks import machine
from benchmarks.command_line import ROOT
from catalog.cli_support import format_command
from catalog.elastic import Catalogue

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RunDescription:
    """Says on what machine, by which command, when and at which commit something was measured."""

    machine: str
    command: str
    date: str
    commit: str

    @property
    def title(self) -> str:
        return f"`{self.command}`, {self.date}, commit {self.commit}"


def describe_run(catalogue: Catalogue, benchmark: str) -> dict[str, str]:
    """Returns the fields of RunDescription for this run of `python -m benchmarks.BENCHMARK`."""
    return {
        "machine": machine.describe_cluster(catalogue),
        "command": format_command(f"benchmarks.{benchmark}"),
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": machine.read_commit(ROOT),
    }


def write_results(folder: Path, name: str, body: Any, page: str) -> None:
    """Writes NAME.json (of dataclasses or plain data) and NAME.md into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_bytes(orjson.dumps(body, option=orjson.OPT_INDENT_2) + b"\n")
    (folder / f"{name}.md").write_text(page)


def read_results(path: Path, kind: type[T]) -> T | None:
    """Reads what an earlier run wrote as dataclasses of `kind`; None where there is no such file."""
    return TypeAdapter(kind).validate_json(path.read_bytes()) if path.exists() else None


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a Markdown table."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]
