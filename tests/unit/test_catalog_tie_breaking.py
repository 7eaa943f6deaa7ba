"""Pages by score alone are the pages of the full ranking, or are known not to be."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.search import tie_breaking


def search(hits: list[dict[str, Any]], body: dict[str, Any]) -> list[dict[str, Any]]:
    return hits[body["from"] : body["from"] + body["size"]]


def ranked(scores: list[int], order: list[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """By score, ties in `order` as a server would leave them; and by score and id."""
    hits = [{"_id": f"p{n:02d}", "_score": score / 4} for n, score in enumerate(scores)]
    as_found = sorted(hits, key=lambda hit: (-hit["_score"], order[int(hit["_id"][1:])]))
    return as_found, sorted(hits, key=lambda hit: (-hit["_score"], hit["_id"]))


@given(
    st.lists(st.integers(0, 6), max_size=30).flatmap(
        lambda scores: st.tuples(st.just(scores), st.permutations(range(len(scores))))
    ),
    st.integers(0, 35),
    st.integers(1, 12),
)
def test_a_page_is_the_rankings_or_refused(drawn: tuple[list[int], list[int]], offset: int, limit: int) -> None:
    as_found, expected = ranked(*drawn)
    body = {"from": offset, "size": limit, "sort": ["anything"], "query": {"match_all": {}}}
    wide = tie_breaking.widen_by_score(body)
    assert "sort" not in wide
    assert wide["query"] == body["query"]
    page = tie_breaking.break_ties(body, search(as_found, wide))
    wanted = search(expected, body)
    if page is None:
        around = expected[max(0, offset - 1) : offset + limit + 1]
        assert len({hit["_score"] for hit in around}) < len(around)
    else:
        assert page == wanted


def test_a_tie_inside_is_put_into_order_and_one_over_an_end_is_refused() -> None:
    hits = [{"_id": "c", "_score": 2.0}, {"_id": "b", "_score": 1.5}, {"_id": "a", "_score": 1.5}]
    assert [hit["_id"] for hit in tie_breaking.break_ties({"from": 0, "size": 3}, hits) or []] == ["c", "a", "b"]
    assert tie_breaking.break_ties({"from": 0, "size": 2}, hits) is None
    assert tie_breaking.break_ties({"from": 2, "size": 1}, hits[1:]) is None
    assert tie_breaking.break_ties({"from": 0, "size": 2}, []) == []


def test_a_page_is_asked_for_with_one_hit_more_at_each_end() -> None:
    for asked, wide in (((0, 10), (0, 11)), ((1, 10), (0, 12)), ((20, 5), (19, 7))):
        body = {"from": asked[0], "size": asked[1], "sort": ["x"], "min_score": 1}
        assert tie_breaking.widen_by_score(body) == {"from": wide[0], "size": wide[1], "min_score": 1}
        assert body["sort"] == ["x"]


def test_only_a_tie_over_an_end_is_refused() -> None:
    def page(start: int, size: int, *scores: float) -> list[str] | None:
        found = [{"_id": f"{9 - n}", "_score": score} for n, score in enumerate(scores)]
        broken = tie_breaking.break_ties({"from": start, "size": size}, found)
        return None if broken is None else [hit["_id"] for hit in broken]

    assert page(0, 2, 3, 2, 1) == ["9", "8"]
    assert page(0, 2, 3, 3, 1) == ["8", "9"]
    assert page(0, 2, 3, 2, 2) is None
    assert page(0, 2, 3, 2) == ["9", "8"]
    assert page(5, 2, 4, 3, 2, 1) == ["8", "7"]
    assert page(5, 2, 3, 3, 2, 1) is None
    assert page(5, 2, 4, 3, 2, 2) is None
    assert page(5, 2, 4, 3, 3, 1) == ["7", "8"]
    assert page(5, 2, 4) == []
    assert page(5, 1, 4, 3, 2) == ["8"]
