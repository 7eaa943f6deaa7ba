"""What all command lines share: errors, results, progress."""

from __future__ import annotations

import io
import json
import logging
import os
import signal

import pytest
import typer
from rich.console import Console
from rich.table import Table

from catalog import cli_support
from catalog.cli_support import (
    exit_on_error,
    exit_on_sigterm,
    format_command,
    format_table,
    ignore_progress,
    print_result,
    print_table,
    show_progress,
    show_steps,
)
from catalog.errors import InvalidInput, Unavailable

log = logging.getLogger("catalog")


class Broken(Exception):
    """A failure on the way."""


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (InvalidInput("no such feed", hint="name another"), 2, "etl: no such feed; name another\n"),
        (Unavailable("it is\nalways away"), 2, "etl: it is\\nalways away\n"),
        (Broken("half done"), 1, "etl: half done\n"),
    ],
)
def test_an_error_is_one_line_and_a_status(
    error: Exception, status: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as ended, exit_on_error("etl", failures=(Broken,)):
        raise error
    assert ended.value.exit_code == status
    assert capsys.readouterr() == ("", said)


def test_an_error_as_json_has_its_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), exit_on_error("etl", as_json=True):
        raise InvalidInput("no such feed")
    out, err = capsys.readouterr()
    assert json.loads(out) == {"error": "invalid_input", "message": "no such feed"}
    assert err == "etl: no such feed\n"


def test_other_errors_are_bugs_and_pass() -> None:
    with pytest.raises(ValueError, match="bug"), exit_on_error("etl"):
        raise ValueError("bug")


def test_sigterm_ends_with_its_status_and_cleans_up() -> None:
    before, cleaned = signal.getsignal(signal.SIGTERM), []
    try:
        exit_on_sigterm()
        with pytest.raises(SystemExit) as ended:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                signal.sigtimedwait([], 5)
            finally:
                cleaned.append(True)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 143 and cleaned


def test_a_result_is_text_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(False, {"a": 1}, "one\ntwo")
    print_result(True, {"a": 1}, "one\ntwo")
    assert capsys.readouterr().out == 'one\ntwo\n{"a": 1}\n'


def test_tables_are_wide_where_no_terminal_is(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("name", "text")
    table.add_row("x", "y" * 120)
    print_table(table)
    assert "y" * 120 in capsys.readouterr().out
    assert max(map(len, format_table(table, 60).splitlines())) <= 60


def test_a_command_is_recorded_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["/x/__main__.py", "export", "a name"])
    assert format_command("models") == "python -m models export 'a name'"


class Clock:
    """Time that passes only when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(cli_support.time, "monotonic", found)
    return found


def test_progress_is_lines_where_no_terminal_is(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), show_progress(log, Console(file=io.StringIO())) as progress:
        for second in range(31):
            clock.now = 100.0 + second
            progress("photos", 100 * second, 3000)
        progress("rows", 1500, None)
    assert caplog.messages == [
        "photos: 0 of 3,000",
        "photos: 1,000 of 3,000, 100.0/s, 20 s left",
        "photos: 2,000 of 3,000, 100.0/s, 10 s left",
        "photos: 3,000 of 3,000, 100.0/s, 0 s left",
        "rows 1,500",
    ]


def test_progress_is_bars_on_a_terminal(clock: Clock) -> None:
    console = Console(force_terminal=True, width=100, file=io.StringIO())
    with show_progress(log, console) as progress:
        progress("photos", 0, 10)
        clock.now += 2.0
        progress("photos", 4, 10)
        progress("rows\x1b[31m", 7, None)
    shown = console.file.getvalue()  # type: ignore[attr-defined]
    assert "4/10" in shown and "2/s" in shown and "7/?" in shown
    assert "rows\\x1b[31m" in shown


def test_one_thing_alone_is_counted_by_steps(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), show_steps(log, "questions") as step:
        step(1, 2)
        step(2, 2)
    assert caplog.messages[0] == "questions: 1 of 2" and caplog.messages[1].startswith("questions: 2 of 2, ")
    ignore_progress("questions", 1, 2)
