"""Single writes: PUT is the whole product, PATCH a merge patch, neither loses another's write."""

from typing import Any

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.product import parse
from catalog.errors import InvalidProduct, ProductNotFound, Unavailable, WriteConflict
from catalog.importing import writes
from tests.fakes import FakeCatalogue

SPACE = Space("color", "aaaaaaaaaaaa", 4)
DRESS: dict[str, Any] = {
    "id": "1",
    "title": "Dress",
    "brand": "Acme",
    "price": 10.0,
    "image_url": "https://a.example/1.jpg",
    "attributes": {"season": "ss26", "fit": "slim"},
    "updated_at": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def shop() -> FakeCatalogue:
    shop = FakeCatalogue([DRESS], [SPACE])
    shop.embed("1", SPACE, [1, 0, 0, 0])
    return shop


# RFC 7396, appendix A
@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"a": "foo"}, "bar", "bar"),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_merge_follows_the_rfc(target: Any, patch: Any, result: Any) -> None:
    assert writes.apply_merge_patch(target, patch) == result


def test_put_creates_then_replaces_then_does_nothing(shop: FakeCatalogue) -> None:
    hat = parse({"id": "2", "title": "Hat", "price": 5.0})
    assert writes.put(shop.products, hat).status == "created"
    assert writes.put(shop.products, hat).status == "unchanged"
    done = writes.put(
        shop.products, parse({"id": "1", "title": "Gown", "price": 10.0, "image_url": DRESS["image_url"]})
    )
    assert done.status == "updated"
    assert "brand" not in shop.docs["1"]
    assert shop.docs["1"]["embedding"][SPACE.name]["status"] == "done"
    assert shop.docs["1"]["updated_at"] > "2026-01-02"


def test_a_new_photo_takes_the_embedding_with_it(shop: FakeCatalogue) -> None:
    writes.patch(shop.products, "1", {"image_url": "https://a.example/2.jpg"})
    assert "embedding" not in shop.docs["1"]


def test_patch_merges_and_derives_anew(shop: FakeCatalogue) -> None:
    done = writes.patch(
        shop.products, "1", {"sale_price": 8, "brand": None, "attributes": {"fit": None, "length": "midi"}}
    )
    assert done.status == "updated"
    assert done.source is not None
    stored = shop.docs["1"]
    assert (stored["price"], stored["sale_price"], stored["effective_price"]) == (10.0, 8.0, 8.0)
    assert stored["attributes"] == {"season": "ss26", "length": "midi"}
    assert "brand" not in stored
    assert stored["offer_updated_at"] == stored["updated_at"]


def test_a_patch_that_changes_nothing_writes_nothing(shop: FakeCatalogue) -> None:
    before = shop.writes
    assert writes.patch(shop.products, "1", {"price": 10, "material": None}).status == "unchanged"
    assert shop.writes == before


@pytest.mark.parametrize(
    ("patch", "reason"),
    [
        ({"price": -1}, "price"),
        ({"title": None}, "title"),
        ({"colour": "red"}, "colour"),
        ({"effective_price": 1}, "effective_price"),
        ({"id": "2"}, "keeps its id"),
        ([], "an object"),
    ],
)
def test_a_patch_that_leaves_no_valid_product_is_refused(shop: FakeCatalogue, patch: Any, reason: str) -> None:
    before = dict(shop.docs["1"])
    with pytest.raises(InvalidProduct, match=reason):
        writes.patch(shop.products, "1", patch)
    assert shop.docs["1"] == before


def test_availability_of_a_product_with_variants_is_that_of_its_variants(shop: FakeCatalogue) -> None:
    writes.patch(shop.products, "1", {"variants": [{"sku": "1-M", "size": "M"}]})
    with pytest.raises(InvalidProduct, match="patch those"):
        writes.patch(shop.products, "1", {"available": False})
    writes.patch(
        shop.products, "1", {"variants": [{"sku": "1-M", "size": "M", "available": False}], "available": False}
    )
    assert shop.docs["1"]["available"] is False


def test_delete_removes_and_a_second_one_says_so(shop: FakeCatalogue) -> None:
    assert writes.delete(shop.products, "1").status == "deleted"
    with pytest.raises(ProductNotFound):
        writes.delete(shop.products, "1")
    with pytest.raises(ProductNotFound):
        writes.patch(shop.products, "1", {"price": 1})


def test_a_patch_lands_on_what_another_wrote_meanwhile(shop: FakeCatalogue) -> None:
    def race(product_id: str) -> None:
        shop.before_write = lambda _: None
        shop.put(shop.docs[product_id] | {"title": "Gown"})

    shop.before_write = race
    writes.patch(shop.products, "1", {"price": 9})
    assert (shop.docs["1"]["title"], shop.docs["1"]["price"]) == ("Gown", 9.0)


def test_endless_conflicts_end_in_an_error(shop: FakeCatalogue) -> None:
    shop.before_write = lambda product_id: shop.put(shop.docs[product_id])
    with pytest.raises(WriteConflict, match="try again"):
        writes.patch(shop.products, "1", {"price": 9})


def test_a_patch_wins_over_a_clock_that_is_ahead(shop: FakeCatalogue) -> None:
    shop.put(shop.docs["1"] | {"offer_updated_at": "2999-01-01T00:00:00Z"})
    writes.patch(shop.products, "1", {"price": 9})
    assert shop.docs["1"]["price"] == 9.0


def test_a_store_that_is_down_is_unavailable(shop: FakeCatalogue) -> None:
    shop.down = True
    with pytest.raises(Unavailable):
        writes.put(shop.products, parse(DRESS))
