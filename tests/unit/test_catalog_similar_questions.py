"""From a request to the index: completed filters, relaxing, exclusions, and browsing in place of a search."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from catalog.domain import merchandising_rules
from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters, PriceRange, parse
from catalog.domain.merchandising_rulebook import UNKNOWN
from catalog.errors import InvalidFilter, InvalidInput, ProductNotEmbedded, ProductNotFound
from catalog.index_mapping import EXACT_FILTERS, VERSION
from catalog.search.browsing import browse
from catalog.search.search_types import BrowseQuery, Counts, SimilarQuery
from catalog.similar import similar_to
from catalog.similar.implied_filters import CompletedFilters, complete_filters, drop_filter, find_suitable
from tests.asking import browse_query, similar_request
from tests.fakes import FakeCatalogue

SPACE = Space("color", "v1", 2)


def product(name: str, **fields: Any) -> dict[str, Any]:
    return {"id": name, "title": name, "image_url": f"file:///{name}.jpg", **fields}


def shop(*products: dict[str, Any], bare: tuple[str, ...] = ()) -> FakeCatalogue:
    index = FakeCatalogue(products, [SPACE])
    for number, each in enumerate(products):
        if each["id"] not in bare:
            index.embed(each["id"], SPACE, [1, 0.1 * number])
    return index


def completed(source: dict[str, Any], index: FakeCatalogue | None = None, **request: Any) -> CompletedFilters:
    return complete_filters(index or FakeCatalogue(), similar_request("s", **request), source)


@pytest.mark.parametrize(
    ("key", "word", "suitable"),
    [
        ("gender", "Women", ("Women", "unisex")),
        ("gender", "Unisex", ()),
        ("gender", None, ()),
        ("age_group", "kids", ("kids", "all ages")),
        ("age_group", "All", ()),
    ],
)
def test_what_suits_a_source_is_its_own_word_and_that_for_everyone(
    key: str, word: str | None, suitable: tuple[str, ...]
) -> None:
    assert find_suitable(key, {key: word}) == suitable
    assert completed({key: word}).implied == ({key: suitable} if suitable else {})


@pytest.mark.parametrize(
    ("band", "asked", "low", "high"),
    [
        ((0.333, 1.111), None, 3.33, 11.10),  # whole cents
        ((0.5, 2), {"gte": 6}, 6, 19.98),
        ((0.5, 2), {"gte": 4}, 5.0, 19.98),
        ((0.5, 2), {"lte": 15}, 5.0, 15),
        ((0.5, 2), {"lte": 25}, 5.0, 19.98),
        ((0.5, 2), {"gte": 6, "lte": 7}, 6, 7),
    ],
)
def test_a_band_is_in_cents_and_within_the_bounds_asked_for(
    band: tuple[float, float], asked: dict[str, float] | None, low: float, high: float
) -> None:
    filters = parse({"price": asked} if asked else {})
    found = completed({"effective_price": 9.99}, filters=filters, price_band=band)
    assert found.filters.price == PriceRange(gte=low, lte=high)
    assert found.warnings == ()


def test_a_band_without_a_common_price_is_warned_about_on_every_kind_of_index() -> None:
    index = FakeCatalogue()
    for version, codes in ((VERSION, []), (EXACT_FILTERS - 1, ["old_index"])):
        index.version = version
        found = completed(
            {"effective_price": 10, "currency": "EUR"}, index, filters=parse({"price": {"lte": 1}}), price_band=(1, 2)
        )
        assert [each.code for each in found.warnings] == [*codes, "contradictory_filters"]
        assert (found.filters.currency == ("EUR",)) is (version == VERSION)


def test_an_older_index_compares_prices_of_all_currencies_as_it_did() -> None:
    index = FakeCatalogue()
    index.version = EXACT_FILTERS - 1
    found = completed(
        {"effective_price": 10, "currency": "EUR", "gender": "men"},
        index,
        filters=parse({"currency": "JPY"}),
        price_band=(1, 2),
        facets=("price",),
    )
    assert (found.filters.currency, found.price_currencies) == (("JPY",), None)
    assert found.filters.gender == ("men", "unisex")
    assert [each.code for each in found.warn_of_implied(found.filters)] == ["implied_filters", "old_index"]


def test_the_price_facet_is_in_the_sources_currency_without_a_filter_on_it() -> None:
    found = completed({"currency": "EUR"}, facets=("price",))
    assert (found.price_currencies, found.filters, found.implied) == (("EUR",), Filters(), {})
    compared = completed({"currency": "EUR"}, filters=parse({"price": {"gte": 1}}))
    assert (compared.filters.currency, compared.implied) == (("EUR",), {"currency": ("EUR",)})
    assert completed({"currency": "EUR"}, filters=parse({"price": {}})).filters.currency == ()


def test_a_band_is_refused_beside_another_currency_only() -> None:
    source = {"effective_price": 10, "currency": "EUR"}
    assert completed(source, filters=parse({"currency": "eur"}), price_band=(1, 2)).filters.price
    assert completed({"effective_price": 10}, filters=parse({"currency": "JPY"}), price_band=(1, 2)).filters.price
    with pytest.raises(
        InvalidFilter, match=r"price is in EUR, .* in JPY, eur; use price_min and price_max"
    ) as caught:
        completed(source, filters=parse({"currency": ["JPY", "eur"]}), price_band=(1, 2))
    assert caught.value.detail == {"key": "price_band", "currencies": ["EUR"]}
    with pytest.raises(InvalidInput, match="price_band: there is no source product with a price"):
        completed({"currency": "EUR"}, price_band=(1, 2))


def test_filters_are_dropped_by_name() -> None:
    filters = parse({"brand": "x", "price": {"lte": 5}, "available": True, "attributes": {"fit": "slim"}})
    assert drop_filter(filters, "brand").brand == ()
    assert drop_filter(filters, "price").price is None
    assert drop_filter(filters, "available").available is None
    assert drop_filter(filters, "attributes").attributes == {}
    assert drop_filter(filters, "brand").price == filters.price
    with pytest.raises(InvalidInput, match="relax: there is no filter 'colour'; there are available, category,"):
        drop_filter(filters, "colour")


def test_filters_are_dropped_in_order_until_a_page_is_full() -> None:
    index = shop(
        product("s"),
        product("both", brand="x", color="red", material="wool"),
        product("red", color="red", material="wool"),
        product("wool", material="wool"),
        product("none"),
    )
    filters = parse({"brand": "x", "color": "red", "material": "wool"})

    def relaxed(limit: int, *keys: str, **more: Any) -> tuple[list[str], list[str]]:
        answer = similar_to(index, similar_request("s", filters, limit=limit, relax=keys, **more))
        dropped = [each.detail["filters"] for each in answer.warnings if each.detail and "filters" in each.detail]
        return [hit.id for hit in answer.hits], [name for names in dropped for name in names]

    assert relaxed(1, "brand", "color") == (["both"], [])
    assert relaxed(2, "brand", "color") == (["both", "red"], ["brand"])
    assert relaxed(2, "gender", "brand", "color") == (["both", "red"], ["brand"])  # there is no filter on the gender
    assert relaxed(3, "brand", "color", "material") == (["both", "red", "wool"], ["brand", "color"])
    assert relaxed(2, "color", "brand") == (["both", "red"], ["color", "brand"])
    assert relaxed(4, "brand") == (["both", "red"], ["brand"])
    assert relaxed(2, "brand", "color", offset=1) == (["red"], ["brand"])  # as the first page
    answer = similar_to(index, similar_request("s", filters, limit=3, relax=("brand", "color")))
    assert "were dropped: brand, color" in answer.warnings[0].message


def test_relaxing_looks_at_the_first_page_and_counts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    index = shop(product("s"), product("a", brand="x"), product("b"), product("c"))
    asked = listen(index.similar, monkeypatch)
    request = similar_request(
        "s",
        parse({"brand": "x"}),
        limit=2,
        offset=1,
        relax=("brand",),
        total=True,
        fields=("title",),
        facets=("brand",),
    )
    similar_to(index, request)
    probe, question = asked
    assert (probe.page.limit, probe.page.offset, probe.page.fields, probe.counts) == (2, 0, ("id",), Counts())
    assert probe.filters.brand == ("x",)
    assert (question.page, question.counts) == (request.page, request.counts)
    assert question.filters == Filters()


def listen(store: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Returns the list of all questions to a store from now on."""
    known, asked = store.search, list[Any]()
    monkeypatch.setattr(store, "search", lambda query: asked.append(query) or known(query))
    return asked


