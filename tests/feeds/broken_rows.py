"""Rows that are broken in the manner of their format: {kind: (bytes of the row, outcome)}, between two good ones."""

import json
from typing import Any

from tests.feeds.outcomes import Outcome, invalid, read_as, refused
from tests.shop_exports import simple

Kinds = dict[str, tuple[bytes, Outcome]]


def broken(reason: str) -> Outcome:
    return refused("broken_row", reason)


CSV: Kinds = {
    "too few cells": (b"bad,Dress\n", refused("columns", "2 columns where the header has 4")),
    "too many cells": (b"bad,Dress,1 EUR,red,5\n", refused("columns", "5 columns where the header has 4")),
    "blank cells behind the last": (b"bad,Dress,1 EUR,red,,,\n", read_as(color="red")),
    "a quote within a quoted cell": (b'bad,"Dr"ess",1 EUR,red\n', broken("a quote inside a quoted field")),
    "a quote that is never closed": (b'bad,"Dress,1 EUR,red\n', broken("a quote")),
    "a quote in a plain cell": (b'bad,Dress 5",1 EUR,red\n', read_as(title='Dress 5"')),
    "a cell of two lines": (b'bad,"Dress,\nlong",1 EUR,red\n', read_as(title="Dress, long")),
    "a carriage return within a row": (b"bad,Dr\ress,1 EUR,red\n", broken("end lines with LF or CRLF")),
    "Windows line ends": (b"bad,Dress,1 EUR,red\r\n", read_as(color="red")),
    "Latin-1": (b"bad,Caf\xe9,1 EUR,red\n", refused("encoding", "byte 0xe9): save the feed as UTF-8")),
    "half a character": (b"bad,Caf\xc3,1 EUR,red\n", refused("encoding", "save the feed as UTF-8")),
    "an encoded surrogate": (b"bad,\xed\xa0\x80,1 EUR,red\n", refused("encoding", "save the feed as UTF-8")),
    "a NUL in a title": (b"bad,Dr\x00ess,1 EUR,red\n", read_as(title="Dress")),
    "a NUL in an id": (b"b\x00d,Dress,1 EUR,red\n", invalid("each row needs an id")),
    "a terminal's commands": (b"bad,\x1b[2JDress,1 EUR,red\n", read_as(title="[2JDress")),
    "a cell of 200 KB": (
        b"bad," + b"x" * 200_000 + b",1 EUR,red\n",
        broken("not closed within 128 KiB"),
    ),
    "a line of 2 MB": (b"bad," + b"x" * 2_000_000 + b",1 EUR,red\n", refused("encoding", "longer than 1 MiB")),
    "another delimiter": (b"bad;Dress;1 EUR;red\n", refused("columns", "1 columns where the header has 4")),
    "the header again": (b"id,title,price,color\n", invalid("'price' is not a price such as 12.50 EUR")),
    "a row of commas": (b",,,\n", invalid("id: none; each row needs an id")),
    "a non-breaking space around a cell": ("bad,\xa0Dress\xa0,1\xa0EUR,red\n".encode(), read_as(title="Dress")),
}

JSONL: Kinds = {
    "cut JSON": (b'{"id": "bad", "title": \n', broken("broken JSON")),
    "single quotes": (b"{'id': 'bad'}\n", broken("broken JSON")),
    "a comma too many": (b'{"id": "bad", "title": "A",}\n', broken("broken JSON")),
    "no braces": (b'"id"\n', broken("a row is a JSON object in braces")),
    "a list": (b'["bad"]\n', broken("a row is a JSON object in braces")),
    "null": (b"null\n", broken("a row is a JSON object in braces")),
    "NaN": (b'{"id": "bad", "title": "A", "price": NaN}\n', broken("broken JSON")),
    "half a surrogate": (b'{"id": "bad", "title": "\\ud800"}\n', broken("broken JSON")),
    "two objects in a line": (b'{"id": "bad"} {"id": "bad"}\n', broken("broken JSON")),
    "a thousand levels": (b'{"id": "bad", "x": ' + b"[" * 2000 + b"]" * 2000 + b"}\n", broken("broken JSON")),
    "300 levels": (
        b'{"id": "bad", "title": "A", "x": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}\n",
        invalid("cannot be kept"),
    ),
    "an object as an id": (b'{"id": {}, "title": "A"}\n', invalid("id: none")),
    "a list as a title": (b'{"id": "bad", "title": ["A"]}\n', invalid("title: '['A']'; each row needs a title")),
    "a flag as a price": (b'{"id": "bad", "title": "A", "price": true}\n', invalid("is not a price")),
    "an object as a price": (b'{"id": "bad", "title": "A", "price": {"a": 1}}\n', invalid("is not a price")),
    "a number as an id": (b'{"id": 17, "title": "A"}\n', read_as(id="17")),
    "a whole float as an id": (b'{"id": 17.0, "title": "A"}\n', read_as(id="17")),
    "a number as a title": (b'{"id": "bad", "title": 501}\n', read_as(title="501")),
    "a number as text": (b'{"id": "bad", "title": "A", "price": "12.5"}\n', read_as(price=12.5)),
    "a GTIN as a number": (
        b'{"id": "bad", "title": "A", "gtin": 40063}\n',
        read_as(attributes={"gtin": "40063"}),
    ),
    "a key twice": (b'{"id": "bad", "title": "A", "title": "B"}\n', read_as(title="B")),
    "Latin-1": (b'{"id": "bad", "title": "Caf\xe9"}\n', refused("encoding", "save the feed as UTF-8")),
    "a prefix": (b'{"g:id": "bad", "g:title": "A", "g:image link": "//s/1"}\n', read_as(image_url="https://s/1")),
    "nulls": (b'{"id": "bad", "title": "A", "price": null, "color": null}\n', read_as(price=None, color=None)),
}

