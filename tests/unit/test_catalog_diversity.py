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