def test_dropping_the_price_keeps_a_currency_that_was_asked_for() -> None:
    index = shop(
        product("s", price=10, currency="EUR"),
        product("euro", price=90, currency="EUR"),
        product("yen", price=90, currency="JPY"),
    )

    def found(asked: dict[str, Any]) -> list[str]:
        return [hit.id for hit in similar_to(index, similar_request("s", parse(asked), relax=("price",))).hits]

    assert found({"price": {"lte": 5}}) == ["euro", "yen"]
    assert found({"price": {"lte": 5}, "currency": "EUR"}) == ["euro"]


def test_a_request_becomes_one_question_with_all_that_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    index = shop(
        product("s", item_group_id="g", gender="women", price=10, currency="EUR"), product("a"), product("hidden")
    )
    hide = {"id": "r1", "action": "hide", "target": {"ids": ["hidden"]}}
    index.rules.put(merchandising_rules.parse(hide))
    index.rules.put(merchandising_rules.parse(hide | {"id": "r2", "target": {"filter": {"brand": "x"}}}))
    asked = listen(index.similar, monkeypatch)
    request = similar_request(
        "s",
        parse({"color": "red"}),
        exclude_ids=("a",),
        limit=3,
        offset=2,
        facets=("price",),
        total=True,
        score_threshold=0.25,
        exact=True,
    )
    similar_to(index, request)
    [question] = asked
    assert isinstance(question, SimilarQuery)
    [part] = question.parts
    assert (part.space, part.weight) == (SPACE, 1.0)
    np.testing.assert_allclose(part.vector, [1, 0])
    assert question.filters == parse({"color": "red", "gender": ["women", "unisex"]})
    left_out = question.exclusions
    assert (left_out.ids, left_out.names, left_out.groups) == ((), ("a", "hidden"), ())
    assert left_out.filters == (parse({"brand": "x"}),)
    assert (left_out.source_ids, left_out.source_groups) == (("s",), (index.docs["s"]["group_key"],))
    assert question.page == request.page
    assert question.counts == Counts(("price",), total=True, price_currencies=("EUR",))
    assert (question.score_threshold, question.exact) == (0.25, True)
    similar_to(index, replace(request, exclude_source=False, exact=False))
    assert (asked[1].exclusions.source_ids, asked[1].exclusions.source_groups) == ((), ())
    assert asked[1].exact is False


