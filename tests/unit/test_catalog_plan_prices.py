"""What each price of a plan is multiplied with, and what the planner counts before it chooses."""

from dataclasses import replace
from typing import Any

import pytest

from catalog.search.planning import plan_cost
from catalog.search.planning.plan_cost import Breadth, Facts, count_visits, exact_ms, knn_ms, scan_parts, threads
from catalog.search.planning.planner import Planner, choose, is_small
from catalog.search.planning.prices import Costs, GraphPrice, SearchPrice

FREE = SearchPrice()
# One thread, and nothing costs anything.
NOTHING = Costs(script=FREE, bulk=None, flats={"flat": FREE}, graphs={}, cores=1, parallel=0)
HALF = Facts("flat", 10, 50_000, 100_000, 1)  # of 100,000 products with 10 values each half pass


def scan_price(**price: float) -> Costs:
    return replace(NOTHING, script=SearchPrice(**price))


@pytest.mark.parametrize(
    ("price", "ms"),
    [
        ({"base": 1}, 1),
        ({"base_value": 1}, 10),
        ({"per_vector": 1}, 50),  # microseconds: 50,000 of them
        ({"per_value": 1}, 500),
        ({"per_sparse": 1}, 12.5),  # a quarter: the square of the share that does not pass
        ({"per_sparse_value": 1}, 125),
        ({"per_skipped": 1}, 100),
        ({"per_hit": 1}, 0),  # the script collects a page, not a pool
        ({"base": 1, "per_vector": 1}, 51),
    ],
)
def test_the_exact_plan_pays_each_price_for_its_own_work(price: dict[str, float], ms: float) -> None:
    assert exact_ms(HALF, scan_price(**price)) == pytest.approx(ms)
    bulk = replace(NOTHING, bulk=SearchPrice(**price))
    assert exact_ms(replace(HALF, bulk=True), bulk) == pytest.approx(ms)
    assert exact_ms(HALF, bulk) == 0  # a server without the plugin pays the script's


@pytest.mark.parametrize(("price", "share"), [("per_vector", 1), ("per_value", 1), ("per_sparse", 1), ("base", 0)])
def test_threads_share_what_is_done_per_product_and_nothing_else(price: str, share: int) -> None:
    one = scan_price(**{price: 1})
    two = replace(one, cores=2, parallel=0.5)
    alone, shared = exact_ms(HALF, one), exact_ms(replace(HALF, shards=2), two)
    assert shared == pytest.approx(alone / 1.5 if share else alone)


def test_where_everything_passes_no_product_is_alone() -> None:
    assert exact_ms(replace(HALF, candidates=100_000), scan_price(per_sparse=1, per_sparse_value=1)) == 0
    assert exact_ms(replace(HALF, candidates=0, total=0), scan_price(per_sparse=1)) == 0


def test_a_flat_index_pays_for_the_pool_that_it_collects_and_three_times_where_it_rescores() -> None:
    costs = replace(NOTHING, flats={"flat": SearchPrice(per_hit=1000), "int8_flat": SearchPrice(per_hit=1000)})
    assert knn_ms(HALF, costs) == 200
    assert knn_ms(replace(HALF, index_type="int8_flat"), costs) == 600
    assert knn_ms(replace(HALF, index_type="int8_flat"), costs, Breadth(pool=50, oversample=2)) == 100
    assert knn_ms(replace(HALF, candidates=7), costs) == 7  # there are no more hits
    assert knn_ms(HALF, replace(NOTHING, flats={"flat": SearchPrice(per_vector=1, base=2)})) == 52
    assert knn_ms(replace(HALF, shards=2), replace(NOTHING, flats={"flat": SearchPrice(per_vector=1)}, cores=2)) == 50


MILLION = 2**20  # so that its logarithm is 20


