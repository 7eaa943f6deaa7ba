"""The layout follows from prices, and says why."""

import json
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from catalog.commands.main import app
from catalog.errors import InvalidInput
from catalog.search.planning.plan_cost import GRAPHS
from catalog.search.planning.prices import Costs, SearchPrice
from catalog.search.planning.sizing import PATIENCE_MS, TARGET_MS, advise
from catalog.settings import CatalogSettings

COSTS = Costs()


@pytest.mark.parametrize("dims", [40, 512])
def test_a_small_catalogue_stays_plain(dims: int) -> None:
    found = advise(10_000, dims, COSTS)
    assert (found.index_type, found.shards, found.preload, found.sort) == ("flat", 1, False, False)
    assert found.segments == COSTS.cores


def test_bigger_ones_get_faster_types_and_a_graph_only_where_no_scan_is_bearable() -> None:
    chosen = [advise(products, 512, COSTS) for products in (10_000, 200_000, 20_000_000)]
    assert chosen[0].index_type == "flat"
    assert chosen[1].index_type in ("int8_flat", "bbq_flat")
    assert chosen[2].index_type in GRAPHS
    times = {one.index_type: one.search_ms for one in chosen[2].options}
    assert min(ms for kind, ms in times.items() if kind not in GRAPHS) > PATIENCE_MS
    assert (chosen[2].segments, chosen[2].preload, chosen[2].sort) == (1, True, False)
    assert chosen[2].shards > 1


def test_many_changes_forbid_a_graph() -> None:
    calm, busy = advise(20_000_000, 40, COSTS, 1), advise(20_000_000, 40, COSTS, 600)
    assert calm.index_type in GRAPHS
    assert busy.index_type not in GRAPHS
    assert "600 changes a second" in busy.why[0]


def test_few_dimensions_are_never_packed_into_bits() -> None:
    assert not any(one.index_type.startswith("bbq") for one in advise(1_000_000, 63, COSTS).options)
    assert any(one.index_type == "bbq_flat" for one in advise(1_000_000, 64, COSTS).options)


def test_measured_prices_move_the_advice() -> None:
    slow = replace(COSTS, script=SearchPrice(1.0, per_vector=5.0), flats={"int8_flat": SearchPrice(1.0)})
    assert advise(10_000, 40, slow).index_type == "int8_flat"
    fast = replace(COSTS, script=SearchPrice(1.0))
    assert advise(20_000_000, 40, fast).index_type == "flat"
    assert advise(20_000_000, 40, fast).options[0].search_ms <= TARGET_MS


def test_the_command_prints_the_advice_and_why() -> None:
    told = CliRunner().invoke(app, ["advise", "--products", "1000000", "--dims", "512"])
    assert told.exit_code == 0
    assert "VECTOR_INDEX=" in told.stdout
    assert "segments" in told.stdout
    body = json.loads(CliRunner().invoke(app, ["advise", "--products", "5", "--dims", "8", "--json"]).stdout)
    assert body["index_type"] == "flat"
    assert len(body["why"]) == 5


@pytest.mark.parametrize("arguments", [["--products", "0", "--dims", "8"], ["--products", "5", "--dims", "5000"]])
def test_wrong_sizes_are_wrong_use(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["advise", *arguments]).exit_code == 2


def test_settings_of_the_layout() -> None:
    found = CatalogSettings.load(
        {"INDEX_SORT": "brand, available", "INDEX_PRELOAD": "true", "EXPECTED_PRODUCTS": "7"}
    )
    assert (found.index_sort, found.index_preload, found.expected_products) == (("brand", "available"), True, 7)
    assert CatalogSettings.load({}).vector_index == "auto"
    assert CatalogSettings.load({"VECTOR_INDEX": "int8_hnsw"}).vector_index == "int8_hnsw"
    with pytest.raises(InvalidInput, match="INDEX_SORT"):
        CatalogSettings.load({"INDEX_SORT": "description"})
