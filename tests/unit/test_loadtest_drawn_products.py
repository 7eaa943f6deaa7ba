"""Drawn products: what the index would have made of them, the same for the same seed."""

from itertools import islice

import numpy as np
import pytest

from catalog.domain import product
from catalog.domain.product import DERIVED_FIELDS
from loadtest.drawn_products import BRANDS, ID_PREFIX, draw_products, draw_vectors, format_product_id


def test_the_same_seed_draws_the_same_and_a_longer_draw_starts_alike() -> None:
    short = list(draw_products(1500, 8, seed=3))
    long = list(islice(draw_products(4000, 8, seed=3), 1500))
    assert [one.document for one in short] == [one.document for one in long]
    assert np.array_equal([one.vector for one in short], [one.vector for one in long])


def test_another_seed_draws_others() -> None:
    first, second = (next(draw_products(1, 8, seed=seed)) for seed in (1, 2))
    assert first.document != second.document
    assert not np.array_equal(first.vector, second.vector)


@pytest.mark.parametrize("dims", [2, 40, 512])
def test_vectors_are_unit_length_float32_and_lie_in_clusters(dims: int) -> None:
    vectors = np.array([one.vector for one in draw_products(1000, dims)])
    assert vectors.dtype == np.float32
    assert vectors.shape == (1000, dims)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    cosines = vectors @ vectors.T - 2 * np.eye(1000)
    assert np.median(cosines.max(axis=1)) > 0.6  # most have a neighbour of their own cluster
    if dims == 512:
        assert abs(np.median(cosines)) < 0.1  # and far more of other clusters


def test_a_document_is_what_the_catalogue_would_store() -> None:
    for one in draw_products(500, 4):
        given = {key: value for key, value in one.document.items() if key not in DERIVED_FIELDS}
        assert product.document(product.parse(given)) == one.document


def test_ids_are_distinct_and_marked_as_drawn() -> None:
    ids = [one.document["id"] for one in draw_products(2500, 4)]
    assert len(set(ids)) == 2500
    assert all(key.startswith(ID_PREFIX) for key in ids)


@pytest.mark.parametrize(("brand", "share"), [("Alder", 0.30), ("Hazel", 0.03), ("Sorrel", 0.003), ("Yew", 0.001)])
def test_brands_keep_the_share_that_benchmarks_rely_on(brand: str, share: float) -> None:
    _, brands = draw_vectors(100_000, 2)
    assert np.mean(brands == brand) == pytest.approx(share, abs=4 * (share / 100_000) ** 0.5)


@pytest.mark.parametrize("count", [1, 999, 1000, 2500])
def test_vectors_and_brands_alone_are_those_of_the_products(count: int) -> None:
    drawn = list(draw_products(count, 8, seed=3))
    vectors, brands = draw_vectors(count, 8, seed=3)
    assert np.array_equal(vectors, [one.vector for one in drawn])
    assert brands.tolist() == [one.document["brand"] for one in drawn]
    assert [format_product_id(number) for number in range(count)] == [one.document["id"] for one in drawn]


def test_shares_add_up() -> None:
    assert sum(BRANDS.values()) == pytest.approx(1)
