"""Types that parameters and bodies share, with their bounds and descriptions."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, WithJsonSchema, WrapValidator

from app.http.inputs import unknown
from catalog.domain.filter_fields import RELAXABLE_KEYS
from catalog.limits import MAX_EXCLUDED_IDS, MAX_FACTOR, MAX_MODELS, MAX_PAGE_SIZE, MAX_WINDOW
from catalog.search.product_fields import HIT_FIELDS, PUBLIC_FIELDS
from catalog.search.search_types import FACETS, SORTS

BOX = "part of the photo to look for: left, top, right, bottom as shares of its upright width and height"
GROUPS = ("item_group_id",)
COMPONENT = "x-component"  # of a schema: the name under which the specification shares it
NONE = "none"  # instead of a threshold: no floor either
ALL_FIELDS = "*"
FIELDS = f"product fields in the answer, `{ALL_FIELDS}` for all"


def _check(what: str, known: Sequence[str]) -> AfterValidator:
    def check(word: str) -> str:
        if word not in known:
            raise ValueError(f"'{word}': {unknown(what, word, known)}")
        return word

    return AfterValidator(check)


def _read_threshold(value: Any, check: Callable[[Any], float | str]) -> float | str:
    """Refuses what is neither `none` nor a cosine, in words that name both."""
    try:
        found = check(value)
    except ValidationError:
        found = math.nan
    if found == NONE or (isinstance(found, float) and -1 <= found <= 1):
        return found
    raise ValueError("write a cosine from -1 to 1, or none")


def _enum(known: Sequence[str], name: str | None = None) -> WithJsonSchema:
    """Lists the words in the specification, where there is a `name` as a component of its own."""
    named = {COMPONENT: name} if name else {}
    return WithJsonSchema({"type": "string", "enum": list(known), **named})


def _rising(band: tuple[float, float]) -> tuple[float, float]:
    if band[0] > band[1]:
        raise ValueError("the lower factor comes first")
    return band


def _box(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    if left >= right or top >= bottom:
        raise ValueError(
            "a box is left, top, right, bottom as shares of the photo, left before right, top before bottom"
        )
    return box


def _as_tuple(value: object) -> object:
    """Returns a list, or a word alone, as the tuple that it stands for."""
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


OneOrMore = BeforeValidator(_as_tuple)
Facet = Annotated[str, _check("facet", FACETS), _enum(FACETS, "FacetKey")]
FIELD_WORDS = (*PUBLIC_FIELDS, ALL_FIELDS)
FieldName = Annotated[str, _check("field", FIELD_WORDS), _enum(FIELD_WORDS, "FieldName")]
Sort = Annotated[str, _check("sort", SORTS), _enum(SORTS, "SortKey")]
Facets = Annotated[
    tuple[Facet, ...],
    Field(
        max_length=len(FACETS),
        description="count the values of these over all products that pass the filters, whatever their score",
    ),
    OneOrMore,
]
FieldNames = Annotated[
    tuple[FieldName, ...],
    Field(max_length=len(FIELD_WORDS), description=f"{FIELDS}; default {', '.join(HIT_FIELDS)}"),
    OneOrMore,
]
Factor = Annotated[float, Field(ge=0, le=MAX_FACTOR, allow_inf_nan=False)]
Band = Annotated[tuple[Factor, Factor], AfterValidator(_rising)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Box = Annotated[tuple[Share, Share, Share, Share], AfterValidator(_box)]
ProductId = Annotated[str, Field(min_length=1, max_length=256)]
ModelName = Annotated[str, Field(min_length=1, max_length=256)]
ProductIds = Annotated[tuple[ProductId, ...], Field(max_length=MAX_EXCLUDED_IDS), OneOrMore]
Weight = Annotated[float, Field(gt=0, le=MAX_FACTOR, allow_inf_nan=False)]
Models = Annotated[dict[ModelName, Weight], Field(max_length=MAX_MODELS)]
GroupBy = Annotated[str, _check("group", GROUPS), _enum(GROUPS, "GroupKey")]
FilterKey = Annotated[str, _check("filter", RELAXABLE_KEYS), _enum(RELAXABLE_KEYS, "FilterKey")]
Fallback = Annotated[Literal["category"], _enum(("category",), "Fallback")]
Fill = Annotated[Literal["category"], _enum(("category",), "Fill")]
FilterKeys = Annotated[tuple[FilterKey, ...], Field(max_length=len(RELAXABLE_KEYS)), OneOrMore]
Limit = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE, description=f"hits per page, at most {MAX_PAGE_SIZE}")]
Offset = Annotated[
    int, Field(ge=0, le=MAX_WINDOW - 1, description=f"hits to skip; offset + limit is at most {MAX_WINDOW}")
]
Threshold = Annotated[
    float | Literal["none"],
    WrapValidator(_read_threshold),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": -1, "maximum": 1}, {"type": "string", "const": NONE}]}),
]


def choose_fields(asked: Sequence[str]) -> tuple[str, ...] | None:
    """Returns the fields that hits show when these were asked for: None for all, few where none were."""
    return None if ALL_FIELDS in asked else tuple(dict.fromkeys(asked)) or HIT_FIELDS


def require(field: str) -> dict[str, Any]:
    """Returns JSON Schema that holds where `field` is there and neither null nor an empty list."""
    return {"required": [field], "properties": {field: {"not": {"enum": [None, []]}}}}


def remove_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Returns JSON Schema without null."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if len(kinds) == 1:
        rest = {**kinds[0], **rest}
    elif kinds:
        rest["anyOf"] = kinds
    return rest
