"""The arithmetic of `bench-query`: recall against numpy, goals, choices of the planner, what is kept and shown."""

import json
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmarks.api_client import ApiFailed
from benchmarks.drawn_shop import BRAND_NAMES, parse_number
from benchmarks.query import jobs as query_jobs
from benchmarks.query import kept_catalogue, results
from benchmarks.query.__main__ import app, write
from benchmarks.query.facets import FacetCell
from benchmarks.query.goals import GOALS, find_missed_plans, judge
from benchmarks.query.kept_catalogue import KeptCatalogue
from benchmarks.query.page import write_page
from benchmarks.query.plans import OWN, PlanCell, PlanContest
from benchmarks.query.plot import draw_plot
from benchmarks.query.results import CatalogueMeasurement, QueryResults
from benchmarks.query.right_answers import RightAnswers
from benchmarks.query.speed import SpeedCell
from benchmarks.query.throughput import measure_throughput
from benchmarks.sizes import SHARES, Effort, Size
from benchmarks.timing import Spread, format_figure, spread_percentiles, spread_ratios
from loadtest.drawn_products import derive_group_key, format_product_id

RIGHT = RightAnswers.draw(Size(3000, 6), seed=1)


def even(value: float) -> Spread:
    return Spread(value, value, value)


def speed_cell(
    size: Size, share: float, p50: float, p95: float, recall: float = 1.0, index_type: str = "flat"
) -> SpeedCell:
    times = (even(p50), even(p95), even(p95), even(p50), even(2 * p50), even(1.0), even(0.5), even(p50))
    rates = {"4": even(40.0), "16": even(50.0)}
    return SpeedCell(size.products, size.dims, index_type, share, 5, "exact", recall, *times, rates)  # type: ignore[arg-type]


def plan_cell(chosen: str, ratio: float, recall: float = 1.0) -> PlanCell:
    times = {"exact": even(10.0), "knn": even(9.0)}
    recalls = {"exact": 1.0, "knn": recall}
    return PlanCell(10_000, 40, "flat", 3, 300, chosen, "exact", times, recalls, even(10.0), ratio, even(1.05))


def facet_cell(size: Size, question: str, p50: float) -> FacetCell:
    return FacetCell(size.products, size.dims, "flat", question, even(p50), even(2 * p50), even(p50 / 2))


def measurement(
    size: Size, speed: Sequence[SpeedCell] = (), plans: Sequence[PlanCell] = (), facets: Sequence[FacetCell] = ()
) -> CatalogueMeasurement:
    loaded = KeptCatalogue("abc", size.products, 80.0, 12.0, 2, 700.0)
    return CatalogueMeasurement(
        machine="a machine",
        command="python -m benchmarks.query run",
        date="2026-01-02",
        commit="abc123",
        loaded=loaded,
        products=size.products,
        dims=size.dims,
        index_type="flat",
        effort=Effort(),
        speed=tuple(speed),
        plans=tuple(plans),
        facets=tuple(facets),
    )


def nearest(source: int, share: float, number: int = 10) -> list[str]:
    """By hand: everything compared with everything, no selection, no partition."""
    brands = SHARES[share].brand
    rows = [
        other
        for other in range(3000)
        if (not brands or BRAND_NAMES[RIGHT.shop.brands[other]] in brands)
        and derive_group_key(other) != derive_group_key(source)
    ]
    rows.sort(key=lambda other: -float(RIGHT.shop.vectors[other] @ RIGHT.shop.vectors[source]))
    return [format_product_id(other) for other in rows[:number]]


@pytest.mark.parametrize(("source", "share"), list(product((0, 1, 20, 2999), (100, 30, 0.3))))
def test_the_nearest_have_full_recall_whatever_their_order(source: int, share: float) -> None:
    found = nearest(source, share)
    assert RIGHT.compute_recall(SHARES[share], [(format_product_id(source), found)]) == 1
    assert RIGHT.compute_recall(SHARES[share], [(format_product_id(source), found[::-1])]) == 1


