"""What the products say about themselves: feed fields, groups, variety. Nothing is drawn here."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import datetime
from decimal import Decimal

import numpy as np
import pytest

from samples.drawing.garment import Piece
from samples.drawing.patterns import PATTERNS
from samples.feed import build_row
from samples.kinds import KINDS
from samples.palette import BY_NAME, COLOURS
from samples.products import BLOCK, SampleProduct, build_product

MONEY = re.compile(r"^\d+\.\d\d EUR$")


@pytest.fixture(scope="module")
def shop() -> list[SampleProduct]:
    return [build_product(7, index) for index in range(600)]


def amount(text: str) -> Decimal:
    assert MONEY.match(text)
    return Decimal(text.removesuffix(" EUR"))


def test_every_kind_colour_pattern_and_scene_occurs(shop: list[SampleProduct]) -> None:
    assert {p.style.kind.name for p in shop} == {kind.name for kind in KINDS}
    assert {p.color for p in shop} == set(BY_NAME)
    assert {p.style.pattern for p in shop} == {"solid", *PATTERNS}
    assert {p.scene for p in shop} == {scene for kind in KINDS for scene in kind.scenes}
    assert len(KINDS) >= 14
    assert len(COLOURS) >= 20
    assert len(PATTERNS) >= 8


def test_a_hundred_products_already_show_every_kind() -> None:
    for seed in range(5):
        assert {build_product(seed, index).style.kind.name for index in range(120)} == {kind.name for kind in KINDS}


def test_feed_rows_are_valid(shop: list[SampleProduct]) -> None:
    for item in shop:
        line = json.loads(json.dumps(build_row(item, "photos/x.jpg")))
        price = amount(line["price"])
        assert price > 0
        if "sale_price" in line:
            assert 0 < amount(line["sale_price"]) < price
        assert line["availability"] == (
            "in_stock" if any(v["availability"] == "in_stock" for v in line["variants"]) else "out_of_stock"
        )
        assert line["variants"]
        assert len({v["size"] for v in line["variants"]}) == len(line["variants"])
        assert all(
            v["price"] == line["price"] and v.get("sale_price") == line.get("sale_price") for v in line["variants"]
        )
        assert line["product_type"].split(" > ")[0] == "Clothing"
        assert line["gender"] in {"female", "male", "unisex"}
        assert line["age_group"] in {"adult", "kids"}
        assert datetime.fromisoformat(line["updated_at"]).year == 2025
        for name in ("title", "description", "brand", "material", "link", "item_group_id"):
            assert line[name]
        assert line["color"] in line["title"]


def test_ids_and_skus_are_unique(shop: list[SampleProduct]) -> None:
    assert len({p.id for p in shop}) == len(shop)
    skus = [offer.sku for p in shop for offer in p.offers]
    assert len(set(skus)) == len(skus)


def test_stock_and_sales_vary(shop: list[SampleProduct]) -> None:
    sold_out = sum(not any(offer.in_stock for offer in p.offers) for p in shop)
    partly = sum(0 < sum(offer.in_stock for offer in p.offers) < len(p.offers) for p in shop)
    assert 10 < sold_out < 120
    assert partly > 150
    assert 80 < sum(p.sale_price is not None for p in shop) < 200


def outlines(item: SampleProduct) -> list[np.ndarray]:
    return [part.shape for part in item.style.drawing.items if isinstance(part, Piece)]


def test_a_group_is_one_silhouette_in_different_colours(shop: list[SampleProduct]) -> None:
    groups: dict[str, list[SampleProduct]] = defaultdict(list)
    for item in shop:
        groups[item.style.group_id].append(item)
    assert Counter(len(members) for members in groups.values()).keys() == {1, 2, 3, 4}
    for members in groups.values():
        assert len({m.color for m in members}) == len(members)
        first = members[0]
        for other in members[1:]:
            assert (other.style.kind, other.style.brand, other.price) == (
                first.style.kind,
                first.style.brand,
                first.price,
            )
            for a, b in zip(outlines(first), outlines(other), strict=True):
                np.testing.assert_array_equal(a, b)


def test_styles_of_a_kind_differ_in_cut(shop: list[SampleProduct]) -> None:
    dresses = {p.style.group_id: p for p in shop if p.style.kind.name == "dress"}
    assert len({tuple(p.style.drawing.traits.items()) for p in dresses.values()}) > len(dresses) // 2


def test_groups_do_not_cross_blocks() -> None:
    for index in range(0, 160, BLOCK):
        assert build_product(3, index + BLOCK).style.group_id != build_product(3, index + BLOCK - 1).style.group_id


def test_sizes_follow_kind_and_people(shop: list[SampleProduct]) -> None:
    for item in shop:
        sizes = [offer.size for offer in item.offers]
        if item.style.kind.name in ("bag", "scarf", "sunglasses"):
            assert sizes == ["One Size"]
        if item.style.kind.sizes == "shoe" and item.style.age_group == "adult":
            assert all(35 <= int(size) <= 47 for size in sizes)
        if item.style.kind.sizes == "alpha":
            assert ("M" in sizes) == (item.style.age_group == "adult")
