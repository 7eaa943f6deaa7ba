"""The arithmetic of the benchmark, on askers with known times, and its command line."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from benchmarks.api import results
from benchmarks.api.__main__ import SIZES, app
from benchmarks.api.comparison import Comparison, DifferentAnswers, compare
from benchmarks.api.results import ApiRun, ComparisonCase
from benchmarks.api_client import Hits, TimedAnswer
from benchmarks.command_line import RESULTS
from benchmarks.drawn_shop import parse_number
from benchmarks.query.page import write_page
from benchmarks.query.results import QueryResults
from benchmarks.query.right_answers import RightAnswers
from benchmarks.results import read_results
from benchmarks.rivals import results as rivals
from benchmarks.rivals.results import RivalRuns
from benchmarks.sizes import FILTERS, Effort, Size
from benchmarks.updates import results as updates
from benchmarks.updates.results import UpdateRun
from catalog.search.filter_clauses import build_filter_clauses
from loadtest.drawn_products import BRANDS

IDS = [f"drawn-{number:08d}" for number in range(50)]


class FakeClient:
    """Answers every question alike, in the times it was given, one after the other."""

    def __init__(self, walls: list[float], hits: Hits | None = None, log: list[str] | None = None) -> None:
        self.walls, self.number = walls, 0
        self.hits = [("a", 0.9), ("b", 0.8)] if hits is None else hits
        self.log = log if log is not None else []

    def record(self, ids: Sequence[str]) -> None:
        self.recorded = {*getattr(self, "recorded", ()), *ids}

    def ask(self, product_id: str) -> TimedAnswer:
        assert product_id in getattr(self, "recorded", {product_id})
        self.log.append(f"{id(self)} {product_id}")
        wall = self.walls[self.number % len(self.walls)]
        self.number += 1
        return TimedAnswer(self.hits, wall, took_ms=wall / 2, index_ms=wall - 2, total_ms=wall - 0.5)


def test_figures_are_medians_of_percentiles_over_repeats() -> None:
    found = compare(FakeClient([10.0]), FakeClient([7.0]), IDS, Effort(questions=10, repeats=3, warm_up=2))
    assert (found.api_p50, found.api_p95, found.bare_p50, found.bare_p95) == (10, 10, 7, 7)
    assert (found.added_p50, found.python_p50, found.http_p50) == (3, 1.5, 0.5)
    assert (found.api_took_p50, found.bare_took_p50) == (5, 3.5)


def test_one_bad_repeat_does_not_decide() -> None:
    effort = Effort(questions=10, repeats=3, warm_up=10)
    walls = [5.0] * 10 + [5.0] * 10 + [500.0] * 10 + [5.0] * 10
    assert compare(FakeClient(walls), FakeClient([4.0]), IDS, effort).added_p50 == 1


def test_both_are_asked_the_same_in_turns_and_take_turns_at_being_first() -> None:
    log: list[str] = []
    left, right = FakeClient([1.0], log=log), FakeClient([1.0], log=log)
    compare(left, right, IDS, Effort(questions=4, repeats=1, warm_up=0))
    who = [int(line.split()[0]) == id(left) for line in log]
    what = [line.split()[1] for line in log]
    assert who == [True, False, False, True, True, False, False, True]
    assert what[::2] == what[1::2]
    assert len(set(what)) == 4


@pytest.mark.parametrize(
    "hits", [[("a", 0.9)], [("b", 0.9), ("a", 0.8)], [("a", 0.9), ("b", 0.8001)], []]
)  # fewer, another order, another score, none
def test_different_answers_are_not_timed(hits: Hits) -> None:
    with pytest.raises(DifferentAnswers, match="the bare client"):
        compare(FakeClient([1.0]), FakeClient([1.0], hits), IDS, Effort(questions=1, repeats=1, warm_up=1))


def test_the_filters_keep_what_their_names_say_and_none_means_none() -> None:
    products = [one.document for one in Size(10_000, 2).draw_silent(seed=7)]
    assert not any({"gender", "age_group"} & set(product) for product in products)
    shopped = [one.document for one in Size(10_000, 2).draw_mixed(seed=7)]
    silent = {parse_number(product["id"]) for product in shopped if not {"gender", "age_group"} & set(product)}
    right = RightAnswers.draw(Size(10_000, 2), 7)
    assert silent == set(right.list_silent().tolist())
    assert {parse_number(product["id"]) for product in shopped} - silent == set(right.list_stated().tolist())
    assert [product["brand"] for product in shopped] == [product["brand"] for product in products]
    assert build_filter_clauses(FILTERS["none"]) == {}
    for name, share in (("30 %", 0.30), ("3 %", 0.03)):
        (brand,) = FILTERS[name].brand
        kept = sum(product["brand"] == brand for product in products)
        assert kept / len(products) == pytest.approx(share, rel=0.15)
    assert set(BRANDS) >= {"Alder", "Hazel"}


def test_the_full_run_is_what_the_readme_promises() -> None:
    assert {(size.products, size.dims) for size in SIZES} == {
        (10_000, 40),
        (10_000, 512),
        (100_000, 40),
        (100_000, 512),
    }


def test_results_are_kept_as_json_and_markdown(tmp_path: Path) -> None:
    result = Comparison(10, 12, 7, 8, 5, 6, 4, 5, 3.04, 1, 0.5, "knn")
    cases = tuple(ComparisonCase(Size(100_000, 512), name, result, 60.0, 7) for name in FILTERS)
    run = ApiRun(
        machine="a machine",
        command="python -m benchmarks.api",
        date="2026-01-02",
        commit="abc123",
        effort=Effort(),
        cases=cases,
    )
    results.write(run, tmp_path)
    kept = json.loads((tmp_path / "api.json").read_text())
    assert kept["most_added_ms"] == 3.04
    assert kept["cases"][0]["result"]["api_p50"] == 10
    page = (tmp_path / "api.md").read_text()
    assert "| 100 000 × 512 | 30 % | knn | 10.0 / 12.0 | 7.0 / 8.0 | 5 / 6 | 4 / 5 | +3.0 | 1.0 | 0.5 |" in page
    assert "a machine" in page
    assert results.build_table(cases).row_count == 3


@pytest.mark.parametrize("size", ["many", "10x", "0x40", "10x5000", "-1x4"])
def test_a_size_that_is_none_is_wrong_use(size: str) -> None:
    done = CliRunner().invoke(app, ["--size", size])
    assert done.exit_code == 2
    assert "is no size" in done.stderr


def test_no_elasticsearch_where_one_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:9")
    done = CliRunner().invoke(app, ["--quick"])
    assert done.exit_code == 2
    assert "does not answer" in done.stderr


@pytest.mark.parametrize("name", ["api", "updates", "rivals", "query", "plugin/query"])
def test_the_results_in_the_repository_are_read_again_as_they_were_written(name: str) -> None:
    writers: dict[str, tuple[type, Callable[[Any], str]]] = {
        "api": (ApiRun, results.write_page),
        "updates": (UpdateRun, updates.write_page),
        "rivals": (RivalRuns, lambda found: rivals.write_page(found.runs)),
        "query": (QueryResults, write_page),
    }
    kind, write = writers[name.removeprefix("plugin/")]
    page = write(read_results(RESULTS / f"{name}.json", kind))
    tables = [
        [line for line in text.splitlines() if line.startswith("|")]
        for text in (page, (RESULTS / f"{name}.md").read_text())
    ]
    assert tables[0] == tables[1] and len(tables[0]) > 5
