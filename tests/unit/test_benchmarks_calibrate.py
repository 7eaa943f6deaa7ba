"""Calibrating finds the prices that made the times, and says how well the planner chooses with them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from benchmarks.calibrate import report
from benchmarks.calibrate.__main__ import app, list_catalogues
from benchmarks.calibrate.fit import estimate_ms, fit_costs, measure_error, measure_regret
from benchmarks.calibrate.samples import PlanSample
from benchmarks.stage import LoadFigures
from catalog.search.planning.planner import Strategy
from catalog.search.planning.prices import Costs, CostsFile, GraphPrice, SearchPrice, read_costs
from catalog.settings import VectorIndex

SLOW = replace(
    Costs(),
    script=SearchPrice(5.0, 0.01, 0.3, 0.004, 0.5, 0.001),
    flats={**Costs().flats, "flat": SearchPrice(9.0, 0.02, 0.2, 0.002, 0.3, 0.0, 0.01, 8.0)},
    graphs={**Costs().graphs, "int8_hnsw": GraphPrice(20.0, 0.01, 0.02, 2.0, 0.004)},
    parallel=0.4,
)


def draw_samples(costs: Costs, kinds: tuple[VectorIndex, ...] = ("flat", "int8_hnsw")) -> list[PlanSample]:
    """Samples of a machine with exactly these prices."""
    found = []
    strategies: tuple[Strategy, ...] = ("exact", "knn")
    for kind in kinds:
        for total in (10_000, 100_000, 1_000_000):
            for dims in (40, 512):
                for share in (1.0, 0.5, 0.3, 0.08, 0.03, 0.0025):
                    for strategy in strategies:
                        one = PlanSample(kind, dims, total, int(total * share), strategy, 1.0)
                        found.append(replace(one, ms=estimate_ms(one, costs)))
    return found


def test_prices_of_another_machine_are_found() -> None:
    samples = draw_samples(SLOW)
    found = fit_costs(samples, Costs(), cores=2)
    assert measure_error(samples, Costs()) > 0.3
    assert measure_error(samples, found) < 0.05
    assert found.parallel == pytest.approx(0.4, abs=0.11)
    assert max(lost for _, lost in measure_regret(samples, found)) < 1.1
    assert found.flats["bbq_flat"] == Costs().flats["bbq_flat"]  # nobody asked


def test_cores_and_a_server_of_ones_own_query_are_taken_over() -> None:
    own = replace(SLOW, bulk=SearchPrice(4.0, 0.01, 0.02, 0.0005))
    bulk = [replace(one, bulk=True) for one in draw_samples(SLOW) if one.strategy == "exact"]
    samples = [*draw_samples(SLOW), *(replace(one, ms=estimate_ms(one, own)) for one in bulk)]
    found = fit_costs(samples, Costs(), cores=6)
    assert found.cores == 6
    assert found.bulk is not None
    assert found.bulk.per_vector < found.script.per_vector / 5


def test_too_few_samples_change_nothing() -> None:
    assert fit_costs([], Costs(), cores=8) == Costs()
    few = draw_samples(SLOW)[:4]
    assert fit_costs(few, Costs(), cores=2).script == Costs().script


def test_what_one_size_cannot_tell_stays_near_what_was_known() -> None:
    samples = [one for one in draw_samples(SLOW) if one.dims == 40 and one.index_type == "int8_hnsw"]
    found = fit_costs(samples, Costs(), cores=2).graphs["int8_hnsw"]
    known = Costs().graphs["int8_hnsw"]
    assert found.base == pytest.approx(20.4, rel=0.15)  # with what 40 values cost
    assert found.base_value < 10 * known.base_value


def test_the_catalogues_to_load() -> None:
    found = [
        (one.index_type, one.size.products, one.size.dims)
        for one in list_catalogues(8_000, (40, 512), ["flat", "bbq_flat"])
    ]
    assert found == [
        ("flat", 800, 40),
        ("flat", 8_000, 40),
        ("flat", 400, 512),
        ("flat", 4_000, 512),
        ("bbq_flat", 4_000, 512),
    ]
    assert [one.size.products for one in list_catalogues(8_000, (40,), ["int8_hnsw"])] == [2_000]


def test_the_report_shows_prices_plans_and_how_good_they_are(tmp_path: Path) -> None:
    samples = draw_samples(SLOW)
    after = fit_costs(samples, Costs(), cores=2)
    console = Console(width=200)
    loading = (list_catalogues(8_000, (40,), ["flat"])[0], LoadFigures(2.0, 0.5, 3, 12.0))
    with console.capture() as captured:
        for table in report.build_tables(samples, [loading], Costs(), after):
            console.print(table)
    shown = captured.get()
    assert "script: per_vector" in shown
    assert "chosen / best" in shown
    assert report.write_verdict(samples, Costs(), after).count("within 1.1") == 2
    kept = CostsFile(after, "a machine", "2026-01-02", "python -m benchmarks.calibrate")
    report.write_costs(tmp_path / "new" / "costs.json", kept)
    assert read_costs(str(tmp_path / "new" / "costs.json")) == after
    body = json.loads(report.to_json(kept, samples))
    assert len(body["samples"]) == len(samples)
    assert body["costs"]["cores"] == 2


def test_an_unknown_index_type_is_wrong_use() -> None:
    done = CliRunner().invoke(app, ["--index-type", "round"])
    assert done.exit_code == 2
    assert "is no index type" in done.stderr


def test_no_elasticsearch_where_one_was_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", "http://127.0.0.1:9")
    done = CliRunner().invoke(app, ["--quick"])
    assert done.exit_code == 2
    assert "does not answer" in done.stderr
