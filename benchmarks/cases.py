"""What is measured: sizes, dimensions and filters of the drawn catalogue, and the knobs of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import typer

from catalog.domain.filter_fields import FOR_EVERYONE
from catalog.domain.filters import Filters
from catalog.search.costs import Costs
from catalog.search.sizing import advise
from catalog.settings import VectorIndex
from loadtest import draw
from loadtest.draw import DrawnProduct

# Percent of the products that pass, and the brands that leave so many.
SHARES: dict[float, Filters] = {
    100: Filters(),
    30: Filters(brand=("Alder",)),
    10: Filters(brand=("Larch", "Rowan")),
    3: Filters(brand=("Hazel",)),
    0.3: Filters(brand=("Sorrel",)),
    0.1: Filters(brand=("Yew",)),
}
FILTERS = {"none": SHARES[100], "30 %": SHARES[30], "3 %": SHARES[3]}
LIMIT = 10
# The API adds the source's own gender and age group as filters: without them `none` means none.
DROPPED = tuple(FOR_EVERYONE)
SILENT_EVERY = 19  # one in so many products of `bench-query` states neither: questions about it have no other filter


@dataclass(frozen=True, slots=True)
class Size:
    """A catalogue: how many products, how many dimensions."""

    products: int
    dims: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        """The size written PRODUCTSxDIMS; raises typer.BadParameter, which ends a command with status 2."""
        products, _, dims = text.partition("x")
        if not (products.isdigit() and dims.isdigit() and int(products) > 0 and 0 < int(dims) <= 4096):
            raise typer.BadParameter(f"'{text}' is no size: give PRODUCTSxDIMS, such as 10000x40")
        return cls(int(products), int(dims))

    @property
    def space(self) -> str:
        return f"drawn{self.dims}__v1"

    @property
    def text(self) -> str:
        return f"{self.products:,} × {self.dims}".replace(",", " ")

    def drawn(self, seed: int) -> Iterator[DrawnProduct]:
        """Its products, none of which states a gender or an age group."""
        return map(_silent, draw.products(self.products, self.dims, seed))

    def shopped(self, seed: int) -> Iterator[DrawnProduct]:
        """The same products, of which only every SILENT_EVERYth states neither."""
        for number, one in enumerate(draw.products(self.products, self.dims, seed)):
            yield one if number % SILENT_EVERY else _silent(one)


def _silent(one: DrawnProduct) -> DrawnProduct:
    return replace(one, document={key: value for key, value in one.document.items() if key not in DROPPED})


@dataclass(frozen=True, slots=True)
class Effort:
    """`questions` ids are asked `repeats` times after a warm-up of `warm_up` ids, per case.

    A crowd of several callers asks for `crowd_seconds` in every repeat.
    """

    questions: int = 100
    repeats: int = 5
    warm_up: int = 40
    crowd_seconds: float = 3.0


FULL = (Size(10_000, 40), Size(10_000, 512), Size(100_000, 40), Size(100_000, 512))
QUICK = (Size(2_000, 40),)
QUICK_EFFORT = Effort(questions=30, repeats=3, warm_up=20)


QUERY_EFFORT = Effort(questions=100, repeats=3, warm_up=30)
QUERY_QUICK = (Size(4_000, 40),)
QUERY_QUICK_EFFORT = Effort(questions=12, repeats=2, warm_up=5, crowd_seconds=0.5)


@dataclass(frozen=True, slots=True)
class Job:
    """What `bench-query` does with one catalogue: the shares to measure speed at, and those to compare plans at."""

    size: Size
    index_type: VectorIndex
    speed: tuple[float, ...] = ()
    plans: tuple[float, ...] = ()


SPEED_SHARES = (100, 30, 3, 0.1)
PLAN_SHARES = (100, 10, 3, 0.3)
SPEED = {Size(1_000_000, 40), Size(1_000_000, 64), Size(200_000, 512), Size(1_000_000, 512)}
PLANS = {Size(products, dims) for products in (10_000, 100_000, 1_000_000) for dims in (40, 512)}
BIG = Size(1_000_000, 512)  # 2 GB of vectors: only where asked for


def sizes_asked(big: tuple[Size, ...] = ()) -> list[Size]:
    """All sizes of `bench-query`, small ones first; BIG only as `big`."""
    return sorted((SPEED | PLANS) - {BIG} | set(big), key=lambda size: (size.products * size.dims, size.dims))


def job(size: Size, index_type: VectorIndex) -> Job:
    """What is asked of this size; of one that no goal names, everything."""
    anyway = size not in SPEED | PLANS
    speed = SPEED_SHARES if size in SPEED or anyway else ()
    return Job(size, index_type, speed, PLAN_SHARES if size in PLANS or anyway else ())


def advised(size: Size) -> VectorIndex:
    """What the project itself would choose for a catalogue like this."""
    return advise(size.products, size.dims, Costs()).index_type


def usual_types(size: Size) -> tuple[VectorIndex, ...]:
    """What is advised; for a million products also the plain scan and the graph that it was chosen from."""
    others: tuple[VectorIndex, ...] = ("flat", "int8_hnsw") if size.products >= 1_000_000 else ()
    return tuple(dict.fromkeys((advised(size), *others)))
