"""Totals and facets without the source: equal to plain counting, by a search that is the same for every source."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog import similarity
from catalog.domain import filters
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.search import overviews
from catalog.search.facet_queries import FACET_SIZE, SPARE
from catalog.search.search_types import SimilarQuery
from catalog.settings import CatalogSettings
from tests.asking import changed, similar_query
from tests.fakes import FakeCatalogue

SPACE = Space("wide", "v1", 8)
COUNT = 900
BRANDS = [f"brand {number:03d}" for number in range(FACET_SIZE + SPARE + 90)]
FACETS = ("brand", "color", "size", "gender", "available", "price")
EXTREMES = {201: 1, 202: 2, 602: 98, 603: 99}  # prices that one product has alone
GROUP = COUNT // 9  # products of the one big group: more brands than SPARE


def make(number: int, rng: np.random.Generator) -> dict[str, Any]:
    """Brands of which many are equally frequent, prices of which many lie on the bounds of filters."""
    sizes = rng.choice(["S", "M", "L"], int(rng.integers(1, 4)), replace=False)
    group = "big" if number < GROUP else f"g{number // 4}" if number % 3 else None
    data = {
        "id": f"p{number:04d}",
        "title": "x",
        "brand": BRANDS[int(rng.integers(len(BRANDS)) * rng.random())],
        "color": str(rng.choice(["red", "blue", "grün"])) if rng.random() < 0.9 else None,
        "gender": str(rng.choice(["female", "male"])) if rng.random() < 0.8 else None,
        "item_group_id": group,
        "image_url": f"https://photos.example/{number}.jpg",
        "price": EXTREMES.get(number, int(rng.integers(1, 8)) * 10 if rng.random() < 0.9 else None),
        "available": bool(rng.random() < 0.7),
        "variants": [
            {"sku": f"{number}-{size}", "size": str(size), "available": bool(rng.random() < 0.7)} for size in sizes
        ],
    }
    return document(parse({key: value for key, value in data.items() if value is not None}))


def fill(index: Any) -> Any:
    rng = np.random.default_rng(11)
    index.layout.create()
    index.spaces.ensure(SPACE)
    index.products.write([Change(f"p{n:04d}", make(n, rng)) for n in range(COUNT)])
    rows = similarity.normalize(rng.normal(size=(COUNT, SPACE.dims)))
    embedded = [n for n in range(COUNT) if n % 10]
    index.embeddings.write_outcomes(
        SPACE, [Outcome(f"p{n:04d}", f"https://photos.example/{n}.jpg", "done", vector=rows[n]) for n in embedded]
    )
    index.products.refresh()
    return index


@pytest.fixture(params=[1, 2])
def filled(request: pytest.FixtureRequest, settings: CatalogSettings) -> Catalogue:
    found: Catalogue = fill(connect(settings.model_copy(update={"index_shards": request.param})))
    return found


@pytest.fixture(scope="module")
def fake() -> Any:
    return fill(FakeCatalogue())


def about(index: Any, numbers: list[int], **more: Any) -> SimilarQuery:
    """A question about products, all of their groups left out as the source."""
    ids = [f"p{number:04d}" for number in numbers]
    groups = sorted({stored.source["group_key"] for stored in index.products.read_many(ids).values()})
    vector = similarity.normalize(np.random.default_rng(1).normal(size=SPACE.dims))
    return similar_query(
        SPACE, vector, limit=5, total=True, source_ids=tuple(ids), source_groups=tuple(groups), **more
    )


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    if draw(st.booleans()):
        chosen["color"] = draw(st.lists(st.sampled_from(["red", "blue", "grün"]), min_size=1, max_size=2))
    if draw(st.booleans()):
        chosen["size"] = draw(st.lists(st.sampled_from(["S", "M", "L"]), min_size=1, max_size=2))
    if draw(st.booleans()):
        chosen["gender"] = ["female"]
    if draw(st.booleans()):
        chosen["price"] = {"gte": draw(st.integers(0, 40)), "lte": draw(st.integers(40, 90))}
    if draw(st.integers(0, 3)) == 0:
        chosen["brand"] = draw(st.lists(st.sampled_from(BRANDS[:20]), min_size=1, max_size=8))
    number = st.sampled_from(sorted(EXTREMES)) | st.integers(0, COUNT - 1)
    return {
        "filters": filters.parse(chosen),
        "numbers": draw(st.lists(number, max_size=4)),
        "facets": tuple(draw(st.lists(st.sampled_from(FACETS), min_size=1, unique=True))),
        "group_size": draw(st.sampled_from([0, 0, 1])),
        "exclude_ids": tuple(draw(st.lists(number.map("p{:04d}".format), max_size=3))),
        "exclude_filters": tuple(draw(st.lists(st.just(filters.parse({"color": ["blue"]})), max_size=1))),
    }


def test_counts_equal_those_of_plain_counting(filled: Catalogue, fake: Any) -> None:
    again = 0

    @hypothesis_settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(asked=questions())
    def check(asked: dict[str, Any]) -> None:
        nonlocal again
        query = about(fake, asked.pop("numbers"), **asked)
        found, expected = filled.similar.search(query), fake.similar.search(query)
        assert (found.total, found.plan.candidates) == (expected.total, expected.plan.candidates)
        cut = {name: values if name == "price" else values[:FACET_SIZE] for name, values in expected.facets.items()}
        assert list(found.facets or ()) == list(query.counts.facets)
        if (
            filled.settings.index_shards == 1 or "brand" not in query.counts.facets
        ):  # cut off per shard, counts are estimates
            assert found.facets == cut
        bodies = overviews.build_searches(query)
        answers = filled.connection.msearch(bodies, "any")
        again += bool(overviews.read_overview(query, answers).unclear)
        # The same as without the detour: the source in the body, as what the caller leaves out.
        source = query.exclusions
        plain = changed(
            query,
            source_ids=(),
            source_groups=(),
            exclude_ids=(*source.source_ids, *source.ids),
            exclude_groups=source.source_groups,
        )
        other = filled.similar.search(plain)
        assert (found.total, found.plan) == (other.total, other.plan)
        # A server that has just compiled its arithmetic anew may round the last digit of a score otherwise.
        assert [hit.id for hit in found.hits] == [hit.id for hit in other.hits]
        assert [hit.score for hit in found.hits] == pytest.approx([hit.score for hit in other.hits], abs=1e-6)

    check()
    assert again  # the lowest price was the source's, or it had more brands than are held in reserve


@pytest.mark.parametrize("filled", [1], indirect=True)
def test_a_source_of_more_values_than_are_in_reserve(filled: Catalogue, fake: Any) -> None:
    query = about(fake, [0], facets=("brand",))
    assert overviews.read_overview(
        query, filled.connection.msearch(overviews.build_searches(query), "any")
    ).unclear == ("brand",)
    assert (filled.similar.search(query).facets or {})["brand"] == fake.similar.search(query).facets["brand"][
        :FACET_SIZE
    ]


def test_the_second_source_is_counted_from_the_cache(filled: Catalogue, fake: Any) -> None:
    """Each shard counts what passes once, whichever product is asked about."""

    def misses() -> tuple[int, int]:
        answer: Any = filled.client.indices.stats(index=filled.names.products, metric="request_cache")
        cache = answer["_all"]["primaries"]["request_cache"]
        return cache["miss_count"], cache["hit_count"]

    facets = ("brand", "color", "size")
    shards = filled.settings.index_shards
    filled.similar.search(about(fake, [501], facets=facets))
    missed, hit = misses()
    filled.similar.search(about(fake, [602], facets=facets))
    # Its own products are another question, and only that one is new.
    assert (misses()[0] - missed, misses()[1] - hit) == (shards, shards)
