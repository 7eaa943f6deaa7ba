"""Shows what calibrating found: prices before and after, the plans they choose, how catalogues were loaded."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import orjson
from rich.table import Table

from benchmarks.calibrate_fit import error, expected_ms, facts_of, regret
from benchmarks.calibrate_samples import Load, Sample
from benchmarks.stage import LoadFigures
from catalog.search.costs import FILE, Costs, CostsFile
from catalog.search.planner import choose

GOAL = 1.1  # time of the chosen plan / of the better one


def tables(
    samples: Sequence[Sample], loadings: Sequence[tuple[Load, LoadFigures]], before: Costs, after: Costs
) -> Iterator[Table]:
    """For a terminal."""
    yield _loading_table(loadings)
    yield _price_table(before, after)
    yield _plan_table(samples, before, after)


def _table(title: str, *names: str) -> Table:
    shown = Table(title=title)
    for number, name in enumerate(names):
        shown.add_column(name, justify="left" if number == 0 else "right")
    return shown


def _loading_table(loadings: Sequence[tuple[Load, LoadFigures]]) -> Table:
    shown = _table("loading", "index", "products", "dims", "seconds", "products/s", "merging, s", "segments", "MB")
    for load, one in loadings:
        size = load.size
        speed = size.products / one.seconds if one.seconds else 0.0
        figures = (f"{one.seconds:.1f}", f"{speed:,.0f}", f"{one.merge_seconds:.1f}", str(one.segments))
        shown.add_row(load.index_type, f"{size.products:,}", str(size.dims), *figures, f"{one.megabytes:,.0f}")
    return shown


def _prices(costs: Costs) -> dict[str, float]:
    """Every price by a readable name."""
    found: dict[str, float] = {"cores": costs.cores, "parallel": costs.parallel}
    plans: dict[str, Any] = {"script": costs.script, "bulk": costs.bulk}
    plans |= {f"knn {kind}": price for kind, price in [*costs.flats.items(), *costs.graphs.items()]}
    for plan, price in plans.items():
        found |= {f"{plan}: {one.name}": getattr(price, one.name) for one in fields(price)} if price else {}
    return found


def _price_table(before: Costs, after: Costs) -> Table:
    old, new = _prices(before), _prices(after)
    shown = _table("prices: base in ms, the others in µs", "price", "before", "after")
    for name, value in new.items():
        if value != old.get(name):
            shown.add_row(name, f"{old[name]:g}" if name in old else "–", f"{value:g}")
    return shown


def _plan_table(samples: Sequence[Sample], before: Costs, after: Costs) -> Table:
    title = "questions, ms: measured (expected)"
    shown = _table(
        title, "index", "products", "dims", "pass", "exact", "knn", "recall", "before", "after", "chosen / best"
    )
    knn = {facts_of(one): one for one in samples if one.strategy == "knn"}
    for one, lost in regret(samples, after):
        facts = facts_of(one)
        other = knn[facts]
        shown.add_row(
            one.index_type,
            f"{one.total:,}",
            str(one.dims),
            f"{one.candidates:,}",
            *(f"{each.ms:.1f} ({expected_ms(each, after):.1f})" for each in (one, other)),
            f"{other.recall:.3f}",
            choose(facts, before).strategy,
            choose(facts, after).strategy,
            f"{lost:.2f}",
        )
    return shown


def verdict(samples: Sequence[Sample], before: Costs, after: Costs) -> str:
    """How far the planner's prices are from the clock, and how often it takes the slower plan, before and after."""
    lines = []
    for name, costs in (("before", before), ("after", after)):
        lost = [value for _, value in regret(samples, costs)]
        good = sum(value <= GOAL for value in lost)
        lines.append(
            f"{name}: prices are off by {error(samples, costs):.0%} (median); "
            f"{good} of {len(lost)} choices within {GOAL} of the better plan, worst {max(lost, default=1.0):.2f}"
        )
    return "\n".join(lines)


def as_json(kept: CostsFile, samples: Sequence[Sample]) -> str:
    """The file, and the samples it rests on."""
    body = {**FILE.dump_python(kept, mode="json"), "samples": [asdict(one) for one in samples]}
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()


def keep(path: Path, kept: CostsFile) -> None:
    """Write the file that PLANNER_COSTS names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(FILE.dump_json(kept, indent=2) + b"\n")
