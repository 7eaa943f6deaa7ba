"""Merchandising rules: what a shop pins, hides or boosts among similar products, for which sources and how long."""

from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from catalog.domain.filters import Filters
from catalog.domain.matching import FoldedProduct, Matcher
from catalog.domain.product import Moment, Word
from catalog.errors import InvalidRule
from catalog.limits import RERANK_POOL

MAX_RULES = 100  # each may have to be looked at for each of the 200 best hits of a question, or by Elasticsearch
MAX_IDS = 1000  # products that one rule names
MAX_NAMED = 5_000  # ids and filter values of all rules together: hidden ones go along with every question
MAX_POSITION = RERANK_POOL  # rules work within the pool that is reordered before a page is cut
NO_FILTER = Filters()
RuleId = Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Action = Literal["pin", "hide", "boost"]


class Some(BaseModel):
    """Some products: those of these ids or SKUs, those that pass a filter, or (both) those named that pass it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ids: Annotated[tuple[Word, ...], Field(max_length=MAX_IDS)] = ()
    filter: Filters = NO_FILTER

    @property
    def is_empty(self) -> bool:
        """Says whether nothing is said, which every product fulfils."""
        return not self.ids and not self.has_filter

    @cached_property
    def has_filter(self) -> bool:
        """Says whether the filter says something."""
        return self.filter != NO_FILTER

    @cached_property
    def id_set(self) -> frozenset[str]:
        """Ids, to be looked up."""
        return frozenset(self.ids)

    @property
    def value_count(self) -> int:
        """Number of ids and filter values it names."""
        lists = [value for _, value in self.filter if isinstance(value, tuple)]
        return len(self.ids) + sum(map(len, (*lists, *self.filter.attributes.values())))

    @cached_property
    def matcher(self) -> Matcher:
        """Filter, to be matched against products."""
        return Matcher(self.filter)

    def has(self, product: FoldedProduct) -> bool:
        """Says whether a stored product is one of them, by its id or a SKU."""
        if self.ids and product.names.isdisjoint(self.id_set):
            return False
        return not self.has_filter or self.matcher.matches(product)


class RuleContent(BaseModel):
    """What a rule says. `when` looks at the product that others shall be similar to; empty means always."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Action = Field(description="pin to a position, hide, or boost the rank")
    when: Some = Field(Some(), description="for which source products; empty: always, photos and vectors included")
    target: Some = Field(description="the products it is about: either `ids` or `filter`; a pin takes `ids`")
    position: Annotated[int, Field(ge=1, le=MAX_POSITION)] | None = Field(
        None, description="pin: place of the first id in the answer, from 1; the other ids follow"
    )
    amount: Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)] | None = Field(
        None, description="boost: added to the cosine for ranking; `score` stays the cosine"
    )
    valid_from: Moment | None = Field(None, description="in force from this moment on")
    valid_until: Moment | None = Field(None, description="in force before this moment")
    note: Annotated[str, Field(max_length=1000)] | None = Field(None, description="for people")

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if bool(self.target.ids) == (self.target.filter != NO_FILTER):
            raise ValueError("target: name products by either ids or a filter that says something")
        if self.action == "pin" and not self.target.ids:
            raise ValueError("target: a pin names its products by ids")
        for name, action in (("position", "pin"), ("amount", "boost")):
            given = getattr(self, name) is not None
            if given != (self.action == action):
                raise ValueError(f"{name}: " + (f"only a {action} has one" if given else f"a {action} needs one"))
        if self.position and self.position + len(self.target.ids) - 1 > MAX_POSITION:
            raise ValueError(f"position: pins end at position {MAX_POSITION}")
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("valid_from: it has to be before valid_until")
        return self


class Rule(RuleContent):
    """A rule as it is kept."""

    id: RuleId
    updated_at: Moment

    @property
    def value_count(self) -> int:
        """Number of ids and filter values it names."""
        return self.when.value_count + self.target.value_count

    def applies(self, source: FoldedProduct | None, now: datetime) -> bool:
        """Says whether it is in force for a question about `source` (None: about no product of the catalogue)."""
        if (self.valid_from and now < self.valid_from) or (self.valid_until and now >= self.valid_until):
            return False
        return self.when.is_empty or (source is not None and self.when.has(source))


def parse(data: Any) -> Rule:
    """Reads a rule from plain data, `updated_at` now where it has none; raises InvalidRule naming what is wrong."""
    try:
        return Rule.model_validate({"updated_at": datetime.now(UTC)} | data if isinstance(data, dict) else data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(map(str, first["loc"]))
        problem = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            inner: type[BaseModel] = Filters if "filter" in first["loc"][:-1] else Some
            known = (inner if len(first["loc"]) > 1 else Rule).model_fields
            problem = f"there is no such key; there are {', '.join(known)}"
        raise InvalidRule(f"{path}: {problem}" if path else problem, field=path) from error


def document(rule: Rule) -> dict[str, Any]:
    """Returns the rule as it is stored and shown; what it does not say is left out."""
    return rule.model_dump(mode="json", exclude_defaults=True)
