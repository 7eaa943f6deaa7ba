"""The gateway on a real Elasticsearch does what the fake does, and what only a real one can show."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from catalog import similarity
from catalog.domain import filters
from catalog.domain.embedding_space import Space
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome, Written
from catalog.elastic import Catalogue, connect
from catalog.errors import InvalidFilter, InvalidInput, Unavailable
from catalog.search.browsing import browse
from catalog.settings import CatalogSettings
from catalog.similar import SimilarRequest, SimilarResult, similar_to
from tests.asking import browse_query, similar_query, similar_request
from tests.fakes import FakeCatalogue

SPACE = Space("color", "v1", 8)
COLORS, BRANDS, SIZES = ("red", "blue", "green"), ("a", "b"), ("S", "M:1", "L")
GENDERS = ("female", "women", "men", "unisex", "damen")
RNG = np.random.default_rng(7)


def spelled(word: str, number: int) -> str:
    return (word, word.title(), word.upper())[number % 3]


def variant(rng: np.random.Generator, number: int, size: str) -> dict[str, Any]:
    price = float(rng.integers(10, 100)) if rng.integers(2) else None
    sale_price = float(rng.integers(5, 60)) if rng.integers(4) == 0 else None
    return {
        "sku": f"{number}-{size}",
        "size": spelled(size, number),
        "price": price,
        "sale_price": sale_price,
        "available": bool(rng.integers(3)),
    }


def make(number: int) -> dict[str, Any]:
    rng = np.random.default_rng(number)
    return document(
        parse(
            {
                "id": f"p{number:03d}",
                "title": f"{rng.choice(COLORS)} thing {number}",
                "image_url": f"https://shop.example/{number}.jpg",
                "color": spelled(str(rng.choice(COLORS)), number),
                "brand": str(rng.choice(BRANDS)),
                "gender": spelled(str(rng.choice(GENDERS)), number) if number % 3 else None,
                "currency": str(rng.choice(("EUR", "EUR", "JPY"))) if number % 7 else None,
                "item_group_id": f"g{number // 2}" if number % 5 else None,
                "price": float(rng.integers(10, 100)),
                "attributes": {"season": "ss26" if number % 2 else "AW26", "İd": [True, 7, "Σ"][number % 3]},
                "variants": [variant(rng, number, size) for size in SIZES[: number % 4]],
            }
        )
    )


DOCS = [make(number) for number in range(60)]
VECTORS = similarity.normalize(RNG.normal(size=(60, SPACE.dims)))
EMBEDDED = range(0, 55)  # the rest has no embedding


def fill(index: Any) -> None:
    index.layout.create()
    assert {result.status for result in index.products.write([Change(doc["id"], doc) for doc in DOCS])} == {"created"}
    index.spaces.ensure(SPACE)
    outcomes = [
        Outcome(DOCS[n]["id"], DOCS[n]["image_url"], "done", vector=VECTORS[n], image_sha256="0") for n in EMBEDDED
    ]
    assert {result.result for result in index.embeddings.write_outcomes(SPACE, outcomes)} == {Written.WRITTEN}
    index.products.refresh()


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    fill(catalogue)
    return catalogue


FILTERS = st.fixed_dictionaries(
    {},
    optional={
        "color": st.lists(st.sampled_from((*COLORS, "GREEN", "bleu")), max_size=2),
        "brand": st.sampled_from(BRANDS),
        "gender": st.sampled_from((*GENDERS, "Ladies", "male")),
        "size": st.lists(st.sampled_from((*SIZES, "m:1", "xl", "l")), max_size=2),
        "available": st.booleans(),
        "price": st.fixed_dictionaries({}, optional={"gte": st.integers(0, 50), "lte": st.integers(50, 100)}),
        "currency": st.sampled_from(("EUR", "jpy")),
        "attributes": st.sampled_from(({"season": ["SS26"]}, {"season": []}, {"İd": ["TRUE", "σ"]}, {"İd": ["7"]})),
    },
)
ONE_OFFER = {"size": ["s"], "price": {"gte": 40}, "currency": "EUR", "gender": []}  # the test fails without `JOINED`
PAGES = {"limit": st.integers(1, 30), "offset": st.integers(0, 20)}
FACETS = ("color", "brand", "gender", "size", "price", "available")
QUICK = hypothesis_settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def as_sets(facets: Any) -> Any:
    """Facets with the order among equal counts taken out."""
    return {
        name: {(v["value"], v["count"]) for v in values} if isinstance(values, list) else values
        for name, values in facets.items()
    }


def test_queries_answer_like_the_fake(filled: Catalogue) -> None:
    fake = FakeCatalogue()
    fill(fake)

    @QUICK
    @example(source=0, data=ONE_OFFER, threshold=None, limit=30, offset=0)
    @given(source=st.sampled_from(EMBEDDED), data=FILTERS, threshold=st.none() | st.floats(-0.5, 0.5), **PAGES)
    def check(source: int, data: Any, threshold: float | None, limit: int, offset: int) -> None:
        request = similar_request(
            DOCS[source]["id"],
            filters.parse(data),
            limit=limit,
            offset=offset,
            score_threshold=threshold,
            facets=FACETS,
            total=True,
        )
        expected = answered(fake, request)
        real = answered(filled, request)
        if isinstance(real, InvalidInput) or isinstance(expected, InvalidInput):
            assert str(real) == str(expected)
            return
        assert [hit.id for hit in real.hits] == [hit.id for hit in expected.hits]
        assert [h.score for h in real.hits] == pytest.approx([h.score for h in expected.hits], abs=1e-6)
        assert [hit.product for hit in real.hits] == [hit.product for hit in expected.hits]
        assert (real.total, real.plan.candidates) == (expected.total, expected.plan.candidates)
        assert as_sets(real.facets) == as_sets(expected.facets)
        assert real.warnings == expected.warnings

    check()


def answered(index: Any, request: SimilarRequest) -> SimilarResult | InvalidInput:
    try:
        return similar_to(index, request)
    except InvalidInput as error:  # prices in several currencies
        return error


def test_browsing_answers_like_the_fake(filled: Catalogue) -> None:
    fake = FakeCatalogue()
    fill(fake)
    sorts = st.sampled_from(["id", "-id", "price", "-price", "title", "-title"])

    @QUICK
    @given(data=FILTERS, q=st.sampled_from([None, "thing", "red", "red thing"]), sort=sorts, **PAGES)
    def check(data: Any, q: str | None, sort: str, limit: int, offset: int) -> None:
        query = browse_query(filters.parse(data), q=q, sort=sort, limit=limit, offset=offset, facets=FACETS)
        try:
            expected = browse(fake, query)
        except InvalidFilter as error:
            with pytest.raises(InvalidFilter, match=str(error)):
                browse(filled, query)
            return
        real = browse(filled, query)
        assert real.total == expected.total
        assert real.warnings == expected.warnings
        assert as_sets(real.facets) == as_sets(expected.facets)
        if sort in ("id", "-id"):
            assert real.products == expected.products
        else:
            field = {"price": "effective_price", "title": "title"}[sort.lstrip("-")]
            assert [p[field] for p in real.products] == [p[field] for p in expected.products]

    check()


def test_an_outcome_reaches_only_the_photo_it_was_made_from(filled: Catalogue) -> None:
    stored = filled.products.read("p056")
    assert stored is not None
    moved = {**stored.source, "image_url": "https://shop.example/new.jpg"}
    filled.products.write([Change("p056", moved, seq_no=stored.seq_no, primary_term=stored.primary_term)])
    outcomes = [
        Outcome("p056", DOCS[56]["image_url"], "done", vector=VECTORS[56]),
        Outcome("p056", "https://shop.example/new.jpg", "done", vector=VECTORS[57]),
        Outcome("nobody", "https://shop.example/new.jpg", "done", vector=VECTORS[57]),
        Outcome("p058", DOCS[58]["image_url"], "done", vector=VECTORS[58][:4]),
        Outcome("p058", DOCS[58]["image_url"], "failed", reason="not_found"),
    ]
    results = [result.result for result in filled.embeddings.write_outcomes(SPACE, outcomes)]
    assert results == [Written.MOVED, Written.WRITTEN, Written.GONE, Written.REFUSED, Written.WRITTEN]
    assert filled.embeddings.write_outcomes(SPACE, outcomes[1:2])[0].result is Written.UNCHANGED
    found = filled.products.read_vectors(["p056"], [SPACE])["p056"]
    np.testing.assert_allclose(found[1][SPACE.name], VECTORS[57], atol=1e-7)
    status = filled.status.read_space(SPACE)
    assert (status.done, status.pending, status.failed) == (56, 3, {"not_found": 1})


def test_a_new_photo_clears_the_embedding_and_any_other_change_keeps_it(filled: Catalogue) -> None:
    for name, changes, kept in (
        ("p001", {"title": "new"}, True),
        ("p002", {"image_url": "https://x.example/2"}, False),
    ):
        stored = filled.products.read(name)
        assert stored is not None
        change = Change(name, {**stored.source, **changes}, seq_no=stored.seq_no, primary_term=stored.primary_term)
        assert filled.products.write([change])[0].status == "updated"
        assert filled.products.write([change])[0].status == "conflict"  # its seq_no is stale now
        found = filled.products.read_vectors([name], [SPACE])[name]
        assert (SPACE.name in found[1]) is kept
    assert [pending.product_id for pending in filled.embeddings.read_unprocessed(SPACE)] == [
        "p002",
        *[f"p{n:03d}" for n in range(55, 60)],
    ]
    assert [pending.product_id for pending in filled.embeddings.read_unprocessed(SPACE, limit=2)] == ["p002", "p055"]


def test_a_retry_is_unprocessed_once_it_is_due(filled: Catalogue) -> None:
    url = DOCS[55]["image_url"]
    for delta, due in ((timedelta(hours=1), False), (timedelta(hours=-1), True)):
        when = datetime.now(UTC) + delta
        filled.embeddings.write_outcomes(
            SPACE, [Outcome("p055", url, "retry", reason="timeout", attempts=2, next_try_at=when)]
        )
        pending = {found.product_id: found.attempts for found in filled.embeddings.read_unprocessed(SPACE)}
        assert pending.get("p055") == (2 if due else None)
    assert filled.embeddings.make_due(SPACE, ["retry"], ["not_found"]) == 0
    assert filled.embeddings.make_due(SPACE, ["retry"], ["timeout"]) == 1


def test_one_product_without_a_vector_does_not_fail_the_others(filled: Catalogue) -> None:
    page = filled.similar.search(similar_query(SPACE, VECTORS[0], limit=100))
    assert len(page.hits) == len(EMBEDDED)


def test_the_dimensions_of_a_space_cannot_change(filled: Catalogue) -> None:
    with pytest.raises(InvalidInput, match="has 8 dimensions in the index and 9 in the bundle"):
        filled.spaces.ensure(Space("color", "v1", 9))


def test_an_unknown_field_is_refused_by_the_strict_mapping(filled: Catalogue) -> None:
    result = filled.products.write([Change("x", {"id": "x", "title": "x", "group_key": "x", "colour": "red"})])[0]
    assert result.status == "failed"
    assert "colour" in result.message


def test_no_catalogue_and_no_server_say_what_to_do(settings: CatalogSettings) -> None:
    with pytest.raises(Unavailable, match="python -m catalog create"):
        connect(settings).browsing.search(browse_query())
    with pytest.raises(Unavailable, match="python -m catalog create"):
        connect(settings).products.read_vectors(["x"], [SPACE])
    with pytest.raises(Unavailable, match="does not answer"):
        connect(CatalogSettings(elasticsearch_url=("http://127.0.0.1:9",))).status.ping()


def test_writing_without_a_catalogue_creates_no_index(settings: CatalogSettings) -> None:
    index = connect(settings)
    with pytest.raises(Unavailable):
        index.products.write([Change("p1", DOCS[0])])
    assert not index.client.indices.exists(index=index.names.products)