@pytest.mark.parametrize(
    ("price", "ms"),
    [
        ({"base": 1}, 1),
        ({"base_value": 1}, 10),
        ({"per_candidate": 1}, 0),  # nothing is filtered
        ({"per_visit": 1}, 8),  # 400 x 20 nodes
        ({"per_value": 1}, 80),
    ],
)
def test_a_graph_pays_each_price_for_its_own_work(price: dict[str, float], ms: float) -> None:
    costs = replace(NOTHING, graphs={"hnsw": GraphPrice(**price)}, flats={})
    facts = Facts("hnsw", 10, MILLION, MILLION, 1)
    assert knn_ms(facts, costs) == pytest.approx(ms)
    two = replace(costs, cores=2, parallel=1)
    per_node = "per_visit" in price or "per_value" in price
    assert knn_ms(replace(facts, shards=2), two) == pytest.approx(ms / 2 if per_node else ms)


def test_a_filtered_graph_pays_for_marking_what_passes() -> None:
    costs = replace(NOTHING, graphs={"hnsw": GraphPrice(per_candidate=1)}, cores=2, parallel=1)
    facts = Facts("hnsw", 10, 500_000, MILLION, 1)
    assert knn_ms(facts, costs) == pytest.approx(500)
    assert knn_ms(replace(facts, shards=2), costs) == pytest.approx(250)


def test_a_quantised_graph_collects_what_it_rescores() -> None:
    facts = Facts("hnsw", 10, MILLION, MILLION, 1)
    assert count_visits(facts, Breadth()) == pytest.approx(400 * 20)
    assert count_visits(replace(facts, index_type="int8_hnsw"), Breadth()) == pytest.approx(600 * 20)
    assert count_visits(facts, Breadth(pool=1000)) == pytest.approx(1000 * 20)


def test_a_graph_is_given_up_once_as_many_are_visited_as_pass() -> None:
    assert count_visits(Facts("hnsw", 4, 2, 2, 1), Breadth(pool=1, num_candidates=1)) == 1
    assert count_visits(Facts("hnsw", 4, 2, 2, 1), Breadth(pool=1, num_candidates=2)) == 4
    assert count_visits(Facts("hnsw", 4, 1, 1, 1), Breadth(pool=1, num_candidates=1)) == 2


def test_only_whole_parts_are_searched_side_by_side() -> None:
    facts = Facts("flat", 10, 1, 599_999, 1)
    assert scan_parts(facts) == 2
    assert scan_parts(replace(facts, total=600_000)) == 3
    assert scan_parts(replace(facts, shards=5)) == 5
    assert threads(3, 3, 0.25) == 1.5


def test_the_other_plan_has_to_be_clearly_cheaper() -> None:
    costs = replace(scan_price(base=10), flats={"flat": SearchPrice(base=9)}, clearly=0.9)
    assert choose(HALF, costs).strategy == "exact"
    assert choose(HALF, replace(costs, flats={"flat": SearchPrice(base=8.9)})).strategy == "knn"
    assert choose(HALF, replace(costs, clearly=1)).strategy == "knn"


def test_a_reason_has_the_counts_and_both_prices() -> None:
    reason = choose(
        replace(HALF, shards=3), replace(scan_price(base=10), flats={"flat": SearchPrice(base=2.25)})
    ).reason
    for fact in ("50000 of 100000 products", "10 dimensions", "3 shard", "exact about 10.0 ms", "flat about 2.2 ms"):
        assert fact in reason


def test_a_catalogue_is_small_up_to_the_limit_and_judged_as_if_all_passed() -> None:
    costs = replace(scan_price(per_vector=0.05), small_ms=5)
    assert is_small(HALF, costs)
    assert not is_small(replace(HALF, total=100_001), costs)


class Counter:
    """Counts for the planner and remembers what it was asked."""

    def __init__(self, total: int, passing: int | None) -> None:
        self.total, self.passing = total, passing
        self.asked: list[str] = []

    def count_all(self) -> int:
        self.asked.append("all")
        return self.total

    def count_passing(self) -> int | None:
        self.asked.append("passing")
        return self.passing


