"""The floor below which nothing looks alike, and what completes a page behind it."""

from dataclasses import replace
from typing import Any

import pytest

from catalog.domain import merchandising_rules
from catalog.domain.embedding_space import Space
from catalog.domain.filters import parse
from catalog.similar import similar_to
from catalog.similar.request import SimilarResult
from tests.asking import similar_request
from tests.fakes import FakeCatalogue

SPACE, OTHER = Space("color", "v1", 2), Space("shape", "v1", 2)
FLOORS = {SPACE.name: 0.5}
DRESSES = ("d0", "d1", "d2", "d3", "d4", "d5")


def product(name: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    defaults = {
        "category": ["women", "dresses"],
        "image_url": f"file:///{name}.jpg",
        "updated_at": f"2026-01-{10 + number}",
    }
    return {"id": name, "title": name, **defaults, **fields}


@pytest.fixture
def index() -> FakeCatalogue:
    """A source `s`; d0, d1 and the hat look like it, d2 hardly, d3 to d5 not at all or nobody knows."""
    dresses = [product(name, number, item_group_id=f"g{number // 2}") for number, name in enumerate(DRESSES)]
    fake = FakeCatalogue([product("s"), *dresses, product("hat", category=["women", "hats"])], [SPACE])
    vectors = {
        "s": [1, 0],
        "d0": [1, 0.1],
        "d1": [1, 0.2],
        "hat": [1, 0.3],
        "d2": [1, 2],
        "d3": [0, 1],
        "d4": [-1, 0],
    }
    for name, vector in vectors.items():
        fake.embed(name, SPACE, vector)
    return fake


def ask(index: FakeCatalogue, **asked: Any) -> SimilarResult:
    floors = asked.pop("floors", FLOORS)
    source = asked.pop("source", "s")
    return similar_to(index, similar_request(source, asked.pop("filters", parse({})), **asked), floors)


def ids(answer: SimilarResult) -> list[str]:
    return [hit.id for hit in answer.hits]


def codes(answer: SimilarResult) -> list[str]:
    return [each.code for each in answer.warnings]


def test_what_is_below_the_floor_is_left_out_and_the_answer_names_the_floor(index: FakeCatalogue) -> None:
    answer = ask(index)
    assert (ids(answer), answer.score_floor, codes(answer)) == (["d0", "d1", "hat"], 0.5, [])
    assert ids(ask(index, floors={})) == ["d0", "d1", "hat", "d2", "d3", "d4"]


def test_none_and_a_number_take_the_place_of_the_floor(index: FakeCatalogue) -> None:
    for threshold, found in (("none", 6), (-1.0, 6), (0.99, 1), (0.0, 5)):
        answer = ask(index, score_threshold=threshold)
        assert (len(answer.hits), answer.score_floor) == (found, None)


def test_totals_and_pages_end_where_the_floor_does_and_an_empty_page_says_why(index: FakeCatalogue) -> None:
    pages = [ask(index, limit=2, offset=offset, total=True, facets=("category",)) for offset in (0, 2, 4)]
    assert [(ids(page), page.total) for page in pages] == [(["d0", "d1"], 3), (["hat"], 3), ([], 3)]
    assert [codes(page) for page in pages] == [[], [], ["below_floor"]]
    assert {each["value"]: each["count"] for each in (pages[0].facets or {})["category"]}["dresses"] == 5
    [said] = pages[2].warnings
    assert "no more products that look alike" in said.message and said.detail == {"score_floor": 0.5}
    assert codes(ask(index, filters=parse({"category": "shoes"}))) == ["unknown_filter_value"]


def test_an_approximate_total_is_unknown_under_a_floor(index: FakeCatalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    known = index.similar.search
    monkeypatch.setattr(index.similar, "search", lambda query: replace(known(query), total=None))
    [said] = ask(index, total=True).warnings
    assert (said.code, said.detail) == ("total_unknown", {"score_threshold": 0.5})


def test_groups_are_cut_member_by_member(index: FakeCatalogue) -> None:
    answer = ask(index, group_size=3)
    assert [(hit.id, [each.id for each in hit.group or ()]) for hit in answer.hits] == [
        ("d0", ["d0", "d1"]),
        ("hat", ["hat"]),
    ]
    index.embed("d1", SPACE, [0, 1])
    assert [each.id for each in ask(index, group_size=3).hits[0].group or ()] == ["d0"]


@pytest.mark.parametrize("more", [{}, {"diversity": 0.5}, {"near_duplicates": 0.99999}, {"explain": True}])
def test_pins_are_shown_whatever_their_cosine_and_are_counted(index: FakeCatalogue, more: dict[str, Any]) -> None:
    rule = {"id": "r", "action": "pin", "target": {"ids": ["d4"]}, "position": 2}
    index.rules.put(merchandising_rules.parse(rule))
    for counts in ({}, {"total": True}):
        answer = ask(index, **more, **counts)
        assert sorted(ids(answer)) == ["d0", "d1", "d4", "hat"] and ids(answer)[1] == "d4"
        assert answer.total == (4 if counts else None)


def test_filters_are_relaxed_until_a_page_of_products_looks_alike(index: FakeCatalogue) -> None:
    dresses = parse({"category": "dresses"})
    answer = ask(index, filters=dresses, relax=("category",), limit=3)
    assert ids(answer) == ["d0", "d1", "hat"]
    assert ids(ask(index, filters=dresses, relax=("category",), limit=2)) == ["d0", "d1"]


def test_which_questions_have_a_floor(index: FakeCatalogue) -> None:
    def floor(**asked: Any) -> float | None:
        return ask(index, source=None, **asked).score_floor

    assert floor(vectors={SPACE.name: [1, 0]}) == 0.5
    assert floor(positive=("s",)) == floor(positive=("s", "not there")) == 0.5
    assert floor(positive=("s", "d0")) is floor(positive=("s",), negative=("d4",)) is None


def test_several_models_have_the_weighted_mean_of_their_floors_or_none(index: FakeCatalogue) -> None:
    index.spaces.ensure(OTHER)
    for name in ("s", "d0", "d1"):
        index.embed(name, OTHER, [1, 0])
    mix = {"models": {SPACE.name: 3.0, OTHER.name: 1.0}}
    assert ask(index, **mix, floors={**FLOORS, OTHER.name: 0.1}).score_floor == 0.4
    assert ask(index, **mix).score_floor is None


def test_a_page_is_completed_by_the_newest_of_the_category(index: FakeCatalogue) -> None:
    answer = ask(index, fill="category", limit=5)
    assert [(hit.id, hit.fill) for hit in answer.hits] == [
        ("d0", None), ("d1", None), ("hat", None), ("d5", "category"), ("d4", "category"),
    ]  # fmt: skip
    assert [hit.score is None for hit in answer.hits] == [False] * 3 + [True] * 2
    assert ids(ask(index, fill="category", limit=3)) == ["d0", "d1", "hat"]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 20])