def test_recall_counts_what_is_right_once() -> None:
    source, found = format_product_id(20), nearest(20, 30)
    far = format_product_id(int(np.argmin(RIGHT.shop.vectors @ RIGHT.shop.vectors[20])))
    outside = nearest(20, 3)[0]  # near, but another brand

    def recall(hits: list[str]) -> float:
        return RIGHT.compute_recall(SHARES[30], [(source, hits)])

    assert recall([*found[:9], far]) == pytest.approx(0.9)
    assert recall([*found[:9], outside]) == pytest.approx(0.9)
    assert recall([*found[:9], found[0]]) == pytest.approx(0.9)
    assert recall([*found[:9], source]) == pytest.approx(0.9)
    assert recall([*found[:9], format_product_id(21)]) == pytest.approx(0.9)  # the source's other colour
    assert recall([]) == 0
    assert RIGHT.compute_recall(SHARES[30], [(source, found), (source, [])]) == pytest.approx(0.5)


def test_recall_where_fewer_than_ten_pass() -> None:
    few = nearest(50, 0.1)
    assert 0 < len(few) < 10
    assert RIGHT.compute_recall(SHARES[0.1], [(format_product_id(50), few)]) == 1
    assert RIGHT.compute_recall(SHARES[0.1], [(format_product_id(50), few[1:])]) == pytest.approx(1 - 1 / len(few))


def test_rows_and_ids() -> None:
    assert parse_number(format_product_id(1234)) == 1234
    assert np.array_equal(RIGHT.list_passing(SHARES[100]), np.arange(3000))
    for share, filters in SHARES.items():
        kept_share = len(RightAnswers.draw(Size(40_000, 2), 7).list_passing(filters)) / 400
        assert kept_share == pytest.approx(share, abs=4 * (share / 400) ** 0.5 * (share < 100))


def test_a_spread_is_the_median_and_the_ends() -> None:
    assert Spread.from_values([3, 1, 2]) == Spread(2, 1, 3)
    assert spread_percentiles([[1, 2, 3], [10, 20, 30], [4, 5, 6]], 50) == Spread(5, 2, 20)
    assert spread_ratios([[2, 4, 6], [10]], [[2], [20]]) == Spread(1.25, 0.5, 2)
    assert str(Spread(123.4, 9.87, 0.123)) == "123 (9.9-0.12)"
    assert format_figure(0) == "0"


def test_every_goal_of_the_issue_is_judge() -> None:
    assert len(GOALS) == 14
    million = Size(1_000_000, 40)
    good = judge([speed_cell(million, 100, 32, 60, 0.99), speed_cell(million, 0.1, 19, 20)])
    assert [verdict.goal.percentile for verdict in good] == [50, 95, 95]
    assert all(verdict.is_reached for verdict in good)
    slow = judge([speed_cell(million, 100, 32.1, 60), speed_cell(million, 3, 10, 40.1)])
    assert [verdict.is_reached for verdict in slow] == [False, True, False]
    assert not judge([speed_cell(million, 30, 5, 10, recall=0.9899)])[0].is_reached
    assert judge([speed_cell(Size(200_000, 512), 100, 50, 60, recall=0.98)])[0].is_reached
    assert judge([speed_cell(Size(10_000, 40), 100, 1, 2)]) == []


def test_each_index_type_is_judge() -> None:
    million = Size(1_000_000, 64)
    cells = [speed_cell(million, 30, 70, 80), speed_cell(million, 30, 20, 30, index_type="int8_hnsw")]
    assert [(one.index_type, one.is_reached) for one in judge(cells)] == [("flat", False), ("int8_hnsw", True)]


def test_a_choice_is_good_where_it_is_nearly_the_best_and_finds_enough() -> None:
    cells = [plan_cell("exact", 1.1), plan_cell("exact", 1.11), plan_cell("knn", 0.9, recall=0.97)]
    assert find_missed_plans(cells) == cells[1:]


