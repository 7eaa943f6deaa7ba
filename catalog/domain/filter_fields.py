"""Lists the fields that products can be filtered by. Whatever knows such a field by name gets it from here.

A new filter field takes two changes: an entry in FILTER_FIELDS, and a field of that name in
`catalog.domain.product.Product`. The filter of a question, its clauses and matching in memory, facets, sort keys,
the index mapping, feed columns, parameters and forms of the API with their OpenAPI text, and the table in the
documentation follow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FOLDED = "folded"  # sub-field that filters look at; the word itself keeps the feed's spelling for facets
KEYWORD = {"type": "keyword"}
WORD = {
    "type": "keyword",
    "fields": {FOLDED: {"type": "keyword", "normalizer": "lowercase", "doc_values": False}},
}
SEARCHED = {"type": "keyword", "doc_values": False}  # filtered by, never counted or sorted by
MONEY = {"type": "double"}
FLAG = {"type": "boolean"}
FLATTENED = {"type": "flattened", "ignore_above": 1024}

# flag: true or false; words: any of several, whatever their case; id: any of several, letter by letter; price: a
# range; attributes: words for each of any names.
Kind = Literal["flag", "words", "id", "price", "attributes"]
MAPPINGS: Mapping[Kind, Mapping[str, Any]] = {
    "flag": FLAG,
    "words": WORD,
    "id": KEYWORD,
    "price": MONEY,
    "attributes": FLATTENED,
}


@dataclass(frozen=True, slots=True)
class FilterField:
    """Describes one key of a filter.

    `indexed_as` is the Elasticsearch field that its clause looks at, by default called like the key; `more_fields`
    are the mappings of others that it needs. `sort` is the field that `sort=<key>` orders by, `index_sort` says that
    an index can be kept in its order (products have one value of it). `columns` are those of a feed that it is read
    from, by default one called like the key that holds its text. `parameters` are those of the API, by default one
    called like the key, with their OpenAPI descriptions. An `everyone` value suits whatever a shopper is: without a
    filter on such a field similar products share the source's value or have that one.
    """

    key: str
    kind: Kind = "words"
    description: str | None = None
    indexed_as: str = ""
    more_fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    facet: bool = True
    sort: str | None = None
    index_sort: bool = False
    columns: tuple[str, ...] = ()
    parameters: Mapping[str, str | None] = field(default_factory=dict)
    everyone: str | None = None
    relaxable: bool = True  # may be dropped while too few products pass

    @property
    def index_field(self) -> str:
        """Elasticsearch field that the clause of this filter looks at."""
        return self.indexed_as or self.key

    @property
    def mappings(self) -> dict[str, Any]:
        """Mapping of each Elasticsearch field that this filter needs."""
        return {self.index_field: MAPPINGS[self.kind], **self.more_fields}

    @property
    def api_parameters(self) -> Mapping[str, str | None]:
        """Descriptions of the parameters of the API, by name."""
        return self.parameters or {self.key: self.description}

    @property
    def is_text_column(self) -> bool:
        """Says whether a feed has a column called like the key that holds its text."""
        return self.kind in ("words", "id") and not self.columns


FILTER_FIELDS = (
    FilterField("available", "flag", "can be bought now", index_sort=True, columns=("available", "availability")),
    FilterField("category", columns=("category", "product_type", "google_product_category")),
    FilterField("brand", index_sort=True),
    FilterField("color"),
    FilterField("color_family", index_sort=True),
    FilterField("pattern", index_sort=True),
    FilterField("material", index_sort=True),
    FilterField("gender", index_sort=True, everyone="unisex"),
    FilterField("age_group", index_sort=True, everyone="all ages"),
    FilterField(
        "size",
        description="this size is in stock",
        indexed_as="sizes_available",
        columns=("variants", "sizes", "size"),
    ),
    FilterField(
        "price",
        "price",
        indexed_as="offer_prices",
        more_fields={"effective_price": MONEY, "sized_prices": SEARCHED},
        sort="effective_price",
        columns=("price", "sale_price", "sale_price_effective_date"),
        parameters={
            "price_min": "least price of something in stock, of `size` where that is named",
            "price_max": "highest such price",
        },
    ),
    FilterField(
        "currency",
        description="of the prices that are compared; default the source's, else the only one",
        facet=False,
        columns=("currency", "price", "sale_price"),
        relaxable=False,  # without it prices would mix
    ),
    FilterField("item_group_id", "id", facet=False),
    FilterField(
        "attributes",
        "attributes",
        "any attribute of the feed: `attributes.<name>=<value>`",
        indexed_as="folded_attributes",
        more_fields={"attributes": FLATTENED},
        facet=False,
        columns=("attributes",),  # and every column that is no field of a product
    ),
)
FIELD_BY_KEY = {each.key: each for each in FILTER_FIELDS}
PRICE, ATTRIBUTES = FIELD_BY_KEY["price"], FIELD_BY_KEY["attributes"]

# filter key -> Elasticsearch field
TERM_FIELDS = {each.key: each.index_field for each in FILTER_FIELDS if each.kind in ("words", "id")}
FLAG_FIELDS = {each.key: each.index_field for each in FILTER_FIELDS if each.kind == "flag"}
FACET_FIELDS = {each.key: each.index_field for each in FILTER_FIELDS if each.facet}
SORT_FIELDS = {each.key: each.sort for each in FILTER_FIELDS if each.sort}

WORD_KEYS = frozenset(each.key for each in FILTER_FIELDS if each.kind == "words")
FOR_EVERYONE = {each.key: each.everyone for each in FILTER_FIELDS if each.everyone}
RELAXABLE_KEYS = tuple(each.key for each in FILTER_FIELDS if each.relaxable)
INDEX_SORT_FIELDS = tuple(each.index_field for each in FILTER_FIELDS if each.index_sort)
TEXT_COLUMNS = tuple(each.key for each in FILTER_FIELDS if each.is_text_column)
MAPPING_BY_FIELD = {name: each for entry in FILTER_FIELDS for name, each in entry.mappings.items()}


def format_table() -> Iterator[str]:
    """Yields the lines of the documentation's table of filters, in Markdown."""
    yield "| filter | kind | parameters | facet | sort | feed columns |"
    yield "|---|---|---|---|---|---|"
    for each in FILTER_FIELDS:
        names = [f"{name}.<name>" if each.kind == "attributes" else name for name in each.api_parameters]
        parameters = ", ".join(f"`{name}`" for name in names)
        columns = ", ".join(f"`{name}`" for name in each.columns or (each.key,))
        facet, sort = "yes" if each.facet else "", "yes" if each.sort else ""
        yield f"| `{each.key}` | {each.kind} | {parameters} | {facet} | {sort} | {columns} |"
