"""The advice at its borders: index types that take a known time, and what each recommendation says."""

import pytest

from catalog.search.planning.plan_cost import Breadth
from catalog.search.planning.prices import Costs, GraphPrice, SearchPrice
from catalog.search.planning.sizing import Advice, advise
from catalog.search.planning.sizing import options as list_options

SLOW = 1e6
GRAPH_TYPES = ("int8_hnsw", "bbq_hnsw")


def machine(**ms: float) -> Costs:
    """Four cores on which an index type takes so long, whatever the catalogue, and the script forever."""
    times = {name: ms.get(name, SLOW) for name in ("flat", "int8_flat", "bbq_flat", *GRAPH_TYPES)}
    return Costs(
        script=SearchPrice(SLOW),
        bulk=None,
        flats={name: SearchPrice(each) for name, each in times.items() if name not in GRAPH_TYPES},  # type: ignore[misc]
        graphs={name: GraphPrice(each) for name, each in times.items() if name in GRAPH_TYPES},  # type: ignore[misc]
        cores=4,
    )


def advised(updates: float = 10.0, products: int = 10_000_000, **ms: float) -> Advice:
    return advise(products, 128, machine(**ms), updates)


@pytest.mark.parametrize(
    ("ms", "taken"),
    [
        ({"flat": 32, "int8_flat": 10}, "flat"),  # fast enough is fast enough
        ({"flat": 33, "int8_flat": 32, "bbq_flat": 1}, "int8_flat"),
        ({"flat": 48, "int8_flat": 40}, "flat"),  # 1.2 times as long is not worth another type
        ({"flat": 48.1, "int8_flat": 40}, "int8_flat"),
        ({"flat": 100, "int8_hnsw": 1}, "flat"),  # bearable, and it finds everything
        ({"flat": 100.1, "int8_hnsw": 1}, "int8_hnsw"),
        ({"flat": 200, "int8_hnsw": 20, "bbq_hnsw": 10}, "bbq_hnsw"),
        ({"flat": 200, "int8_hnsw": 10, "bbq_hnsw": 10}, "int8_hnsw"),  # of equal ones the first
    ],
)
def test_the_plainest_type_that_is_fast_enough_is_taken(ms: dict[str, float], taken: str) -> None:
    assert advised(**ms).index_type == taken


def test_a_graph_has_to_keep_up_with_the_changes() -> None:
    assert advised(500, flat=200, int8_hnsw=1).index_type == "int8_hnsw"
    late = advised(501, flat=200, int8_hnsw=1)
    assert late.index_type == "flat"
    assert "int8_hnsw is faster but takes no 501 changes a second" in late.why[0]
    assert "int8_hnsw is faster but takes no 2000 changes" in advised(2000, flat=200).why[0]  # nor does a scan


def test_the_first_reason_fits_the_choice() -> None:
    for ms, said in (
        ({"flat": 20.0}, "flat: about 20.0 ms without a filter, the plainest within 32 ms"),
        ({"flat": 32.0}, "the plainest within 32 ms"),
        ({"flat": 60.0}, "flat: about 60.0 ms without a filter, no scan is much faster"),
        ({"int8_flat": 60.0}, "int8_flat, with the best rescored by their real vectors: about 60.0 ms"),
        ({"int8_hnsw": 5.0}, "int8_hnsw, with the best rescored by their real vectors: about 5.0 ms"),
        ({"int8_hnsw": 5.0}, "a scan would take more than 100."),
    ):
        assert said in advised(**ms).why[0]
    assert "no scan is much faster" in advised(501, flat=100).why[0]  # bearable, however late a graph would be


def test_a_scan_and_a_graph_are_laid_out_differently() -> None:
    scan, graph = advised(flat=20), advised(int8_hnsw=5)
    assert (scan.segments, scan.shards, scan.preload, scan.sort) == (4, 1, False, True)
    assert (graph.segments, graph.shards, graph.preload, graph.sort) == (1, 1, True, False)
    assert scan.breadth == graph.breadth == Breadth()
    for advice, said in (
        (scan, ("4 segments", "1 shard(s) of at most 30 GB", "reads its 5.12 GB in order", "INDEX_SORT")),
        (graph, ("one segment", "1 shard(s) of at most 30 GB", "reads the 1.92 GB", "no INDEX_SORT")),
    ):
        for reason, words in zip(advice.why[1:], said, strict=True):
            assert words in reason


def test_an_index_is_sorted_from_100_000_products_on() -> None:
    small, big = advised(products=99_999, flat=20), advised(products=100_000, flat=20)
    assert (small.sort, small.why[4].startswith("no INDEX_SORT")) == (False, True)
    assert (big.sort, big.why[4].startswith("keep the index sorted")) == (True, True)


@pytest.mark.parametrize(("products", "shards"), [(1, 1), (28_846_153, 1), (28_846_154, 2), (100_000_000, 4)])
def test_a_shard_holds_30_gb(products: int, shards: int) -> None:
    """A product of 128 values takes 1,040 bytes."""
    assert advised(products=products, flat=20).shards == shards


def test_options_hold_what_each_type_would_do() -> None:
    found = list_options(10_000_000, 128, machine(flat=40.04, bbq_hnsw=3), 1)
    assert [(one.index_type, one.search_ms, one.updates_per_second, one.hot_gb) for one in found] == [
        ("flat", 40.0, 1887, 5.12),
        ("int8_flat", SLOW, 1818, 1.28),
        ("bbq_flat", SLOW, 1667, 0.16),
        ("int8_hnsw", SLOW, 500, 1.92),
        ("bbq_hnsw", 3, 500, 0.8),
    ]
    assert [one.index_type for one in list_options(10, 63, machine(), 1)] == ["flat", "int8_flat", "int8_hnsw"]


def test_more_shards_are_searched_side_by_side() -> None:
    costs = Costs(script=SearchPrice(per_vector=1), bulk=None, flats={}, graphs={}, cores=4, parallel=1)
    one, four = (list_options(100_000, 8, costs, shards)[0].search_ms for shards in (1, 4))
    assert (one, four) == (100.0, 25.0)
