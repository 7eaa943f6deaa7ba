"""Variety and near-duplicates over a pool of hits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catalog import similarity
from catalog.search.diversity import drop_near_duplicates, order_by_mmr

NEAR = similarity.normalize([[1, 0, 0], [1, 0.01, 0], [0.8, 0.6, 0], [0.7, 0, 0.7]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0, 1))
def test_mmr_reorders_and_keeps_the_best_first(seed: int, count: int, diversity: float) -> None:
    rng = np.random.default_rng(seed)
    vectors = similarity.normalize(rng.normal(size=(count, 6)))
    relevance = np.sort(similarity.cosine(rng.normal(size=6), vectors))[::-1]
    order = order_by_mmr(relevance, vectors, diversity)
    assert sorted(order) == list(range(count))
    if diversity < 1:
        assert relevance[order[0]] == relevance[0]
    if diversity == 0:
        assert np.all(np.diff(relevance[order]) <= 0)


def test_a_repeat_falls_behind_something_different() -> None:
    relevance = np.asarray([0.99, 0.98, 0.9, 0.85])
    assert order_by_mmr(relevance, NEAR, 0.0) == [0, 1, 2, 3]
    assert order_by_mmr(relevance, NEAR, 0.6)[-1] == 1


def test_near_duplicates_of_an_earlier_hit_are_dropped() -> None:
    assert drop_near_duplicates(NEAR, 0.999) == [0, 2, 3]
    assert drop_near_duplicates(NEAR, 1.1) == [0, 1, 2, 3]


def test_variety_alone_takes_what_is_farthest_from_all_that_was_taken() -> None:
    relevance = np.asarray([0.9, 0.8, 0.7, 0.6])
    vectors = similarity.normalize([[1, 0], [1, 0.1], [0, 1], [-1, 0.2]])
    assert order_by_mmr(relevance, vectors, 1.0) == [0, 3, 2, 1]
    assert order_by_mmr(relevance, vectors, 0.5) == [0, 3, 2, 1]
    assert order_by_mmr(relevance, vectors, 0.05) == [0, 1, 2, 3]
    assert order_by_mmr(relevance[:0], vectors[:0], 0.5) == []


def test_the_first_one_is_the_most_relevant_whatever_its_score() -> None:
    vectors = similarity.normalize([[1, 0], [0, 1]])
    assert order_by_mmr(np.asarray([-0.9, -0.2]), vectors, 0.5) == [1, 0]
    opposite = similarity.normalize([[1, 0], [-1, 0.1], [-1, 0.2], [0.9, 0.5]])
    assert order_by_mmr(np.asarray([0.5, 0.1, 0.1, 0.2]), opposite, 0.5) == [0, 1, 3, 2]


def test_a_near_duplicate_reaches_the_threshold_with_one_that_was_kept() -> None:
    vectors = similarity.normalize([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]])
    assert drop_near_duplicates(vectors, 0.95) == [0, 1, 3]  # the third is near the second, the last only near it
    exact = np.asarray([[1, 0], [0.5, 0.75], [0, 1]], dtype=np.float32)
    assert drop_near_duplicates(exact, 0.5) == [0, 2]
    assert drop_near_duplicates(exact, 0.51) == [0, 1]
    assert drop_near_duplicates(vectors[:0], 0.5) == []


def test_the_opposite_of_what_was_taken_is_more_different_than_something_across() -> None:
    vectors = similarity.normalize([[1, 0], [-1, 0], [-0.1, 1]])
    assert order_by_mmr(np.asarray([0.5, 0.1, 0.2]), vectors, 0.5) == [0, 1, 2]
