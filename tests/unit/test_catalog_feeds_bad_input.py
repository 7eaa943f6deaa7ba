"""Bad feeds: every bad row is a problem with its line and reason, the good ones are there all the same."""

import gzip
import json
from pathlib import Path

import pytest

from catalog.errors import InvalidFeed
from catalog.feeds import FeedProduct, RowProblem, Truncation, read_products, read_rows


def feed(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def told(path: Path) -> tuple[list[str], dict[int, str], list[Truncation]]:
    """(ids of good rows, reason by line of bad ones, cuts)."""
    items = list(read_products(path))
    problems = {item.line: item.reason for item in items if isinstance(item, RowProblem)}
    return (
        [i.product.id for i in items if isinstance(i, FeedProduct)],
        problems,
        [i for i in items if isinstance(i, Truncation)],
    )


def test_bad_rows_of_a_csv_are_told_by_line(tmp_path: Path) -> None:
    path = feed(
        tmp_path,
        "feed.csv",
        b"\xef\xbb\xbfid,title,price,color\n"  # with a byte order mark
        b'1,"Dress, long\nand red",10 EUR,red\n'  # two lines
        b"2,Dress\n"
        b",Nameless,10 EUR,red\n"
        b"\n"
        b"4,Caf\xe9,10 EUR,red\n"  # latin-1
        b"5,Dress,-1 EUR,red\n"
        b"6,Dress,nan,red\n"
        b"7,Dress,10 EURO,red\n"
        b'8,"Dr"ess,10 EUR,red\n'
        b"9,,10 EUR,red\n"
        b"10,Dress,10 EUR,red\n",
    )
    good, bad, cuts = told(path)
    assert good == ["1", "10"]
    assert cuts == []
    assert list(bad) == [4, 5, 7, 8, 9, 10, 11, 12]
    assert bad[4] == "2 columns where the header has 4"
    assert bad[5].startswith("id: ")
    assert bad[7] == "not UTF-8 (byte 0xe9): save the feed as UTF-8"
    assert "negative" in bad[8]
    assert "not a price" in bad[9] and "not a price" in bad[10]
    assert "cannot be split" in bad[11]
    assert bad[12].startswith("title: ")


@pytest.mark.parametrize("name", ["image_link", "link", "additional_image_link", "image_url"])
@pytest.mark.parametrize("address", ["https://a.example/1\r\nX-A: b", "https://a.example/\x1b[2J", "photos/a\tb.jpg"])
def test_an_address_with_control_characters_is_told_by_line(tmp_path: Path, name: str, address: str) -> None:
    rows = [{"id": "1", "title": "A"}, {"id": "2", "title": "B", name: address}, {"id": "3", "title": "C"}]
    good, bad, _ = told(feed(tmp_path, "feed.jsonl", "\n".join(map(json.dumps, rows)) + "\n"))
    assert good == ["1", "3"]
    assert list(bad) == [2]
    assert "control characters" in bad[2] and bad[2].isprintable()


def test_bad_items_of_xml_are_told_by_line(tmp_path: Path) -> None:
    xml = """<?xml version="1.0"?>
<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel><title>Shop</title>
<item><g:id>1</g:id><title>plain</title><g:title>A &amp; B</g:title><g:price>1.00 EUR</g:price>
  <g:additional_image_link>https://a.example/1</g:additional_image_link>
  <g:additional_image_link>https://a.example/2</g:additional_image_link>
  <g:shipping><g:country>DE</g:country></g:shipping><g:care><g:wash>30</g:wash></g:care></item>
<item>
  <g:id>2</g:id></item>
</channel></rss>"""
    path = feed(tmp_path, "feed.xml", xml)
    items = list(read_products(path))
    assert isinstance(items[0], FeedProduct) and items[0].line == 3
    assert items[0].product.title == "A & B"
    assert len(items[0].product.additional_image_urls) == 2
    assert items[0].product.attributes == {"care": '{"wash":"30"}'}
    assert isinstance(items[1], RowProblem) and items[1].line == 7 and items[1].id == "2"


def test_an_atom_feed_is_read(tmp_path: Path) -> None:
    xml = """<feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
<title>Shop</title><entry><g:id>1</g:id><title>A</title><link href="https://shop.example/1"/></entry></feed>"""
    (item,) = read_products(feed(tmp_path, "feed.atom", xml))
    assert isinstance(item, FeedProduct) and item.product.link == "https://shop.example/1"


def test_entities_are_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><rss><channel><item><id>&a;</id></item></channel></rss>'
    with pytest.raises(InvalidFeed, match="DTD or entities"):
        list(read_rows(feed(tmp_path, "feed.xml", bomb)))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("feed.doc", "x", "cannot tell the format"),
        ("feed.csv", "", "empty"),
        ("feed.csv", "name,cost\n1,2\n", "must name the columns id and title"),
        ("feed.csv", "id,title,Title\n1,2,3\n", "twice: title"),
        ("feed.csv", "id,title\n".encode("utf-16"), "UTF-16"),
        ("feed.csv", b"PK\x03\x04\x00\x00", "not a text file"),
        ("feed.csv", "id,title\r1,A\r", "lines of the feed end in CR alone"),
        ("feed.jsonl", "", "empty"),
        ("feed.jsonl", '[{"id": 1}]', "one object per line"),
        ("feed.xml", "hello", "not XML"),
        ("feed.xml", "<rss><channel></channel></rss>", "no <item>"),
        ("feed.parquet", b"PAR1 no footer", "not a whole Parquet file"),
        ("feed.csv.gz", "id,title\n", "not a gzip file"),
    ],
)
def test_what_is_no_feed_at_all_is_refused(tmp_path: Path, name: str, content: str | bytes, reason: str) -> None:
    with pytest.raises(InvalidFeed, match=reason):
        list(read_rows(feed(tmp_path, name, content)))


