"""Command `advise`: how the index of a catalogue of a given size should be laid out, and why."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from catalog.cli_support import format_table
from catalog.commands.shared import Json, exit_on_error, print_result
from catalog.domain.embedding_space import MAX_DIMS
from catalog.search.planning.prices import read_costs
from catalog.search.planning.sizing import Advice, advise
from catalog.settings import CatalogSettings


def advise_layout(
    products: Annotated[int, typer.Option(min=1, help="products with a vector, the expected number")],
    dims: Annotated[int, typer.Option(min=1, max=MAX_DIMS, help="of a vector")],
    updates: Annotated[
        float | None, typer.Option(min=0, help="changed prices and stocks a second; default EXPECTED_UPDATES, 10")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say which index type, segments, shards, sort order and preloading suit a catalogue, by measured prices.

    The prices are those of PLANNER_COSTS, where `make calibrate` wrote one, else of the machine of the defaults.
    VECTOR_INDEX=auto follows this advice for every new model, with EXPECTED_PRODUCTS and EXPECTED_UPDATES.
    """
    with exit_on_error(as_json):
        config = CatalogSettings.load()
        changes = config.expected_updates if updates is None else updates
        found = advise(products, dims, read_costs(config.planner_costs), changes)
        print_result(as_json, asdict(found), _format_advice(found))


def _format_advice(found: Advice) -> str:
    table = Table("index type", "no filter, ms", "changes/s", "searches touch, GB")
    for column in table.columns[1:]:
        column.justify = "right"
    for one in found.options:
        chosen = " *" if one.index_type == found.index_type else ""
        figures = (f"{one.search_ms:.1f}", f"{one.updates_per_second:,.0f}", f"{one.hot_gb:.2f}")
        table.add_row(one.index_type + chosen, *figures)
    breadth = found.breadth
    lines = [
        f"VECTOR_INDEX={found.index_type} INDEX_SHARDS={found.shards} INDEX_PRELOAD={str(found.preload).lower()}",
        f"{breadth.pool} hits leave an approximate search, num_candidates {breadth.num_candidates}, "
        f"oversample {breadth.oversample:g}",
        *(f"- {reason}" for reason in found.why),
    ]
    return format_table(table, 100) + "\n" + "\n".join(lines)