def contest(knn_finds: int, choices: list[str]) -> PlanCell:
    """Exact takes 20 ms, knn 10 ms; knn finds so many of the ten."""
    source = format_product_id(20)
    found = nearest(20, 100)
    mine = PlanContest(RIGHT, 100, {OWN: None, "exact": None, "knn": None})  # type: ignore[dict-item]
    mine.times = {"exact": [[20.0], [20.0]], "knn": [[10.0], [10.0]], OWN: [[21.0], [22.0]]}
    mine.answers = {"exact": [(source, found)], "knn": [(source, found[:knn_finds])]}
    mine.chosen = choices
    return mine.summarise("int8_hnsw")


def test_the_best_plan_is_the_fastest_that_finds_enough() -> None:
    cell = contest(10, ["exact", "exact", "knn"])
    assert (cell.chosen, cell.best, cell.chosen_to_best) == ("exact", "knn", 2.0)
    assert cell.own_to_best == Spread(2.15, 2.1, 2.2)
    assert not cell.is_good
    assert contest(10, ["knn"]).is_good
    careful = contest(9, ["exact"])
    assert (careful.best, careful.chosen_to_best, careful.recalls["knn"]) == ("exact", 1.0, 0.9)
    assert not contest(9, ["knn"]).is_good  # faster, but it misses one of ten


def test_results_come_back_as_they_were_and_newer_ones_replace_older(tmp_path: Path) -> None:
    small, big = Size(10_000, 40), Size(1_000_000, 40)
    fast, choice, panel = speed_cell(big, 30, 20, 30), plan_cell("knn", 1), facet_cell(big, "default", 60)
    page = QueryResults().replace(measurement(big, [fast], (), [panel])).replace(measurement(small, (), [choice]))
    write(page, tmp_path)
    assert results.read(tmp_path) == page
    path = tmp_path / f"{results.NAME}.json"  # as a run wrote it that knew no facets yet
    old = json.loads(path.read_text())
    for one in old["catalogues"]:
        del one["facets"]
    path.write_text(json.dumps(old))
    assert results.read(tmp_path).facets == [] and results.read(tmp_path).speed == page.speed
    newer = page.replace(measurement(big, [speed_cell(big, 30, 25, 35)]))
    assert [one.products for one in newer.catalogues] == [10_000, 1_000_000]
    assert [cell.p50.median for cell in newer.speed] == [25]
    assert results.read(tmp_path / "nothing") == QueryResults()


def test_the_page_says_what_was_reached_missed_and_not_measured() -> None:
    big = Size(1_000_000, 40)
    cells = [speed_cell(big, 30, 20, 30), speed_cell(big, 3, 20, 41)]
    kind = "flat (advised)" if query_jobs.advise_type(big) == "flat" else "flat"
    text = write_page(QueryResults([measurement(big, cells, [plan_cell("exact", 1.0), plan_cell("exact", 1.2)])]))
    assert f"| 1 000 000 × 40, 30 %: p95 ≤ 60 ms | 0.99 | {kind} | exact | 30.0 ms | 1.0000 | reached |" in text
    assert f"| 1 000 000 × 40, 3 %: p95 ≤ 40 ms | 0.99 | {kind} | exact | 41.0 ms | 1.0000 | **missed** |" in text
    assert "Not measured: 1 000 000 × 40, no filter: p50 ≤ 32 ms;" in text
    assert "1 of 2 cells reach the goal." in text
    assert "| 1 000 000 × 40 | flat | 80 s | 12 s | 2 |" in text
    for line in text.splitlines():
        if line.startswith("| 1 000 000 × 40 | flat | 30 %"):
            assert "| 40.0 | 0.50 |" in line  # exact p50, API through exact


