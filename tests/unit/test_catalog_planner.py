"""The planner compares two prices and says why it chose."""

import math
from dataclasses import replace

import pytest

from catalog.search.planning.plan_cost import Breadth, Facts, count_visits, exact_ms, knn_ms, scan_parts, threads
from catalog.search.planning.planner import choose, is_small
from catalog.search.planning.prices import Costs, GraphPrice, SearchPrice

COSTS = Costs()
MANY_CORES = replace(COSTS, cores=16, parallel=1.0)


@pytest.mark.parametrize(
    ("facts", "strategy"),
    [
        (Facts("flat", 40, 5_000, 5_000, 1), "exact"),
        (Facts("flat", 40, 1_000_000, 1_000_000, 1), "exact"),
        (Facts("flat", 40, 30_000, 1_000_000, 1), "exact"),
        (Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1), "knn"),
        (Facts("int8_hnsw", 40, 3_000, 1_000_000, 1), "exact"),
        (Facts("int8_hnsw", 512, 500_000, 1_000_000, 1), "knn"),
        (Facts("int8_flat", 512, 200_000, 200_000, 1), "knn"),
        (Facts("int8_flat", 512, 6_000, 200_000, 1), "exact"),
        (Facts("int8_hnsw", 40, 0, 1_000_000, 1), "exact"),
        (Facts("hnsw", 40, 0, 0, 1), "exact"),
    ],
)
def test_the_choice_follows_what_each_plan_has_to_touch(facts: Facts, strategy: str) -> None:
    assert choose(facts, COSTS).strategy == strategy


def test_what_was_asked_for_or_needed_is_obeyed_and_named() -> None:
    big = Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1)
    assert choose(big, COSTS).strategy == "knn"
    asked = choose(Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1, exact_asked=True), COSTS)
    needed = choose(Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1, exact_needed="groups"), COSTS)
    assert (asked.strategy, asked.reason) == ("exact", "exact=true")
    assert (needed.strategy, needed.reason) == ("exact", "groups")


def test_the_price_of_the_exact_plan_grows_with_the_work_of_one_thread() -> None:
    def scan(facts: Facts) -> float:
        return exact_ms(facts, MANY_CORES) - exact_ms(replace(facts, candidates=0), MANY_CORES)

    one = scan(Facts("flat", 40, 50_000, 50_000, 1))
    assert scan(Facts("flat", 40, 100_000, 100_000, 1)) == pytest.approx(2 * one)
    assert scan(Facts("flat", 40, 100_000, 100_000, 2)) == pytest.approx(one)
    assert scan(Facts("flat", 512, 50_000, 50_000, 1)) > 2 * one


def test_a_product_that_passes_alone_costs_more_than_one_among_others() -> None:
    crowd = exact_ms(Facts("flat", 40, 10_000, 10_000, 1), COSTS)
    assert exact_ms(Facts("flat", 40, 10_000, 100_000, 1), COSTS) > 1.3 * crowd


def test_threads_are_those_of_shards_or_of_parts_and_no_more_than_cores() -> None:
    small, big = Facts("flat", 40, 1, 50_000, 1), Facts("flat", 40, 1, 2_000_000, 1)
    assert scan_parts(small) == 1
    assert scan_parts(replace(small, shards=4)) == 4
    assert scan_parts(big) == 10
    assert threads(1, 8, 1.0) == 1
    assert threads(10, 2, 1.0) == 2
    assert threads(10, 2, 0.5) == 1.5


def test_a_tenth_of_the_catalogue_costs_a_graph_five_times_the_visits() -> None:
    """Ten to the power of 0.7, which was measured at 1 M x 40 (see `count_visits`)."""
    every, tenth = (Facts("hnsw", 40, count, 1_000_000, 1) for count in (1_000_000, 100_000))
    breadth = Breadth(pool=10, num_candidates=100, oversample=1)
    assert count_visits(tenth, breadth) / count_visits(every, breadth) == pytest.approx(10**0.7)


def test_a_graph_is_one_part_and_shards_are_searched_side_by_side() -> None:
    facts = Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1)
    assert knn_ms(facts, MANY_CORES) == knn_ms(facts, COSTS)
    assert knn_ms(replace(facts, shards=4), MANY_CORES) < knn_ms(facts, MANY_CORES)


def test_a_graph_is_visited_more_as_the_filter_keeps_less_and_given_up_at_what_passes() -> None:
    def of(candidates: int) -> float:
        return count_visits(Facts("int8_hnsw", 40, candidates, 1_000_000, 1), Breadth(num_candidates=400))

    assert of(1_000_000) < of(500_000) < of(200_000)
    assert of(1_000) == 2_000
    assert of(0) == 0


def test_a_wider_search_of_a_graph_costs_more() -> None:
    facts = Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1)
    assert knn_ms(facts, COSTS, Breadth(num_candidates=4000)) > 2 * knn_ms(facts, COSTS, Breadth(num_candidates=100))


def test_a_server_that_scores_in_bulk_has_its_own_price_once_it_was_measured() -> None:
    facts = Facts("flat", 40, 1_000_000, 1_000_000, 1)
    measured = replace(COSTS, bulk=SearchPrice(base=1.7, per_vector=0.01))
    assert exact_ms(replace(facts, bulk=True), replace(COSTS, bulk=None)) == exact_ms(facts, COSTS)
    assert exact_ms(replace(facts, bulk=True), measured) < exact_ms(facts, measured) / 3
    assert choose(replace(facts, bulk=True), measured).strategy == "exact"


def test_what_was_never_measured_is_never_chosen() -> None:
    facts = Facts("bbq_hnsw", 512, 1_000_000, 1_000_000, 1)
    assert knn_ms(facts, replace(COSTS, graphs={})) == math.inf
    assert choose(facts, replace(COSTS, graphs={})).strategy == "exact"


def test_a_small_catalogue_need_not_be_counted() -> None:
    assert is_small(Facts("flat", 40, 3, 10_000, 1), COSTS)
    assert not is_small(Facts("flat", 40, 3, 1_000_000, 1), COSTS)


def test_calibrated_prices_move_the_border() -> None:
    facts = Facts("int8_hnsw", 40, 300_000, 1_000_000, 1)
    assert choose(facts, replace(COSTS, graphs={"int8_hnsw": GraphPrice(base=500)})).strategy == "exact"
    assert choose(facts, replace(COSTS, graphs={"int8_hnsw": GraphPrice(base=1)})).strategy == "knn"
    flat = Facts("flat", 40, 300_000, 1_000_000, 1)
    assert choose(flat, replace(COSTS, flats={"flat": SearchPrice(base=1)})).strategy == "knn"