# The script costs 1 ms per 1,000 products, the graph 20 ms whatever passes.
PLANNER = Planner(
    replace(scan_price(per_vector=1), graphs={"int8_hnsw": GraphPrice(base=20)}, flats={}, small_ms=10, clearly=1)
)
UNCOUNTED = Facts("int8_hnsw", 10, 0, 0, 1)


@pytest.mark.parametrize(
    ("total", "passing", "strategy", "asked", "counted"),
    [
        (10_000, 1, "exact", ["all"], "10000 of 10000"),  # small: never counted
        (100_000, None, "knn", ["all", "passing"], "100000 of 100000"),  # there are no filters
        (100_000, 30_000, "knn", ["all", "passing"], "30000 of 100000"),
        (100_000, 15_000, "exact", ["all", "passing"], "15000 of 100000"),
        (100_000, 0, "exact", ["all", "passing"], "0 of 100000"),
    ],
)
def test_the_planner_counts_only_what_its_choice_hangs_on(
    total: int, passing: int | None, strategy: str, asked: list[str], counted: str
) -> None:
    counter = Counter(total, passing)
    choice = PLANNER.choose(UNCOUNTED, counter)
    assert (choice.strategy, counter.asked) == (strategy, asked)
    assert counted in choice.reason


@pytest.mark.parametrize("forced", [{"exact_asked": True}, {"exact_needed": "groups"}])
def test_a_plan_without_a_choice_counts_nothing(forced: dict[str, Any]) -> None:
    counter = Counter(100_000, 30_000)
    assert PLANNER.choose(replace(UNCOUNTED, **forced), counter).strategy == "exact"
    assert counter.asked == []


def test_a_planner_of_another_breadth_plans_and_searches_with_that() -> None:
    assert PLANNER.get_breadth("flat") == Breadth(pool=200, num_candidates=400, oversample=3.0)
    visits = replace(PLANNER.costs, graphs={"int8_hnsw": GraphPrice(per_visit=1)})
    facts = replace(UNCOUNTED, exact_needed="")
    wide = Breadth(num_candidates=6000)
    assert Planner(visits, wide).get_breadth("int8_hnsw") is wide
    assert Planner(visits).choose(facts, Counter(MILLION, None)).reason.endswith("about 12.0 ms")
    assert Planner(visits, wide).choose(facts, Counter(MILLION, None)).reason.endswith("about 120.0 ms")


@pytest.mark.parametrize(
    ("index_type", "every", "tenth"),
    [
        ("flat", 51.39, 20.66),
        ("int8_flat", 45.86, 19.86),
        ("bbq_flat", 43.80, 13.41),
        ("hnsw", 5.07, 14.27),
        ("int8_hnsw", 6.19, 19.89),
        ("bbq_hnsw", 6.19, 19.89),
    ],
)
def test_the_default_prices_of_a_million_products_and_of_a_tenth_of_them(
    index_type: Any, every: float, tenth: float
) -> None:
    """A slip of a digit in a default would choose other plans on every machine that was never calibrated."""
    facts = Facts(index_type, 40, 1_000_000, 1_000_000, 1)
    assert knn_ms(facts, Costs()) == pytest.approx(every, abs=0.005)
    assert knn_ms(replace(facts, candidates=100_000), Costs()) == pytest.approx(tenth, abs=0.005)
    assert exact_ms(facts, Costs()) == pytest.approx(55.08, abs=0.005)
    assert exact_ms(replace(facts, bulk=True), Costs()) == pytest.approx(16.24, abs=0.005)


def test_an_index_type_that_needs_another_breadth_is_planned_and_searched_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(plan_cost, "BREADTHS", {"flat": Breadth(pool=1000)})
    assert knn_ms(HALF, replace(NOTHING, flats={"flat": SearchPrice(per_hit=1000)})) == 1000
    assert Planner(NOTHING).get_breadth("flat") == Breadth(pool=1000)
    assert Planner(NOTHING).get_breadth("int8_flat") == Breadth()
