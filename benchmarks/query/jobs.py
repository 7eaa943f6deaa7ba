"""Jobs of `bench-query`: which sizes and index types are measured, and what is asked of each."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.sizes import Effort, Size
from catalog.search.planning.prices import Costs
from catalog.search.planning.sizing import advise
from catalog.settings import VectorIndex

EFFORT = Effort(questions=100, repeats=3, warm_up=30)
QUICK_SIZES = (Size(4_000, 40),)
QUICK_EFFORT = Effort(questions=12, repeats=2, warm_up=5, crowd_seconds=0.5)
SPEED_SHARES = (100, 30, 3, 0.1)
PLAN_SHARES = (100, 10, 3, 0.3)
SPEED = {Size(1_000_000, 40), Size(1_000_000, 64), Size(200_000, 512), Size(1_000_000, 512)}
PLANS = {Size(products, dims) for products in (10_000, 100_000, 1_000_000) for dims in (40, 512)}
BIG = Size(1_000_000, 512)  # 2 GB of vectors: only where asked for


@dataclass(frozen=True, slots=True)
class QueryJob:
    """One catalogue: the shares of products to measure speed at, and those to compare plans at."""

    size: Size
    index_type: VectorIndex
    speed: tuple[float, ...] = ()
    plans: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class CatalogueCell:
    """Part of every figure: the catalogue that it was measured on."""

    products: int
    dims: int
    index_type: VectorIndex

    @property
    def size(self) -> Size:
        return Size(self.products, self.dims)


def list_sizes(big: bool) -> list[Size]:
    """Lists all sizes of `bench-query`, small ones first; BIG only where it is asked for."""
    sizes = SPEED | PLANS if big else (SPEED | PLANS) - {BIG}
    return sorted(sizes, key=lambda size: (size.products * size.dims, size.dims))


def list_jobs(sizes: Sequence[Size], types: Sequence[VectorIndex]) -> list[QueryJob]:
    """Lists one job per size and index type; the usual types where none is given."""
    return [build_job(size, kind) for size in sizes for kind in types or list_usual_types(size)]


def build_job(size: Size, index_type: VectorIndex) -> QueryJob:
    """Builds the job for this size; one that no goal names is asked everything."""
    other = size not in SPEED | PLANS
    speed = SPEED_SHARES if size in SPEED or other else ()
    return QueryJob(size, index_type, speed, PLAN_SHARES if size in PLANS or other else ())


def advise_type(size: Size) -> VectorIndex:
    """Returns the index type that the project itself would choose for a catalogue like this."""
    return advise(size.products, size.dims, Costs()).index_type


def list_usual_types(size: Size) -> tuple[VectorIndex, ...]:
    """Lists the advised type; for a million products also the plain scan and the graph that it was chosen from."""
    others: tuple[VectorIndex, ...] = ("flat", "int8_hnsw") if size.products >= 1_000_000 else ()
    return tuple(dict.fromkeys((advise_type(size), *others)))