@pytest.mark.parametrize(
    "more", [{}, {"diversity": 0.4}, {"group_size": 2}, {"explain": True}, {"fields": ("title",)}, {"total": True}]
)
def test_pages_that_are_completed_fit_together(index: FakeCatalogue, limit: int, more: dict[str, Any]) -> None:
    whole = ask(index, fill="category", limit=40, **more)
    pages = [ask(index, fill="category", limit=limit, offset=at, **more) for at in range(0, 20, limit)]
    assert [hit.id for page in pages for hit in page.hits] == ids(whole)
    assert len(set(ids(whole))) == len(whole.hits) == (4 if "group_size" in more else 7)
    filled = [hit.fill is not None for hit in whole.hits]
    assert filled == sorted(filled) and any(filled)
    assert {page.total for page in pages} == {3 if "total" in more else None}


def test_what_completes_a_page_passes_filters_and_rules_and_repeats_nothing(index: FakeCatalogue) -> None:
    for name in ("d3", "d4"):
        index.docs[name]["available"] = False
    available = ask(index, fill="category", filters=parse({"available": True}))
    assert ids(available) == ["d0", "d1", "hat", "d5", "d2"]
    index.rules.put(merchandising_rules.parse({"id": "r", "action": "hide", "target": {"ids": ["d5"]}}))
    assert ids(ask(index, fill="category", exclude_ids=("d4",))) == ["d0", "d1", "hat", "d2", "d3"]
    index.embed("d1", SPACE, [1, 0.1])  # the same photo as d0
    assert "d1" not in ids(ask(index, fill="category", near_duplicates=0.999))


def test_a_photo_is_completed_by_the_category_of_what_looks_like_it(index: FakeCatalogue) -> None:
    def found(**asked: Any) -> list[str]:
        return ids(ask(index, source=None, fill="category", fields=("id",), **asked))

    vectors = {SPACE.name: [1, 0]}
    assert found(vectors=vectors) == ["s", "d0", "d1", "hat", "d5", "d4", "d3", "d2"]
    unlike = {SPACE.name: [0.2, -1]}
    assert found(vectors=unlike) == []  # nothing looks like it, so nobody knows what it shows
    assert found(vectors=unlike, filters=parse({"category": "hats"})) == ["hat"]
    dresses = {"positive": ("hat",), "negative": ("d4", "d3"), "score_threshold": 0.99}
    assert found(**dresses) == ["s", "d0"]  # dresses are what it shall not be


def test_a_fallback_is_marked_and_grouped_too(index: FakeCatalogue) -> None:
    answer = ask(index, source="d5", fallback="category", fill="category")
    assert {hit.fill for hit in answer.hits} == {"category"} and answer.score_floor is None
    grouped = ask(index, source="d5", fallback="category", group_size=2, total=True)
    assert (ids(grouped), grouped.total) == (["d3", "d1", "s"], 3)
    assert [[each.id for each in hit.group or ()] for hit in grouped.hits] == [["d3"], ["d1"], ["s"]]