def test_the_last_page_ends_at_the_window() -> None:
    index = shop(product("s"), product("a"))
    assert similar_to(index, similar_request("s", limit=100, offset=900)).hits == []
    with pytest.raises(InvalidInput, match=r"offset \+ limit is 1001; pages end at 1000"):
        similar_to(index, similar_request("s", limit=100, offset=901))


def test_rules_that_cannot_be_read_are_warned_about(monkeypatch: pytest.MonkeyPatch) -> None:
    index = shop(product("s", category=["dress"]), product("a", category=["dress"]), bare=("s",))
    monkeypatch.setattr(index.rules, "get_rulebook", lambda: UNKNOWN)
    for request in (similar_request("a"), similar_request("s", fallback="category")):
        assert "rules_unavailable" in [each.code for each in similar_to(index, request).warnings]


def stock() -> FakeCatalogue:
    dress = {"category": ["clothing", "dress"], "currency": "EUR"}
    return shop(
        product("s", item_group_id="g", gender="women", price=10, **dress),
        product("sibling", item_group_id="g", price=20, **dress),
        product("a", price=30, **dress),
        product("hat", category=["hat"], price=40, currency="EUR"),
        bare=("s",),
    )


def test_a_fallback_is_one_browse_of_the_category_with_all_that_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    index = stock()
    for number, target in enumerate(({"ids": ["hidden"]}, {"filter": {"brand": "x"}})):
        index.rules.put(merchandising_rules.parse({"id": f"r{number}", "action": "hide", "target": target}))
    asked = listen(index.browsing, monkeypatch)
    request = similar_request(
        "s",
        parse({"color": "red"}),
        fallback="category",
        exclude_ids=("x",),
        limit=3,
        offset=1,
        facets=("price",),
        total=True,
        fields=("title",),
    )
    similar_to(index, request)
    [question] = asked
    assert question == BrowseQuery(
        filters=parse({"color": "red", "gender": ["women", "unisex"]}),
        sort="in_stock_newest",
        within=parse({"category": "dress"}),
        exclusions=replace(
            question.exclusions,
            ids=("s",),
            names=("x", "hidden"),
            groups=(index.docs["s"]["group_key"],),
            filters=(parse({"brand": "x"}),),
        ),
        page=request.page,
        counts=Counts(("price",), total=True, price_currencies=("EUR",)),
    )
    similar_to(index, replace(request, exclude_source=False))
    left_out = asked[1].exclusions
    assert (left_out.ids, left_out.names, left_out.groups) == ((), ("x", "hidden"), ())


