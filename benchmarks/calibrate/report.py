"""Report of a calibration: prices before and after, the plans they choose, how catalogues were loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from benchmarks.calibrate.fit import estimate_ms, list_facts, measure_error, measure_regret
from benchmarks.calibrate.samples import CalibrationCatalogue, PlanSample
from benchmarks.stage import LoadFigures
from catalog.search.planning.planner import choose
from catalog.search.planning.prices import FILE, Costs, CostsFile

Loadings = Sequence[tuple[CalibrationCatalogue, LoadFigures]]
GOAL = 1.1  # time of the chosen plan / of the better one


def build_tables(
    samples: Sequence[PlanSample],
    loadings: Loadings,
    before: Costs,
    after: Costs,
) -> Iterator[Table]:
    """Builds the tables for a terminal."""
    yield _build_loading_table(loadings)
    yield _build_price_table(before, after)
    yield _build_plan_table(samples, before, after)


def _start_table(title: str, *names: str) -> Table:
    table = Table(title=title)
    for number, name in enumerate(names):
        table.add_column(name, justify="left" if number == 0 else "right")
    return table


def _build_loading_table(loadings: Loadings) -> Table:
    table = _start_table(
        *("loading", "index", "products", "dims", "seconds", "products/s", "merging, s", "segments", "MB")
    )
    for load, one in loadings:
        size = load.size
        speed = size.products / one.seconds if one.seconds else 0.0
        figures = (f"{one.seconds:.1f}", f"{speed:,.0f}", f"{one.merge_seconds:.1f}", str(one.segments))
        table.add_row(load.index_type, f"{size.products:,}", str(size.dims), *figures, f"{one.megabytes:,.0f}")
    return table


def _list_prices(costs: Costs) -> dict[str, float]:
    """Lists every price by a readable name."""
    found: dict[str, float] = {"cores": costs.cores, "parallel": costs.parallel}
    plans: dict[str, Any] = {"script": costs.script, "bulk": costs.bulk}
    plans |= {f"knn {kind}": price for kind, price in [*costs.flats.items(), *costs.graphs.items()]}
    for plan, price in plans.items():
        found |= {f"{plan}: {one.name}": getattr(price, one.name) for one in fields(price)} if price else {}
    return found


def _build_price_table(before: Costs, after: Costs) -> Table:
    old, new = _list_prices(before), _list_prices(after)
    table = _start_table("prices: base in ms, the others in µs", "price", "before", "after")
    for name, value in new.items():
        if value != old.get(name):
            table.add_row(name, f"{old[name]:g}" if name in old else "–", f"{value:g}")
    return table


def _build_plan_table(samples: Sequence[PlanSample], before: Costs, after: Costs) -> Table:
    title = "questions, ms: measured (expected)"
    table = _start_table(
        title, "index", "products", "dims", "pass", "exact", "knn", "recall", "before", "after", "chosen / best"
    )
    knn = {list_facts(one): one for one in samples if one.strategy == "knn"}
    for one, lost in measure_regret(samples, after):
        facts = list_facts(one)
        other = knn[facts]
        table.add_row(
            one.index_type,
            f"{one.total:,}",
            str(one.dims),
            f"{one.candidates:,}",
            *(f"{each.ms:.1f} ({estimate_ms(each, after):.1f})" for each in (one, other)),
            f"{other.recall:.3f}",
            choose(facts, before).strategy,
            choose(facts, after).strategy,
            f"{lost:.2f}",
        )
    return table


def write_verdict(samples: Sequence[PlanSample], before: Costs, after: Costs) -> str:
    """Writes how far the planner's prices are off, and how often it takes the slower plan, before and after."""
    lines = []
    for name, costs in (("before", before), ("after", after)):
        lost = [value for _, value in measure_regret(samples, costs)]
        good = sum(value <= GOAL for value in lost)
        lines.append(
            f"{name}: prices are off by {measure_error(samples, costs):.0%} (median); "
            f"{good} of {len(lost)} choices within {GOAL} of the better plan, worst {max(lost, default=1.0):.2f}"
        )
    return "\n".join(lines)


def to_json(kept: CostsFile, samples: Sequence[PlanSample]) -> str:
    """Returns the file and the samples it rests on as JSON."""
    body = {**FILE.dump_python(kept, mode="json"), "samples": [asdict(one) for one in samples]}
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()


def write_costs(path: Path, costs: CostsFile) -> None:
    """Writes the file that PLANNER_COSTS names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(FILE.dump_json(costs, indent=2) + b"\n")
