"""Rows per size put together into products."""

from pathlib import Path

from catalog.domain.product import document
from catalog.feeds import FeedProduct, RowProblem, merge_sizes, read_products

HEADER = "id,title,item_group_id,color,size,price,availability\n"


def merged(tmp_path: Path, rows: str) -> list[object]:
    path = tmp_path / "feed.csv"
    path.write_text(HEADER + rows, encoding="utf-8")
    return list(read_products(path, group=merge_sizes))


def test_adjacent_sizes_of_a_style_in_a_colour_are_one_product(tmp_path: Path) -> None:
    items = merged(
        tmp_path,
        "1,Dress,g1,Dark Red,S,10 EUR,in stock\n"
        "2,Dress,g1,Dark Red,M,12 EUR,out of stock\n"
        "3,Dress,g1,blue,S,9 EUR,in stock\n"
        "4,Hat,,,,5 EUR,in stock\n"
        "5,Bag,g5,red,,7 EUR,in stock\n",
    )
    products = [item.product for item in items if isinstance(item, FeedProduct)]
    assert [product.id for product in products] == ["g1-dark-red", "g1-blue", "4", "5"]
    assert [(v.sku, v.size, v.price, v.available) for v in products[0].variants] == [
        ("1", "S", 10.0, True),
        ("2", "M", 12.0, False),
    ]
    assert document(products[0])["sizes_available"] == ["S"]
    assert document(products[0])["group_key"] == "g1"


def test_without_merging_each_size_is_its_own_product(tmp_path: Path) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(HEADER + "1,Dress,g1,red,S,10 EUR,in stock\n2,Dress,g1,red,M,12 EUR,in stock\n", encoding="utf-8")
    products = [item.product for item in read_products(path) if isinstance(item, FeedProduct)]
    assert [(p.id, p.variants[0].size, p.item_group_id) for p in products] == [("1", "S", "g1"), ("2", "M", "g1")]


def test_a_bad_size_speaks_of_its_product(tmp_path: Path) -> None:
    items = merged(
        tmp_path,
        "1,Dress,g1,red,S,10 EUR,in stock\n2,Dress,g1,red,M,-1 EUR,in stock\n"
        "3,Dress,g1,red,L,10 EUR,in stock\n4,Dr\n",
    )
    problems = [item for item in items if isinstance(item, RowProblem)]
    assert [problem.id for problem in problems] == ["g1-red", None]
    (product,) = [item.product for item in items if isinstance(item, FeedProduct)]
    assert [v.size for v in product.variants] == ["S", "L"]


def test_two_currencies_in_one_product_are_refused(tmp_path: Path) -> None:
    (problem,) = merged(tmp_path, "1,Dress,g1,red,S,10 EUR,in stock\n2,Dress,g1,red,M,10 USD,in stock\n")
    assert isinstance(problem, RowProblem)
    assert problem.reason.startswith("currency")
