"""`bench-query` against the real engine: catalogues that outlive a run, and a whole run at a small size."""

import pytest

from benchmarks.query import __main__ as query
from benchmarks.query import kept_catalogue
from benchmarks.query.jobs import QueryJob
from benchmarks.query.page import write_page
from benchmarks.query.results import QueryResults
from benchmarks.sizes import Effort, Size
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings

SIZE = Size(1500, 8)


def count_indices(settings: CatalogSettings) -> int:
    """Indices of a kept catalogue below the test's prefix."""
    found = connect(settings)
    try:
        return len(
            found.client.indices.get(index=f"{settings.index_prefix}{kept_catalogue.name_prefix(SIZE, 'flat')}*")
        )
    finally:
        found.client.close()


def test_a_catalogue_is_kept_found_again_and_deleted(settings: CatalogSettings) -> None:
    with kept_catalogue.open_catalogue(settings, SIZE, "flat", keep=True) as (first, loaded):
        assert first.client.count(index=first.names.products)["count"] == SIZE.products
        assert (loaded.products, loaded.segments) == (SIZE.products, 1)  # so few lie in one from the start
    assert count_indices(settings)
    with kept_catalogue.open_catalogue(settings, SIZE, "flat", keep=False) as (_, again):
        assert again == loaded  # with the seconds of the first time: nothing was loaded
    assert not count_indices(settings)


def test_half_a_catalogue_or_another_one_is_loaded_anew(
    settings: CatalogSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kept_catalogue.open_catalogue(settings, SIZE, "flat", keep=True) as (first, loaded):
        first.client.delete(index=first.names.products, id="drawn-00000007", refresh=True)
        assert kept_catalogue.read_kept(first, SIZE) is None
    with kept_catalogue.open_catalogue(settings, SIZE, "flat", keep=True) as (second, _):
        assert second.client.count(index=second.names.products)["count"] == SIZE.products
        assert kept_catalogue.read_kept(second, SIZE) is not None
        monkeypatch.setattr(kept_catalogue, "SEED", 8)
        assert kept_catalogue.read_kept(second, SIZE) is None
    assert loaded.products == SIZE.products


def test_a_load_that_broke_off_does_not_count(settings: CatalogSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> float:
        raise KeyboardInterrupt

    monkeypatch.setattr(kept_catalogue, "_merge", broken)
    with pytest.raises(KeyboardInterrupt), kept_catalogue.open_catalogue(settings, SIZE, "flat", keep=True):
        pass
    named = settings.model_copy(
        update={"index_prefix": settings.index_prefix + kept_catalogue.name_prefix(SIZE, "flat")}
    )
    left: Catalogue = connect(named)
    try:
        assert left.client.count(index=left.names.products)["count"] == SIZE.products
        assert kept_catalogue.read_kept(left, SIZE) is None
    finally:
        left.client.close()


def test_a_whole_run_finds_the_nearest_and_compares_the_plans(settings: CatalogSettings) -> None:
    effort = Effort(questions=6, repeats=2, warm_up=3, crowd_seconds=0.3)
    job = QueryJob(SIZE, "int8_hnsw", speed=(100, 3), plans=(100, 3))
    found = query.measure(settings, job, effort, keep=False)
    assert [(cell.share, cell.recall, cell.plan) for cell in found.speed] == [(100, 1.0, "exact"), (3, 1.0, "exact")]
    for cell in found.speed:
        assert 0 < cell.p50.low <= cell.p50.median <= cell.p50.high
        assert cell.p50.median <= cell.p95.median <= cell.p99.median
        assert cell.limit_p50.median < cell.p50.median
        assert set(cell.rates) == {"4", "16"}
        assert all(rate.low > 0 for rate in cell.rates.values())
    assert [cell.question for cell in found.facets] == ["default", "all genders"]
    assert all(0 < cell.server_p50.median < cell.p50.median <= cell.p95.median for cell in found.facets)
    for choice in found.plans:
        assert {"exact", "knn"} <= set(choice.times)
        assert choice.recalls["exact"] == 1
        assert choice.recalls["knn"] >= 0.98
        assert choice.best in choice.times
    assert "1 500 × 8" in write_page(QueryResults([found]))
