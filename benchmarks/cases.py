"""What is measured: sizes, dimensions and filters of the drawn catalogue, and the knobs of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from catalog.filters import Filters
from loadtest import draw
from loadtest.draw import Drawn

FILTERS = {"none": Filters(), "30 %": Filters(brand=("Alder",)), "3 %": Filters(brand=("Hazel",))}
LIMIT = 10
# The API would add the source's own gender and age group as filters: without them `none` means none.
DROPPED = ("gender", "age_group")


@dataclass(frozen=True, slots=True)
class Size:
    """A catalogue: how many products, how many dimensions."""

    products: int
    dims: int

    @property
    def space(self) -> str:
        return f"drawn{self.dims}__v1"

    def drawn(self, seed: int) -> Iterator[Drawn]:
        """Its products."""
        for one in draw.products(self.products, self.dims, seed):
            kept = {key: value for key, value in one.document.items() if key not in DROPPED}
            yield replace(one, document=kept)


@dataclass(frozen=True, slots=True)
class Effort:
    """`questions` ids are asked `repeats` times after a warm-up of `warm_up` ids, per case."""

    questions: int = 100
    repeats: int = 5
    warm_up: int = 40


FULL = (Size(10_000, 40), Size(10_000, 512), Size(100_000, 40), Size(100_000, 512))
QUICK = (Size(2_000, 40),)
QUICK_EFFORT = Effort(questions=30, repeats=3, warm_up=20)
