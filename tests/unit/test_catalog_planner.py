"""The planner compares two prices and says why it chose."""

import pytest

from catalog.planner import Costs, Facts, choose, exact_ms

COSTS = Costs()


@pytest.mark.parametrize(
    ("facts", "strategy"),
    [
        (Facts("flat", 40, 5_000, 5_000, 1), "exact"),
        (Facts("flat", 40, 1_000_000, 1_000_000, 1), "knn"),
        (Facts("flat", 40, 30_000, 1_000_000, 1), "exact"),
        (Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1), "knn"),
        (Facts("int8_hnsw", 40, 30_000, 1_000_000, 1), "exact"),
        (Facts("int8_hnsw", 512, 500_000, 1_000_000, 1), "knn"),
        (Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 16), "exact"),
        (Facts("int8_hnsw", 40, 0, 1_000_000, 1), "exact"),
        (Facts("hnsw", 40, 0, 0, 1), "exact"),
    ],
)
def test_the_choice_follows_candidates_times_dimensions_per_shard(facts: Facts, strategy: str) -> None:
    assert choose(facts, COSTS).strategy == strategy


def test_what_was_asked_for_or_needed_is_obeyed_and_named() -> None:
    big = Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1)
    assert choose(big, COSTS).strategy == "knn"
    asked = choose(Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1, exact_asked=True), COSTS)
    needed = choose(Facts("int8_hnsw", 40, 1_000_000, 1_000_000, 1, exact_needed="groups"), COSTS)
    assert (asked.strategy, asked.reason) == ("exact", "exact=true")
    assert (needed.strategy, needed.reason) == ("exact", "groups")


def test_the_price_of_the_exact_plan_grows_with_the_work_of_one_shard() -> None:
    one = exact_ms(Facts("flat", 40, 100_000, 100_000, 1), COSTS)
    assert exact_ms(Facts("flat", 40, 200_000, 200_000, 1), COSTS) == pytest.approx(2 * one)
    assert exact_ms(Facts("flat", 40, 200_000, 200_000, 2), COSTS) == pytest.approx(one)
    assert exact_ms(Facts("flat", 512, 100_000, 100_000, 1), COSTS) > 2 * one


def test_calibrated_prices_move_the_border() -> None:
    facts = Facts("int8_hnsw", 40, 300_000, 1_000_000, 1)
    assert choose(facts, Costs(graph_base=500, graph_filtered=500)).strategy == "exact"
    assert choose(facts, Costs(graph_base=1, graph_filtered=2)).strategy == "knn"
