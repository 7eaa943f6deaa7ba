"""Speed of the API where a page wants facets and a total too, with the filters that a question has by default."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.askers import Api, Asked
from benchmarks.cases import Effort
from benchmarks.shop import Shop, some_ids
from benchmarks.spread import Spread, percentiles
from catalog.domain.filters import Filters
from catalog.settings import VectorIndex
from loadtest import draw

NAMES = ("brand", "color", "size", "price")
PANEL = (*(f"facets={name}" for name in NAMES), "total=true")
# By default the gender and the age group of the source are filters; naming every gender leaves the age group alone.
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "default": PANEL,
    "all genders": (*PANEL, *(f"gender={gender}" for gender in draw.GENDERS)),
}


@dataclass(frozen=True, slots=True)
class FacetCell:
    """One of QUESTIONS on one catalogue: milliseconds of the API, one caller; `server_p50` is the server's `took`."""

    products: int
    dims: int
    index_type: VectorIndex
    question: str
    p50: Spread
    p95: Spread
    server_p50: Spread


def measure(shop: Shop, host: str, index_type: VectorIndex, effort: Effort, seed: int) -> list[FacetCell]:
    """Every question in every repeat, in turns, about products that state a gender and an age group."""
    rng, rows = random.Random(seed), shop.stated()
    apis = {question: Api(host, Filters(), *asked) for question, asked in QUESTIONS.items()}
    found: dict[str, list[list[Asked]]] = {question: [] for question in QUESTIONS}
    for api in apis.values():
        for product_id in some_ids(rows, effort.warm_up, rng):
            api.ask(product_id)
    for _ in range(effort.repeats):
        for question, api in apis.items():
            found[question].append([api.ask(product_id) for product_id in some_ids(rows, effort.questions, rng)])
    for api in apis.values():
        api.close()
    return [_cell(shop, index_type, question, asked) for question, asked in found.items()]


def _cell(shop: Shop, index_type: VectorIndex, question: str, repeats: Sequence[Sequence[Asked]]) -> FacetCell:
    walls = [[one.wall_ms for one in asked] for asked in repeats]
    return FacetCell(
        products=shop.size.products,
        dims=shop.size.dims,
        index_type=index_type,
        question=question,
        p50=percentiles(walls, 50),
        p95=percentiles(walls, 95),
        server_p50=percentiles([[one.took_ms for one in asked] for asked in repeats], 50),
    )
