"""Speed of the API where a page wants facets and a total too, with the filters that a question has by default."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.api_client import ApiClient, TimedAnswer
from benchmarks.query.jobs import CatalogueCell
from benchmarks.query.right_answers import RightAnswers, choose_ids
from benchmarks.sizes import Effort
from benchmarks.timing import Spread, spread_percentiles
from catalog.domain.filters import Filters
from catalog.settings import VectorIndex
from loadtest.drawn_products import GENDERS

NAMES = ("brand", "color", "size", "price")
PANEL = (*(f"facets={name}" for name in NAMES), "total=true")
# By default the gender and the age group of the source are filters; naming every gender leaves the age group alone.
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "default": PANEL,
    "all genders": (*PANEL, *(f"gender={gender}" for gender in GENDERS)),
}


@dataclass(frozen=True, slots=True)
class FacetCell(CatalogueCell):
    """One of QUESTIONS on one catalogue: milliseconds of the API, one caller; `server_p50` is the server's `took`."""

    question: str
    p50: Spread
    p95: Spread
    server_p50: Spread


def measure_facets(
    right: RightAnswers, host: str, index_type: VectorIndex, effort: Effort, seed: int
) -> list[FacetCell]:
    """Asks every question in every repeat, in turns, about products that state a gender and an age group."""
    rng, rows = random.Random(seed), right.list_stated()
    apis = {question: ApiClient(host, Filters(), *parameters) for question, parameters in QUESTIONS.items()}
    found: dict[str, list[list[TimedAnswer]]] = {question: [] for question in QUESTIONS}
    for api in apis.values():
        for product_id in choose_ids(rows, effort.warm_up, rng):
            api.ask(product_id)
    for _ in range(effort.repeats):
        for question, api in apis.items():
            found[question].append([api.ask(product_id) for product_id in choose_ids(rows, effort.questions, rng)])
    for api in apis.values():
        api.close()
    return [_summarise(right, index_type, question, repeats) for question, repeats in found.items()]


def _summarise(
    right: RightAnswers, index_type: VectorIndex, question: str, repeats: Sequence[Sequence[TimedAnswer]]
) -> FacetCell:
    walls = [[one.wall_ms for one in repeat] for repeat in repeats]
    return FacetCell(
        products=right.size.products,
        dims=right.size.dims,
        index_type=index_type,
        question=question,
        p50=spread_percentiles(walls, 50),
        p95=spread_percentiles(walls, 95),
        server_p50=spread_percentiles([[one.took_ms for one in repeat] for repeat in repeats], 50),
    )