def test_a_fallback_says_what_it_is_and_why() -> None:
    index = stock()
    answer = similar_to(index, similar_request("s", fallback="category"))
    assert [hit.id for hit in answer.hits] == []  # nothing of the category is for women
    index.docs["s"].pop("gender")
    answer = similar_to(index, similar_request("s", parse({"color": "rde"}), fallback="category"))
    assert [each.code for each in answer.warnings] == ["not_similar", "unknown_filter_value"]
    answer = similar_to(index, similar_request("s", fallback="category"))
    assert [(hit.id, hit.score) for hit in answer.hits] == [("a", None)]
    assert (answer.total, answer.space, answer.explanations, answer.missing_ids) == (None, SPACE, None, ())
    assert (answer.plan.strategy, answer.plan.candidates) == ("fallback", 1)
    for words in (
        "product 's' has no embedding of color__v1 yet",
        "products of category 'dress'",
        "no sales figures",
    ):
        assert words in answer.plan.reason
    [warning] = answer.warnings
    assert "product 's' has no embedding yet" in warning.message
    assert warning.detail is not None
    hint = warning.detail["hint"]
    assert warning.detail == {"product_id": "s", "space": SPACE.name, "category": "dress", "hint": hint}
    assert "etl run" in hint


def test_a_fallback_without_a_category_browses_everything() -> None:
    index = stock()
    index.docs["s"].pop("category")
    index.docs["s"].pop("gender")
    answer = similar_to(index, similar_request("s", fallback="category"))
    assert [hit.id for hit in answer.hits] == ["a", "hat"]
    [warning] = answer.warnings
    assert warning.detail is not None and warning.detail["category"] is None
    assert "any category, as the source has none" in warning.message


def test_a_fallback_is_for_one_product_that_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    index = stock()
    with pytest.raises(ProductNotEmbedded):
        similar_to(index, similar_request(None, positive=("s",), fallback="category"))
    monkeypatch.setattr(index.products, "read", lambda product_id: None)
    with pytest.raises(ProductNotFound, match="there is no product 's'") as caught:
        similar_to(index, similar_request("s", fallback="category"))
    assert caught.value.detail == {"id": "s"}


PRICED = (product("a", price=5, currency="EUR"), product("b", price=50, currency="EUR"), product("c"))


def browsed(index: FakeCatalogue, monkeypatch: pytest.MonkeyPatch, **asked: Any) -> tuple[Any, BrowseQuery]:
    with monkeypatch.context() as patch:
        questions = listen(index.browsing, patch)
        page = browse(index, browse_query(**asked))
    return page, questions[0]


def test_browsing_compares_prices_in_the_only_currency(monkeypatch: pytest.MonkeyPatch) -> None:
    index = shop(*PRICED)
    page, question = browsed(index, monkeypatch, filters=parse({"price": {"lte": 9}}), facets=("price",))
    assert [each["id"] for each in page.products] == ["a"]
    assert (question.filters.currency, question.counts.price_currencies) == (("EUR",), ("EUR",))
    assert page.warnings == ()
    page, question = browsed(index, monkeypatch, sort="-price")
    assert [each["id"] for each in page.products] == ["b", "a", "c"]
    assert question.filters == Filters()
    page, question = browsed(index, monkeypatch)
    assert question.counts.price_currencies is None


def test_browsing_an_older_index_compares_as_before_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    index = shop(*PRICED, product("d", price=7, currency="JPY"))
    index.version = EXACT_FILTERS - 1
    page, question = browsed(index, monkeypatch, filters=parse({"price": {"lte": 9}}), sort="price")
    assert [each["id"] for each in page.products] == ["a", "d"]
    assert question.filters == parse({"price": {"lte": 9}})
    assert [each.code for each in page.warnings] == ["old_index"]


def test_browsing_warns_of_what_was_asked_where_a_page_is_not_full(monkeypatch: pytest.MonkeyPatch) -> None:
    index = shop(*PRICED, product("d", price=7, currency="JPY"))
    page, _ = browsed(index, monkeypatch, filters=parse({"brand": "x"}), facets=("price",))
    assert [each.code for each in page.warnings] == ["several_currencies", "unknown_filter_value"]
    page, _ = browsed(index, monkeypatch, filters=parse({"brand": ["x"], "currency": ["EUR"]}), limit=1, offset=1)
    assert [(each.detail or {})["key"] for each in page.warnings] == ["brand"]
    for limit, warned in ((2, False), (3, True)):
        index.docs["a"]["brand"] = index.docs["b"]["brand"] = "Alder"
        page, _ = browsed(index, monkeypatch, filters=parse({"brand": ["alder", "x"]}), limit=limit)
        assert bool(page.warnings) is warned
