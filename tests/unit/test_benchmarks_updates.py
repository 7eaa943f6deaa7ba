"""The feed of the update benchmark, what its figures say, and its command line; one quick run on a real server."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmarks.results import read_results
from benchmarks.sizes import Size
from benchmarks.updates import results
from benchmarks.updates.__main__ import app
from benchmarks.updates.measurement import KINDS
from benchmarks.updates.price_feed import PriceFeed
from benchmarks.updates.results import ServerTimes, UpdateEffort, UpdateFigures, UpdateRun
from catalog.settings import VectorIndex

SPENT = ServerTimes(1.0, 2.0, 3.0, 4.0, 5.0)


def run(**rates: int) -> UpdateRun:
    lines = [
        UpdateFigures(kind, 9, 2 * rate, rate, 8000, SPENT, rate // 2, (5.0, 9.0), (7.0, 30.0))
        for kind, rate in rates.items()
    ]
    provenance = {"machine": "a machine", "command": "x", "date": "2026-01-02", "commit": "abc"}
    return UpdateRun(**provenance, products=1000, dims=64, effort=UpdateEffort(), lines=lines)


def test_every_round_of_the_feed_changes_every_price_and_nothing_else() -> None:
    size = Size(300, 4)
    drawn, first, second = ([item.product for item in PriceFeed(size, 7, 100, n).read_items()] for n in (0, 1, 2))
    assert len({product.id for product in drawn}) == 100
    for old, new, newer in zip(drawn, first, second, strict=True):
        assert len({old.price, new.price, newer.price}) == 3
        assert old.model_dump(exclude={"price"}) == new.model_dump(exclude={"price"})
    stored = {one.document["id"]: one.document for one in size.draw_silent(7)}
    assert all(stored[product.id]["price"] == product.price for product in drawn)


def test_every_index_type_takes_part() -> None:
    assert set(KINDS) == {"none", *VectorIndex.__args__}  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"int8_flat": 3000, "bbq_flat": 2000, "hnsw": 500}, "take 1,000 price updates a second"),
        ({"int8_flat": 3000, "bbq_flat": 900, "hnsw": 500}, "do not take 1,000"),
        ({"int8_flat": 3000, "hnsw": 1500}, "take them as well, at least at this size (hnsw 1,500): 2.0 times"),
        ({"int8_flat": 3000}, "needs quantised flat types and graphs"),
    ],
)
def test_the_verdict_follows_the_figures(rates: dict[str, int], said: str) -> None:
    assert said in run(**rates).verdict


def test_what_was_spent_is_a_difference_and_disk_is_as_it_is() -> None:
    assert ServerTimes(5.0, 5.0, 5.0, 5.0, 7.0) - SPENT == ServerTimes(4.0, 3.0, 2.0, 1.0, 7.0)


def test_results_are_kept_as_json_and_markdown(tmp_path: Path) -> None:
    results.write(run(int8_flat=3000, hnsw=500), tmp_path)
    kept = json.loads((tmp_path / "updates.json").read_text())
    assert kept["lines"][0]["spent"]["merge"] == 3
    page = (tmp_path / "updates.md").read_text()
    assert "| int8_flat | 9 | 6,000 | 3,000 | 8,000 | 1.0 | 2.0 | 3.0 | 4.0 | 1,500 | 5 / 9 | 7 / 30 | 5 |" in page
    assert kept["verdict"] in page
    assert read_results(tmp_path / "updates.json", UpdateRun) == run(int8_flat=3000, hnsw=500)
    assert read_results(tmp_path / "none.json", UpdateRun) is None


@pytest.mark.parametrize(("given", "said"), [(["--only", "ivf"], "is no index type"), (["--dims", "40"], "64")])
def test_wrong_use(given: list[str], said: str) -> None:
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 2
    assert said in done.output


def test_a_short_run_on_a_real_server(
    elasticsearch_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELASTICSEARCH_URL", elasticsearch_url)
    for kind in ("int8_flat", "none"):
        given = ["--quick", "--products", "1000", "--only", kind, "--add", "--out", str(tmp_path)]
        done = CliRunner().invoke(app, given)
        assert done.exit_code == 0, done.output
    bare, flat = json.loads((tmp_path / "updates.json").read_text())["lines"]
    assert (bare["kind"], flat["kind"]) == ("none", "int8_flat")
    assert bare["idle"] is None
    assert min(flat["per_second"], flat["per_second_asked"], flat["unchanged_per_second"], *flat["idle"]) > 0
