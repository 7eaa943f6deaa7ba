"""Results of `bench-query`, catalogue by catalogue, so that a long run can be made in parts."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.query.facets import FacetCell
from benchmarks.query.kept_catalogue import KeptCatalogue
from benchmarks.query.plans import PlanCell
from benchmarks.query.speed import SpeedCell
from benchmarks.results import RunDescription, read_results
from benchmarks.sizes import Effort, Size

NAME = "query"


@dataclass(frozen=True, kw_only=True)
class CatalogueMeasurement(RunDescription):
    """All that one run found out about one catalogue; ratios hold within it."""

    loaded: KeptCatalogue
    products: int
    dims: int
    index_type: str
    effort: Effort
    speed: tuple[SpeedCell, ...] = ()
    plans: tuple[PlanCell, ...] = ()
    facets: tuple[FacetCell, ...] = ()

    @property
    def size(self) -> Size:
        return Size(self.products, self.dims)

    @property
    def key(self) -> tuple[int, int, str]:
        return self.products, self.dims, self.index_type


@dataclass(frozen=True)
class QueryResults:
    """All catalogues, small ones first."""

    catalogues: list[CatalogueMeasurement] = field(default_factory=list)

    @property
    def speed(self) -> list[SpeedCell]:
        return [cell for one in self.catalogues for cell in one.speed]

    @property
    def plans(self) -> list[PlanCell]:
        return [cell for one in self.catalogues for cell in one.plans]

    @property
    def facets(self) -> list[FacetCell]:
        return [cell for one in self.catalogues for cell in one.facets]

    def replace(self, new: CatalogueMeasurement) -> "QueryResults":
        """Returns results that have `new` in the place of an older measurement of the same catalogue."""
        others = [one for one in self.catalogues if one.key != new.key]
        return QueryResults(sorted([*others, new], key=lambda one: one.key))


def read(folder: Path) -> QueryResults:
    """Reads what earlier runs wrote; empty results where there is nothing."""
    return read_results(folder / f"{NAME}.json", QueryResults) or QueryResults()


def list_shares(cells: Iterable[SpeedCell]) -> list[float]:
    """Lists the shares among `cells`, widest first."""
    return sorted({cell.share for cell in cells}, reverse=True)