def test_a_missing_feed_and_an_unknown_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFeed, match="cannot read the feed"):
        list(read_rows(tmp_path / "feed.csv"))
    with pytest.raises(InvalidFeed, match="choose one of csv, tsv"):
        list(read_rows(tmp_path / "feed.csv", "excel"))


def test_semicolons_and_spaces_in_headers_are_understood(tmp_path: Path) -> None:
    path = feed(tmp_path, "feed.csv", "g:ID;Title;Image Link;Price\n1;A;https://a.example/1;12,50 EUR\n")
    (item,) = read_products(path)
    assert isinstance(item, FeedProduct)
    assert (item.product.image_url, item.product.price) == ("https://a.example/1", 12.5)


def test_the_format_can_be_said(tmp_path: Path) -> None:
    (item,) = read_products(feed(tmp_path, "feed.dat", "id\ttitle\n1\tA\n"), "tsv")
    assert isinstance(item, FeedProduct) and item.product.id == "1"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("feed.csv", "id,title,color\n1,A,red\n2,B"),
        ("feed.csv", 'id,title,color\n1,A,red\n2,B,"dark r'),
        ("feed.jsonl", '{"id": "1", "title": "A"}\n{"id": "2", "ti'),
        ("feed.xml", "<rss><channel>\n<item><id>1</id><title>A</title></item>\n<item><id>2</id>"),
        (
            "feed.csv.gz",
            gzip.compress(b"id,title\n" + b"".join(b"%d,A\n" % n for n in range(1, 9999)), mtime=0)[:-3000],
        ),
        ("feed.csv.gz", gzip.compress(b"id,title\n1,A\n2,B\n", mtime=0)[:-6]),
    ],
)
def test_a_file_that_ends_in_the_middle_is_cut(tmp_path: Path, name: str, content: str | bytes) -> None:
    good, _, cuts = told(feed(tmp_path, name, content))
    assert good[0] == "1"
    assert [cut.certain for cut in cuts] == [True]


@pytest.mark.parametrize(
    ("content", "doubtful"),
    [("id,title\n1,A\n2,B", True), ('id,title\n1,A\n2,"B"', True), ("id,title\n1,A\n2,B\n", False)],
)
def test_a_last_line_without_an_end_is_doubtful(tmp_path: Path, content: str, doubtful: bool) -> None:
    good, _, cuts = told(feed(tmp_path, "feed.csv", content))
    assert good == ["1", "2"]
    assert [cut.certain for cut in cuts] == ([False] if doubtful else [])


def test_a_quote_that_is_never_closed_costs_its_own_row(tmp_path: Path) -> None:
    rows = "".join(f"{n},Dress,red\n" for n in range(3, 20))
    good, bad, cuts = told(feed(tmp_path, "feed.csv", f'id,title,color\n1,A,red\n2,"B,red\n{rows}'))
    assert good == ["1", *map(str, range(3, 20))]
    assert (list(bad), cuts) == ([3], [])


def test_a_column_that_stands_twice_has_several_values(tmp_path: Path) -> None:
    header = "id,title,additional_image_link,additional_image_link,tag,tag\n"
    (item,) = read_products(feed(tmp_path, "feed.csv", header + "1,A,//s/1,//s/2,,new\n"))
    assert isinstance(item, FeedProduct)
    assert item.product.additional_image_urls == ["https://s/1", "https://s/2"]
    assert item.product.attributes == {"tag": "new"}


def test_a_broken_row_tells_whose_it_is_where_it_can(tmp_path: Path) -> None:
    path = feed(tmp_path, "feed.csv", 'id,title,color\n7,A\n8,"A"x,red\n')
    assert [item.id for item in read_products(path) if isinstance(item, RowProblem)] == ["7", "8"]
    path = feed(tmp_path, "feed.jsonl", '{"id": "7", "title": }\n{"id": "8", "x": {"id": "9"}, }\n')
    assert [item.id for item in read_products(path) if isinstance(item, RowProblem)] == ["7", None]