def test_facets_have_a_goal_at_a_million() -> None:
    big, small = Size(1_000_000, 40), Size(1_000_000, 64)
    cells = [facet_cell(big, "default", 100), facet_cell(big, "all genders", 100.1), facet_cell(small, "default", 5)]
    rows = [
        line
        for line in write_page(QueryResults([measurement(big, (), (), cells)])).splitlines()
        if "| flat |" in line
    ]
    assert (
        rows[0] == "| 1 000 000 × 40 | flat | default | 100 (100-100) | 200 (200-200) | 50.0 (50.0-50.0) | reached |"
    )
    assert rows[1].endswith("| **missed** |") and rows[2].endswith("|  |")
    assert "## Facets" not in write_page(QueryResults([measurement(big)]))


def test_the_picture_has_a_panel_per_size(tmp_path: Path) -> None:
    sizes = (Size(1_000_000, 40), Size(200_000, 512))
    shares = (100, 30, 3, 0.1)
    one = [measurement(sizes[0], [speed_cell(sizes[0], share, 20, 30) for share in shares])]
    both = [*one, measurement(sizes[1], [speed_cell(sizes[1], share, 20, 30) for share in shares])]
    widths = []
    for number, found in enumerate((one, both)):
        path = tmp_path / f"{number}.png"
        draw_plot(QueryResults(found), path)
        with Image.open(path) as picture:
            widths.append(picture.width)
            assert len(picture.convert("RGB").getcolors(maxcolors=1_000_000) or ()) > 10
    assert widths[1] > 1.5 * widths[0]
    draw_plot(QueryResults(), tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()


def test_what_is_asked_by_default() -> None:
    jobs = query_jobs.list_jobs(query_jobs.list_sizes(big=False), [])
    speed = {(job.size.products, job.size.dims) for job in jobs if job.speed == (100, 30, 3, 0.1)}
    plans = {(job.size.products, job.size.dims) for job in jobs if job.plans == (100, 10, 3, 0.3)}
    assert speed == {(1_000_000, 40), (1_000_000, 64), (200_000, 512)}
    grid = set(product((10_000, 100_000, 1_000_000), (40, 512)))
    assert plans == grid - {(1_000_000, 512)}
    for size in query_jobs.list_sizes(big=False):
        assert next(job.index_type for job in jobs if job.size == size) == query_jobs.advise_type(size)
    assert {job.index_type for job in jobs if job.size == Size(1_000_000, 40)} >= {"flat", "int8_hnsw"}
    big = [
        job for job in query_jobs.list_jobs(query_jobs.list_sizes(big=True), ["flat"]) if job.size == query_jobs.BIG
    ]
    assert [bool(job.speed and job.plans) for job in big] == [True]


def test_catalogues_are_told_apart_by_what_they_hold() -> None:
    assert kept_catalogue.name_prefix(Size(1_000_000, 40), "int8_hnsw") == "benchq_1000000x40_int8_hnsw_"
    prints = {kept_catalogue.compute_fingerprint(size) for size in (Size(10, 4), Size(11, 4), Size(10, 5))}
    assert len(prints) == 3
    assert kept_catalogue.compute_fingerprint(Size(10, 4)) in prints


class Answering(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        body = b'{"hits": [], "plan": {"strategy": "exact"}}'
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Server-Timing", "total;dur=1, index;dur=1, es;dur=1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def host() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_crowd_is_counted(host: str) -> None:
    assert measure_throughput(host, SHARES[3], ["a", "b", "c"], callers=4, seconds=0.2) > 0


def test_a_crowd_that_is_refused_is_told(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Answering, "status", 503)
    with pytest.raises(ApiFailed, match="one of 2 callers at a time failed"):
        measure_throughput(host, SHARES[100], ["a"], callers=2, seconds=5)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [(("--size", "many"), "is no size"), (("--index-type", "ivf"), "is no index type")],
)
def test_wrong_use_ends_with_status_2(arguments: tuple[str, ...], complaint: str) -> None:
    done = CliRunner().invoke(app, ["run", *arguments])
    assert done.exit_code == 2
    assert complaint in done.stderr
