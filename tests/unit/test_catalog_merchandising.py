"""Rules at work on similar products: nothing lost, nothing twice, hidden is hidden, pages fit together."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.domain import merchandising_rules
from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse as parse_filters
from catalog.domain.matching import FoldedProduct, passes
from catalog.errors import ProductNotEmbedded
from catalog.similar import reranking, similar_to
from tests.asking import similar_request
from tests.fakes import FakeCatalogue

SPACE = Space("color", "v1", 2)
BRANDS = ("x", "y", "z")
NAMES = [f"p{number}" for number in range(12)]
MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
YESTERDAY, TOMORROW = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))


def product(name: str, number: int, **fields: Any) -> dict[str, Any]:
    url = f"file:///{name}.jpg"
    return {"id": name, "title": name, "image_url": url, "price": 10 + number, "brand": BRANDS[number % 3], **fields}


def shop(vectors: list[tuple[int, int]], grouped: bool = False) -> FakeCatalogue:
    """A source `s` and a product per vector; (0, 0) has no embedding."""
    group = (lambda number: f"g{number // 2}") if grouped else (lambda number: None)
    sources = [
        product(name, n, item_group_id=group(n)) for n, (name, _) in enumerate(zip(NAMES, vectors, strict=False))
    ]
    index = FakeCatalogue([product("s", 0), *sources], [SPACE])
    index.embed("s", SPACE, [1, 0])
    for name, vector in zip(NAMES, vectors, strict=False):
        if vector != (0, 0):
            index.embed(name, SPACE, vector)
    return index


def keep(index: FakeCatalogue, *given: dict[str, Any]) -> FakeCatalogue:
    for number, data in enumerate(given):
        index.rules.put(merchandising_rules.parse({"id": f"r{number}", **data}))
    return index


def hits(index: FakeCatalogue, **request: Any) -> list[Any]:
    return list(similar_to(index, similar_request("s", **{"limit": 1000, **request})).hits)


def ids(index: FakeCatalogue, **request: Any) -> list[str]:
    return [hit.id for hit in hits(index, **request)]


@contextmanager
def pool_of(size: int) -> Iterator[None]:
    before = reranking.RERANK_POOL
    reranking.RERANK_POOL = size
    try:
        yield
    finally:
        reranking.RERANK_POOL = before


targets = st.one_of(
    st.fixed_dictionaries({"ids": st.lists(st.sampled_from([*NAMES, "s", "nope"]), min_size=1, max_size=4)}),
    st.fixed_dictionaries({"filter": st.fixed_dictionaries({"brand": st.sampled_from(BRANDS)})}),
)
named = st.fixed_dictionaries({"ids": st.lists(st.sampled_from([*NAMES, "s", "nope"]), min_size=1, max_size=4)})
whens = st.sampled_from([{}, {"ids": ["s"]}, {"filter": {"brand": "x"}}, {"ids": ["p1"]}, {"filter": {"brand": "y"}}])
several_rules = st.lists(
    st.one_of(
        st.fixed_dictionaries({"action": st.just("hide"), "target": targets, "when": whens}),
        st.fixed_dictionaries(
            {"action": st.just("pin"), "target": named, "position": st.integers(1, 15), "when": whens}
        ),
        st.fixed_dictionaries(
            {"action": st.just("boost"), "target": targets, "amount": st.floats(-1, 1), "when": whens}
        ),
    ),
    max_size=5,
)
catalogues = st.lists(st.tuples(st.integers(-2, 2), st.integers(-2, 2)), max_size=len(NAMES))
shapes = st.fixed_dictionaries(
    {},
    optional={
        "diversity": st.sampled_from([0.0, 0.4]),
        "near_duplicates": st.just(0.999),
        "explain": st.booleans(),
        "fields": st.sampled_from([None, ("title",)]),
        "filters": st.sampled_from([parse_filters({}), parse_filters({"brand": ["x", "y"]})]),
        "score_threshold": st.sampled_from([None, 0.0]),
    },
)


@MANY
@given(catalogues, several_rules, shapes, st.integers(1, 6), st.integers(1, 15), st.booleans())
def test_pages_fit_together_and_nothing_is_lost_twice_there_or_hidden_and_shown(
    vectors: list[tuple[int, int]],
    given_rules: list[dict[str, Any]],
    shape: dict[str, Any],
    limit: int,
    pool: int,
    grouped: bool,
) -> None:
    index = shop(vectors, grouped)
    shape = {**shape, "group_size": 2 if grouped else 0}
    key = (lambda hit: index.docs[hit.id]["group_key"]) if grouped else (lambda hit: hit.id)
    hidden = {
        name
        for name, source in index.docs.items()
        for rule in map(merchandising_rules.parse, ({"id": "r", **each} for each in given_rules))
        if rule.action == "hide"
        and rule.applies(FoldedProduct(index.docs["s"]), datetime.now(UTC))
        and rule.target.has(FoldedProduct(source))
    }
    plain = {name: value for name, value in shape.items() if name not in ("diversity", "near_duplicates", "explain")}
    expected = {key(hit) for hit in hits(index, **plain, exclude_ids=tuple(hidden))}
    keep(index, *given_rules)
    with pool_of(pool):
        whole = hits(index, **shape)
        pages = [hit for start in range(0, 15, limit) for hit in hits(index, **shape, offset=start, limit=limit)]
        total = similar_to(index, similar_request("s", total=True, **shape)).total
    assert [hit.id for hit in pages] == [hit.id for hit in whole]
    shown = [key(hit) for hit in whole]
    assert len(set(shown)) == len(shown)
    assert not hidden & {member.id for hit in whole for member in (hit.group or [hit])}
    if "near_duplicates" in shape:
        assert set(shown) <= expected
    else:
        assert set(shown) == expected
    if shape.get("score_threshold") is None:
        assert total == len(expected)
    assert all(set(hit.product) == {"title"} for hit in whole if shape.get("fields"))


@MANY
@given(catalogues, several_rules, shapes, st.sampled_from([{"valid_until": YESTERDAY}, {"valid_from": TOMORROW}]))
def test_rules_out_of_their_time_do_nothing(
    vectors: list[tuple[int, int]], given_rules: list[dict[str, Any]], shape: dict[str, Any], time: dict[str, Any]
) -> None:
    index = shop(vectors)
    before = similar_to(index, similar_request("s", **shape))
    after = similar_to(keep(index, *({**each, **time} for each in given_rules)), similar_request("s", **shape))
    assert [(hit.id, hit.score) for hit in before.hits] == [(hit.id, hit.score) for hit in after.hits]
    assert (before.explanations, before.warnings) == (after.explanations, after.warnings)


@MANY
@given(catalogues, st.lists(st.tuples(targets, st.floats(-1, 1)), max_size=4))
def test_boosts_rank_by_cosine_and_amounts_and_leave_the_score(
    vectors: list[tuple[int, int]], boosts: list[tuple[dict[str, Any], float]]
) -> None:
    index = shop(vectors)
    scores = {hit.id: hit.score for hit in hits(index)}
    given_rules = [{"action": "boost", "target": target, "amount": amount} for target, amount in boosts]
    keep(index, *given_rules)
    found = hits(index)
    assert {hit.id: hit.score for hit in found} == scores

    def relevance(name: str) -> float:
        source = index.docs[name]
        acting = (r for r in index.rules.read_all() if r.target.has(FoldedProduct(source)))
        return float(scores[name]) + sum(rule.amount or 0 for rule in acting)

    ranks = [relevance(hit.id) for hit in found]
    assert ranks == sorted(ranks, reverse=True)


@MANY
@given(catalogues, st.integers(1, 12), st.sampled_from(NAMES), st.integers(1, 12))
def test_a_pin_has_its_position_wherever_its_product_was(
    vectors: list[tuple[int, int]], position: int, name: str, pool: int
) -> None:
    index = shop(vectors)
    before = ids(index)
    keep(index, {"action": "pin", "target": {"ids": [name]}, "position": position})
    with pool_of(pool):
        after = ids(index)
    if name in before:
        reach = min(position, pool + 1, len(before))  # behind the pool the order of similarity goes on
        assert after.index(name) + 1 == reach or (after.index(name) + 1 == pool and name in before[:pool])
        before.remove(name)
        after.remove(name)
    assert after == before


LINE = [(10, n) for n in range(6)]  # p0 most similar, p5 least


def test_pins_at_one_place_queue_up_and_close_ranks() -> None:
    index = keep(
        shop(LINE),
        {"action": "pin", "target": {"ids": ["p5", "nope", "p4"]}, "position": 2},
        {"action": "pin", "target": {"ids": ["p3", "p5"]}, "position": 3},
    )
    assert ids(index) == ["p0", "p5", "p4", "p3", "p1", "p2"]


def test_a_pin_shows_nothing_that_the_filters_the_threshold_or_the_caller_leave_out() -> None:
    index = keep(shop(LINE), {"action": "pin", "target": {"ids": ["s", "p5", "p4", "p3"]}, "position": 1})
    assert ids(index)[:3] == ["p5", "p4", "p3"]
    assert ids(index, exclude_ids=("p5",))[:2] == ["p4", "p3"]
    assert ids(index, filters=parse_filters({"brand": ["x", "y"]}))[:2] == ["p4", "p3"]
    assert ids(index, score_threshold=hits(index)[1].score)[:2] == ["p4", "p3"]
    assert ids(index, exclude_source=False)[0] == "s"


def test_a_pin_that_cannot_be_shown_is_a_warning_unless_it_does_not_pass() -> None:
    index = keep(
        shop([*LINE, (0, 0)]), {"action": "pin", "target": {"ids": ["nope", "p6", "p0", "s"]}, "position": 1}
    )
    gone, waiting = similar_to(index, similar_request("s")).warnings
    assert gone.code == waiting.code == "pin_not_shown"
    assert gone.message == "rule 'r0' could not pin product 'nope': it does not exist"
    assert gone.detail == {"rule": "r0", "product_id": "nope", "reason": "product_not_found"}
    assert waiting.message == "rule 'r0' could not pin product 'p6': it has no embedding of color__v1 yet"
    filtered = similar_request("s", filters=parse_filters({"brand": "z"}))
    keep(index, {"action": "pin", "target": {"ids": ["p0"]}, "position": 1})
    assert similar_to(index, filtered).warnings == ()


def test_hiding_wins_over_pinning_and_is_out_of_totals_and_facets() -> None:
    index = keep(
        shop(LINE),
        {"action": "pin", "target": {"ids": ["p5", "p3"]}, "position": 1},
        {"action": "hide", "target": {"filter": {"brand": "x"}}},
        {"action": "hide", "target": {"ids": ["p5"]}},
    )
    answer = similar_to(index, similar_request("s", total=True, facets=("brand",)))
    assert [hit.id for hit in answer.hits] == ["p1", "p2", "p4"]
    assert answer.total == 3 and answer.warnings == ()
    assert answer.facets == {"brand": [{"value": "y", "count": 2}, {"value": "z", "count": 1}]}


def test_an_explanation_names_the_rules_and_the_ranks() -> None:
    index = keep(
        shop(LINE),
        {"action": "pin", "target": {"ids": ["p5"]}, "position": 1},
        {"action": "boost", "target": {"filter": {"brand": "y"}}, "amount": 0.9},
        {"action": "boost", "target": {"ids": ["p4"]}, "amount": -0.1},
    )
    with pool_of(5):
        answer = similar_to(index, similar_request("s", explain=True))
    assert answer.explanations is not None
    found = {name: (e["rank_before"], e["rank_after"], e["rules"]) for name, e in answer.explanations.items()}
    assert found == {
        "p5": (None, 1, ["r0"]),  # fetched from behind the pool
        "p1": (2, 2, ["r1"]),
        "p4": (5, 3, ["r1", "r2"]),
        "p0": (1, 4, []),
        "p2": (3, 5, []),
        "p3": (4, 6, []),
    }


def test_the_group_of_a_pinned_product_is_pinned_whole() -> None:
    index = keep(shop(LINE, grouped=True), {"action": "pin", "target": {"ids": ["p5", "p4"]}, "position": 1})
    with pool_of(1):
        found = hits(index, group_size=3, fields=("title",))
    assert [[each.id for each in hit.group] for hit in found] == [["p4", "p5"], ["p0", "p1"], ["p2", "p3"]]
    assert set(found[0].product) == {"title"} == set(found[0].group[1].product)


def test_without_rules_the_index_is_asked_once() -> None:
    index = shop(LINE)
    asked = []
    similar = index.similar.search
    index.similar.search = lambda query: asked.append(query) or similar(query)  # type: ignore[method-assign, func-returns-value]
    ids(index)
    keep(index, {"action": "hide", "target": {"ids": ["p0"]}})
    ids(index)
    assert [query.page.with_vectors for query in asked] == [False, False]  # hiding needs no second question either
    keep(index, {"action": "pin", "target": {"ids": ["p4"]}, "position": 1, "when": {"ids": ["another"]}})
    ids(index)
    assert len(asked) == 3


def stock() -> FakeCatalogue:
    """A source without an embedding among dresses of different stock and age, and a shoe."""
    days = {"old": 1, "new": 3, "gone": 4, "sibling": 5, "hidden": 6}
    dress = {"category": ["clothing", "dress"], "gender": "women"}
    sources = [
        product(
            name,
            day,
            **dress,
            updated_at=f"2027-01-0{day}T00:00:00Z",
            available=name != "gone",
            item_group_id="g" if name == "sibling" else None,
        )
        for name, day in days.items()
    ]
    index = FakeCatalogue(
        [
            product("s", 0, **dress, item_group_id="g"),
            product("shoe", 0, category=["shoes"], gender="women"),
            product("mens", 0, category=["dress"], gender="men"),
            *sources,
        ],
        [SPACE],
    )
    index.embed("shoe", SPACE, [1, 0])
    return keep(index, {"action": "hide", "target": {"ids": ["hidden"]}})


def test_a_product_without_an_embedding_falls_back_to_its_category_where_asked() -> None:
    index = stock()
    with pytest.raises(ProductNotEmbedded):
        similar_to(index, similar_request("s"))
    answer = similar_to(index, similar_request("s", fallback="category", total=True, facets=("category",)))
    assert [(hit.id, hit.score) for hit in answer.hits] == [("new", None), ("old", None), ("gone", None)]
    assert answer.plan.strategy == "fallback" and answer.total == 3
    warning = answer.warnings[0]
    assert warning.code == "not_similar" and "category 'dress'" in warning.message
    assert "no sales figures" in warning.message and "python -m" not in warning.message
    assert warning.detail and "python -m etl run" in warning.detail["hint"]
    assert answer.facets == {"category": [{"value": "clothing", "count": 3}, {"value": "dress", "count": 3}]}
    pages = [
        hit.id
        for start in range(4)
        for hit in similar_to(index, similar_request("s", fallback="category", limit=1, offset=start)).hits
    ]
    assert pages == ["new", "old", "gone"]


def test_a_fallback_keeps_to_the_filters_and_to_what_was_excluded() -> None:
    index = stock()

    def fallen(**request: Any) -> list[str]:
        return ids(index, fallback="category", **request)

    assert fallen(filters=parse_filters({"available": True, "price": {"lte": 11}})) == ["old"]
    assert fallen(filters=parse_filters({"category": "shoes"})) == []
    assert fallen(filters=parse_filters({"gender": "men"})) == ["mens"]
    assert fallen(exclude_ids=("new",)) == ["old", "gone"]
    assert fallen(exclude_source=False)[:2] == ["sibling", "new"]
    assert dict(hits(index, fallback="category", fields=("brand",))[0].product) == {"brand": "x"}
    index.docs["s"].pop("category")
    assert fallen(filters=parse_filters({"category": "shoes"})) == ["shoe"]


def test_a_fallback_is_not_taken_where_there_is_an_embedding() -> None:
    answer = similar_to(shop(LINE), similar_request("s", fallback="category"))
    assert answer.plan.strategy == "exact" and len(answer.hits) == 6


def test_rules_look_at_products_as_filters_do() -> None:
    index = keep(shop(LINE), {"action": "hide", "target": {"filter": {"price": {"gte": 14}}}})
    wanted = parse_filters({"price": {"gte": 14}})
    assert ids(index) == [name for name in NAMES[:6] if not passes(index.docs[name], wanted)]