XML: Kinds = {
    "no id": (b"<item><g:title>A</g:title></item>\n", invalid("id: none; each row needs an id")),
    "two ids": (b"<item><g:id>1</g:id><g:id>2</g:id><g:title>A</g:title></item>\n", invalid("each row needs an id")),
    "an item in an item": (b"<item><g:id>bad</g:id><item><g:id>x</g:id></item></item>\n", invalid("title: none")),
    "an empty item": (b"<item/>\n", invalid("id: none; each row needs an id")),
    "elements 3,000 deep": (
        b"<item><g:id>bad</g:id><g:title>A</g:title>" + b"<a>" * 3000 + b"x" + b"</a>" * 3000 + b"</item>\n",
        read_as(title="A"),
    ),
    "a text of 2 MB": (
        b"<item><g:id>bad</g:id><g:description>" + b"x" * 2_000_000 + b"</g:description></item>\n",
        refused("encoding", "the item is longer than 1 MiB"),
    ),
    "100,000 elements": (
        b"<item><g:id>bad</g:id>" + b"<g:title>A</g:title>" * 100_000 + b"</item>\n",
        refused("encoding", "the item is longer than 1 MiB"),
    ),
    "CDATA": (b"<item><g:id>bad</g:id><g:title><![CDATA[A <b>B</b>]]></g:title></item>\n", read_as(title="A B")),
    "no prefixes": (b"<item><id>bad</id><title>A</title></item>\n", read_as(title="A")),
    "a comment": (b"<item><!-- x --><g:id>bad</g:id><g:title>A</g:title></item>\n", read_as(title="A")),
    "photos in several elements": (
        b"<item><g:id>bad</g:id><g:title>A</g:title><g:image_link>//s/1</g:image_link>"
        b"<g:image_link>//s/2</g:image_link></item>\n",
        read_as(image_url="https://s/1", additional_image_urls=["https://s/2"]),
    ),
}

WHOLE: dict[str, Any] = simple(5)
LINE = json.dumps(WHOLE, separators=(",", ":")).encode()
SHOPIFY: Kinds = {
    "a quote too many": (LINE.replace(b'"Bag 5"', b'"Bag "5"'), broken("product 2 of the list: broken JSON")),
    "a quote too few": (LINE.replace(b'"Bag 5"', b'"Bag 5'), broken("product 2 of the list: broken JSON")),
    "a brace too few": (LINE[:-1], broken("product 2 of the list: broken JSON")),
    "NaN": (LINE.replace(b'"9.90"', b"NaN"), broken("product 2 of the list: broken JSON")),
    "Latin-1": (LINE.replace(b"Bag 5", b"Caf\xe9"), broken("product 2 of the list: broken JSON")),
    "no variants": (json.dumps(WHOLE | {"variants": []}).encode(), broken("a product needs at least one variant")),
    "variants that are no list": (json.dumps(WHOLE | {"variants": 5}).encode(), broken("is no product of Shopify")),
    "another object": (b'{"errors": "Not Found"}', broken("is no product of Shopify")),
    "prices in cents": (json.dumps(WHOLE | {"price_varies": True}).encode(), broken("prices in cents")),
    "a price in words": (LINE.replace(b"9.90", b"free"), invalid("'free' is not a price")),
    "no title": (LINE.replace(b"Bag 5", b""), invalid("title: none")),
    "a photo that is text": (json.dumps(WHOLE | {"images": ["x"], "image": "x"}).encode(), read_as(image_url=None)),
    "options that are no list": (json.dumps(WHOLE | {"options": "Size"}).encode(), read_as(id="S5")),
    "tags that are null": (json.dumps(WHOLE | {"tags": None}).encode(), read_as(id="S5")),
}

WOO_HEADER = b"ID,Type,SKU,Name,Published,Regular price,Parent\n"
WOOCOMMERCE: Kinds = {
    "too few cells": (b"5,simple,bad,Hat\n", refused("columns", "4 columns where the header has 7")),
    "a price in words": (b"5,simple,bad,Hat,1,free,\n", invalid("'free' is not a price")),
    "no name": (b"5,simple,bad,,1,5,\n", invalid("title: none")),
    "neither SKU nor number": (b",simple,,Hat,1,5,\n", invalid("id: none")),
    "a SKU with a slash": (b"5,simple,a/b,Hat,1,5,\n", read_as(id="5", attributes={"sku": "a/b"})),
    "a parent that is not there": (b"5,variation,bad,Hat,1,5,gone\n", read_as(item_group_id="gone")),
    "an unknown type": (b"5,subscription,bad,Hat,1,5,\n", read_as(price=5.0)),
    "its own parent": (b"5,variation,bad,Hat,1,5,bad\n", read_as(title="Hat")),
    "a quote that is never closed": (b'5,simple,bad,"Hat,1,5,\n', broken("a quote")),
}
