"""Index mappings, strict, each beside the reason its fields are indexed the way they are."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.domain.embedding_space import Space
from catalog.domain.filter_fields import KEYWORD, MAPPING_BY_FIELD, MONEY, SEARCHED
from catalog.domain.product import DERIVED_FIELDS, PRODUCT_FIELDS
from catalog.settings import SortField, VectorIndex
from catalog.similarity import INDEX_SIMILARITY

# 3: where a colour family comes from, products by SKU. 2: size, price and stock of one and the same offer; words
# whatever their case. Without a version: 1.
VERSION = 3
EXACT_FILTERS = 2  # from this version on filters look at offers and at folded words
META_VERSION = "version"
STORED = {"type": "keyword", "index": False, "doc_values": False}  # read back, never searched
DATE = {"type": "date"}

UNFILTERED: dict[str, Any] = {
    "id": KEYWORD,  # a sort on _id is not allowed; ties break on this
    "title": {"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 1000}}},
    "description": {"type": "text"},
    "link": STORED,
    "image_url": {"type": "keyword", "index": False},  # doc values serve `exists`
    "additional_image_urls": STORED,
    "price": MONEY,
    "sale_price": MONEY,
    "variants": {"type": "object", "enabled": False},
    "updated_at": DATE,
    "offer_updated_at": DATE,
    "color_family_from": {"type": "keyword", "index": False},  # doc values serve `exists` and counts
    "photo_color": {  # what `etl enrich` made of the photo at `image_url`
        "type": "object",
        "properties": {
            "family": STORED,
            "image_url": STORED,
            "status": KEYWORD,
            "reason": KEYWORD,
            "attempts": {"type": "integer"},
            "next_try_at": DATE,
        },
    },
    "skus": SEARCHED,  # by which a product is found beside its id
    "group_key": KEYWORD,  # collapse merges everything that lacks its field, so this one is always there
}
PRODUCT_PROPERTIES: dict[str, Any] = {
    name: MAPPING_BY_FIELD.get(name) or UNFILTERED[name] for name in (*PRODUCT_FIELDS, *DERIVED_FIELDS)
}


# In the `meta` of a space's vector, so that it is written in one go with the space: its place among the spaces of the
# catalogue, from 1, and the cosine below which its hits do not look alike, where that was measured here.
ADDED, FLOOR = "added", "floor"


def space_properties(space: Space, index_type: VectorIndex, meta: Mapping[str, str]) -> dict[str, Any]:
    """Mapping of `embedding.<space>`; the index type is always explicit: the server's default changes."""
    return {
        "properties": {
            "vector": {
                "type": "dense_vector",
                "dims": space.dims,
                "index": True,
                "similarity": INDEX_SIMILARITY,
                "index_options": {"type": index_type},
                **({"meta": dict(meta)} if meta else {}),
            },
            "image_url": STORED,
            "image_sha256": KEYWORD,
            "status": KEYWORD,
            "reason": KEYWORD,
            "attempts": {"type": "integer"},
            "next_try_at": DATE,
            "etag": STORED,
        }
    }


VECTOR_FILES = ("vec", "veq", "veb", "vex")  # raw, int8 and bbq vectors, graphs


def index_options(sort: Sequence[SortField], *, preload: bool) -> dict[str, Any]:
    """Settings of a new product index that cannot change later.

    In an index sorted by the dominant filter what passes lies together, so a filtered scan reads less memory (about
    twice as fast, design section 4); writing costs more. Preloaded vectors do not wait for the disk when first asked.
    """
    found: dict[str, Any] = {}
    if sort:
        found |= {"sort.field": list(sort), "sort.order": ["asc"] * len(sort)}
    if preload:
        found["store.preload"] = list(VECTOR_FILES)
    return found


def products() -> dict[str, Any]:
    """Mapping of the product index before any model has been added."""
    return {
        "dynamic": "strict",
        "_meta": {META_VERSION: VERSION},
        "properties": {**PRODUCT_PROPERTIES, "embedding": {"type": "object", "dynamic": "strict", "properties": {}}},
    }


FEATURE_HISTORY: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "image_url": KEYWORD,
        "space": KEYWORD,
        "model_name": KEYWORD,
        "model_id": KEYWORD,
        "snapshot_date": DATE,
        "product_ids": KEYWORD,
        "status": KEYWORD,
        "reason": KEYWORD,
        "attempts": {"type": "integer"},
        "run_id": KEYWORD,
    },
}

RULES: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "id": KEYWORD,
        "action": KEYWORD,
        "when": {"type": "object", "enabled": False},  # rules are few: all are read, none is searched by content
        "target": {"type": "object", "enabled": False},
        "position": {"type": "integer"},
        "amount": {"type": "double"},
        "valid_from": DATE,
        "valid_until": DATE,
        "note": {"type": "text"},
        "updated_at": DATE,
    },
}

PROMOTIONS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "number": {"type": "integer"},
        "action": KEYWORD,  # promote or rollback
        "space": KEYWORD,
        "promoted_at": DATE,
        "promoted_by": KEYWORD,
        "reason": {"type": "text"},
        "figures": {"type": "object", "enabled": False},
    },
}

API_KEYS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "id": KEYWORD,
        "name": KEYWORD,
        "hash": STORED,  # keys are looked up by id, among all of them
        "scopes": KEYWORD,
        "created_at": DATE,
        "expires_at": DATE,
        "revoked_at": DATE,
        "rate": STORED,
    },
}

LEASES: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "holder": KEYWORD,
        "seconds": {"type": "double"},
        "renewed_at": DATE,  # by the holder's clock, for people; nobody decides by it
    },
}

OFFER_MARKS: dict[str, Any] = {
    "dynamic": "strict",
    "properties": {
        "id": KEYWORD,
        "as_of": DATE,
        "marked_at": DATE,
        "count": {"type": "integer"},  # for people
        "ids": {"type": "binary"},  # hashes of product ids, 8 bytes each
    },
}
