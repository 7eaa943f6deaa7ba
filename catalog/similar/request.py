"""Describes what can be asked about similar products, and the result."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from catalog.domain.embedding_space import Space
from catalog.domain.filters import Filters
from catalog.domain.warnings import AnswerWarning
from catalog.search.search_types import Counts, Hit, Page, Plan, SimilarPage
from catalog.similarity import Vectors


@dataclass(frozen=True, slots=True)
class SimilarRequest:
    """Asks for similar products.

    What to look like is one of `product_id`, `vectors` (by space name) or `positive` examples.

    `price_band` is a pair of factors of the source's price. `models` weighs several models, `model` names one,
    neither means the promoted one.
    `diversity` from 0 to 1 trades likeness for variety; `near_duplicates` is the cosine from which a hit repeats an
    earlier one. `relax` names the filters that may be dropped, in this order, while fewer than one page pass.
    `fallback` says what to show for a product without an embedding instead of raising ProductNotEmbedded, `fill` what
    completes a page behind the last similar product. `score_threshold` "none" wants no floor either.
    """

    product_id: str | None = None
    filters: Filters = Filters()
    page: Page = Page()
    counts: Counts = Counts()
    price_band: tuple[float, float] | None = None
    score_threshold: float | Literal["none"] | None = None
    exclude_source: bool = True
    exclude_ids: tuple[str, ...] = ()
    model: str | None = None
    exact: bool = False
    explain: bool = False
    models: Mapping[str, float] = field(default_factory=dict)
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    positive: tuple[str, ...] = ()
    negative: tuple[str, ...] = ()
    diversity: float = 0.0
    near_duplicates: float | None = None
    relax: tuple[str, ...] = ()
    fallback: Literal["category"] | None = None
    fill: Literal["category"] | None = None


@dataclass(frozen=True, slots=True)
class SimilarResult:
    """Holds hits by descending cosine (or as reranked), and how they were found.

    `explanations` has, per hit id, the cosine of each space, the rank (from 1) before and after reranking and rules,
    and the ids of the rules that acted on it. `rank_before` is None for a pin from behind the pool that is reranked.
    `score_floor` is the floor that cut the hits, None where none did.
    """

    hits: Sequence[Hit]
    facets: Mapping[str, Any] | None
    total: int | None
    page: Page
    space: Space
    plan: Plan
    missing_ids: tuple[str, ...] = ()
    warnings: tuple[AnswerWarning, ...] = ()
    server_ms: float = 0.0
    explanations: Mapping[str, Mapping[str, Any]] | None = None
    score_floor: float | None = None

    @classmethod
    def of_page(
        cls,
        request: SimilarRequest,
        space: Space,
        page: SimilarPage,
        warnings: tuple[AnswerWarning, ...],
        missing_ids: tuple[str, ...] = (),
        explanations: Mapping[str, Mapping[str, Any]] | None = None,
        score_floor: float | None = None,
    ) -> Self:
        """Returns the result of a request that a page of the index answers."""
        return cls(
            hits=page.hits,
            facets=page.facets,
            total=page.total,
            page=request.page,
            space=space,
            plan=page.plan,
            missing_ids=missing_ids,
            warnings=warnings,
            server_ms=page.server_ms,
            explanations=explanations,
            score_floor=score_floor,
        )
