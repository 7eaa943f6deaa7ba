"""Rows with one bad value, the same in every format: {kind: (cells, outcome)}. The others of the row are good."""

from typing import Any

from tests.feeds.outcomes import Outcome, invalid, read_as

NOTE_WINDOW = "sale_price_effective_date cannot be read"
SALE = {"price": "10 EUR", "sale_price": "8 EUR"}

BAD_VALUES: dict[str, tuple[dict[str, Any], Outcome]] = {
    # ids
    "no id": ({"id": ""}, invalid("id: none; each row needs an id")),
    "an id of blanks": ({"id": "   "}, invalid("id: none; each row needs an id")),
    "an id with a slash": ({"id": "a/b"}, invalid("id: 'a/b'; each row needs an id")),
    "an id of 300 characters": ({"id": "x" * 300}, invalid("each row needs an id of at most 256 characters")),
    "an id above 512 bytes": ({"id": "ü" * 257}, invalid("id: longer than 512 bytes")),
    "an id rounded by a spreadsheet": ({"id": "4.00638E+12"}, invalid("format its column as text")),
    "a comma in a rounded id": ({"id": "4,00638E+12"}, invalid("format its column as text")),
    "a rounded group": ({"item_group_id": "8.1E+11"}, invalid("item_group_id: '8.1E+11' is a number")),
    "an id that is an error": ({"id": "#REF!"}, invalid("id: '#REF!' is a spreadsheet's error: mend its formula")),
    # titles and texts
    "no title": ({"title": ""}, invalid("title: none; each row needs a title")),
    "a title of tags alone": ({"title": "<b></b>"}, invalid("title: none; each row needs a title")),
    "a title of 1,001 characters": ({"title": "x" * 1001}, invalid("each row needs a title of at most 1,000")),
    "a title that is an error": ({"title": "#NAME?"}, invalid("title: '#NAME?' is a spreadsheet's error")),
    "HTML in a title": ({"title": "Linen <b>dress</b>"}, read_as(title="Linen dress")),
    "entities": ({"title": "H&amp;M &eacute;t&#233;"}, read_as(title="H&M été")),
    "double-encoded entities": ({"title": "A &amp;amp; B"}, read_as(title="A & B")),
    "entities that are none": ({"title": "R&D; &nope; &#; &#x;"}, read_as(title="R&D; &nope; &#; &#x;")),
    "an entity beyond Unicode": ({"title": "A&#9999999;B"}, read_as(title="A\ufffdB")),
    "an entity of a control character": ({"title": "A&#7;B"}, read_as(title="AB")),
    "HTML of blocks": ({"description": "<p>one</p><p>two</p>"}, read_as(description="one\ntwo")),
    "escaped HTML": ({"description": "&lt;p&gt;one&lt;/p&gt;"}, read_as(description="one")),
    "HTML that never ends": ({"description": "<p>one<b>two"}, read_as(description="onetwo")),
    "HTML tags a thousand deep": ({"description": "<div>" * 1000 + "x"}, read_as(description="x")),
    "an HTML bomb": ({"description": "<a " * 9000}, read_as(description=("<a " * 9000).strip())),
    "a script": ({"description": "a<script>b()</script>c"}, read_as(description="ac")),
    "a comparison": ({"description": "a < b & c > d"}, read_as(description="a < b & c > d")),
    "CDATA as text": ({"description": "<![CDATA[<p>one</p>]]>"}, read_as(description="one")),
    "a description of 40,000 characters": ({"description": "x" * 40_000}, invalid("at most 32,000 characters")),
    "a brand of 300 characters": ({"brand": "x" * 300}, invalid("brand: ")),
    "an invisible byte order mark": ({"brand": "\ufeffAcme\u200b"}, read_as(brand="Acme")),
    "an error in a column without need": ({"color": "#N/A"}, read_as("color is left out", color=None)),
    "a German error": ({"brand": "#BEZUG!"}, read_as("brand is left out", brand=None)),
    "a formula": ({"brand": "=1+1"}, read_as(brand="=1+1")),
    # prices
    "no price": ({"price": ""}, read_as(price=None)),
    "a negative price": ({"price": "-1 EUR"}, invalid("price: '-1 EUR' is negative")),
    "a price in words": ({"price": "free"}, invalid("'free' is not a price such as 12.50 EUR")),
    "a price of NaN": ({"price": "NaN"}, invalid("'NaN' is not a price such as 12.50 EUR")),
    "an infinite price": ({"price": "inf EUR"}, invalid("is not a price such as 12.50 EUR")),
    "a price in hexadecimal": ({"price": "0x10"}, invalid("is not a price such as 12.50 EUR")),
    "a price in scientific notation": ({"price": "1.2E+03"}, invalid("is not a price such as 12.50 EUR")),
    "a price with an unknown currency": ({"price": "10 EURO"}, invalid("is not a price such as 12.50 EUR")),
    "a price with two currencies": ({"price": "EUR 10 USD"}, invalid("names two currencies")),
    "a sign of several currencies": ({"price": "$10"}, invalid("write its three letters")),
    "a thousand or a thousandth": ({"price": "1.234 EUR"}, invalid("a thousand times more or less")),
    "a price above all": ({"price": "99999999999 EUR"}, invalid("price: ")),
    "a price that is an error": ({"price": "#DIV/0!"}, invalid("price: '#DIV/0!' is a spreadsheet's error")),
    "other digits": ({"price": "١٢ EUR"}, invalid("is not a price such as 12.50 EUR")),
    "two prices in two currencies": ({"sale_price": "8 USD"}, invalid("one product has one currency")),
    "a currency of two letters": ({"price": "10", "currency": "EU"}, invalid("write the three letters")),
    "a currency in small letters": ({"price": "10", "currency": "eur"}, read_as(price=10.0, currency="EUR")),
    "a price with thousands": ({"price": "1,299.00 EUR"}, read_as(price=1299.0)),
    "a price with German thousands": ({"price": "1.299,00 EUR"}, read_as(price=1299.0)),
    "a price with a blank": ({"price": "1 299 EUR"}, read_as(price=1299.0)),
    "a price with a sign": ({"price": "€12,50"}, read_as(price=12.5, currency="EUR")),
    "a price with too many decimals": ({"price": "9.98765 EUR"}, read_as(price=9.99)),
    # sales
    "a sale in words": ({**SALE, "sale_price_effective_date": "soon"}, read_as(NOTE_WINDOW, sale_price=None)),
    "a sale of a day": (
        {**SALE, "sale_price_effective_date": "2026-01-01"},
        read_as(NOTE_WINDOW, sale_price=None),
    ),
    "a sale that ends before it starts": (
        {**SALE, "sale_price_effective_date": "2026-03-01/2026-01-01"},
        read_as(NOTE_WINDOW, sale_price=None),
    ),
    "a sale in a month that is none": (
        {**SALE, "sale_price_effective_date": "2026-13-01/2026-14-01"},
        read_as(NOTE_WINDOW, sale_price=None),
    ),
    "a sale up to a day that is none": (
        {**SALE, "sale_price_effective_date": "2026-02-24T11:07+0100/2026-02-29T23:07+0100"},
        read_as(sale_price=8.0),
    ),
    "a sale with spaces": (
        {**SALE, "sale_price_effective_date": "2026-02-24 11:07 +01:00 / 2026-02-27 23:07 +01:00"},
        read_as(sale_price=8.0),
    ),
    "a sale for ever": ({**SALE, "sale_price_effective_date": "2026-01-01/9999-12-31"}, read_as(sale_price=8.0)),
    "a date of change in words": ({"updated_at": "yesterday"}, invalid("write a date in ISO 8601")),
    # stock and sizes
    "an unknown stock": ({"availability": "maybe"}, invalid("availability: 'maybe' is none of in_stock")),
    "a stock that is an error": ({"availability": "#VALUE!"}, invalid("availability: '#VALUE!' is a spreadsheet's")),
    "a stock in schema.org's words": ({"availability": "https://schema.org/OutOfStock"}, read_as(available=False)),
    "a stock as a number": ({"availability": "0"}, read_as(available=False)),
    "variants in broken JSON": ({"variants": '[{"sku": '}, invalid("variants: broken JSON")),
    "variants that are no list": ({"variants": '{"sku": "1"}'}, invalid("variants: write a list of objects")),
    "a variant without a name": ({"variants": '[{"price": "1 EUR"}]'}, invalid("variants.0.sku")),
    "a variant with a wrong price": ({"variants": '[{"sku": "a", "price": "-1"}]'}, invalid("'-1' is negative")),
    "501 variants": ({"sizes": ",".join(f"s{n}" for n in range(501))}, invalid("variants: ")),
    # addresses
    "a script as a link": ({"link": "javascript:alert(1)"}, invalid("write one such as https://shop.example/dress")),
    "data as a link": ({"link": "data:text/html,x"}, invalid("write one such as https://shop.example/dress")),
    "a link with a blank": ({"link": "https://s.example/a b"}, read_as(link="https://s.example/a%20b")),
    "a link with entities": ({"link": "https://s.example/?a=1&amp;b=2"}, read_as(link="https://s.example/?a=1&b=2")),
    "a link of 3,000 characters": ({"link": "https://s.example/" + "x" * 3000}, invalid("link: ")),
    "a photo without a scheme": ({"image_link": "//s.example/1"}, read_as(image_url="https://s.example/1")),
    "a photo with a next line": ({"image_link": "https://s.example/\u2028x"}, invalid("image_url: ")),
    "60 photos": (
        {"additional_image_link": ",".join(f"https://s.example/{n}" for n in range(60))},
        read_as("the first 50 photos are kept"),
    ),
    "photos twice": (
        {"additional_image_link": "https://s.example/1,https://s.example/1,,"},
        read_as(additional_image_urls=["https://s.example/1"]),
    ),
    "a photo with a comma": (
        {"additional_image_link": "https://s.example/w_3,h_2/1, https://s.example/2"},
        read_as(additional_image_urls=["https://s.example/w_3,h_2/1", "https://s.example/2"]),
    ),
    # attributes
    "a rounded GTIN": ({"gtin": "4.00638E+12"}, read_as("gtin is left out", attributes={})),
    "a GTIN with zeros": ({"gtin": "0400638133393"}, read_as(attributes={"gtin": "0400638133393"})),
    "costs": ({"cost_of_goods_sold": "3 EUR"}, read_as("cost_of_goods_sold is left out", attributes={})),
    "carriers": ({"shipping": "DE:::4 EUR"}, read_as("shipping is left out", attributes={})),
    "a flag in words": ({"identifier_exists": "No"}, read_as(attributes={"identifier_exists": False})),
    "attributes in broken JSON": ({"attributes": "{"}, invalid("attributes: broken JSON")),
    "attributes that are no object": ({"attributes": "[1]"}, invalid("attributes: write an object")),
    "a category with entities": ({"product_type": "A &gt; B &amp; C"}, read_as(category=["A", "B & C"])),
    "a category 30 deep": ({"product_type": " > ".join("abcdefghijklmnopqrstuvwxyz")}, invalid("category: ")),
}
