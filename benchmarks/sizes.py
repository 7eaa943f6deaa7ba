"""Sizes of the drawn catalogues, filters with the share of products that they keep, and the effort of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import typer

from catalog.domain.embedding_space import Space
from catalog.domain.filter_fields import FOR_EVERYONE
from catalog.domain.filters import Filters
from loadtest.drawn_products import DrawnProduct, draw_products

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
    """How many products a catalogue has, of how many dimensions."""

    products: int
    dims: int

    @classmethod
    def parse(cls, text: str) -> "Size":
        """Reads a size written PRODUCTSxDIMS; raises typer.BadParameter, which ends a command with status 2."""
        products, _, dims = text.partition("x")
        if not (products.isdigit() and dims.isdigit() and int(products) > 0 and 0 < int(dims) <= 4096):
            raise typer.BadParameter(f"'{text}' is no size: give PRODUCTSxDIMS, such as 10000x40")
        return cls(int(products), int(dims))

    @property
    def space(self) -> Space:
        return Space.parse(f"drawn{self.dims}__v1", self.dims)

    @property
    def text(self) -> str:
        return f"{self.products:,} × {self.dims}".replace(",", " ")

    def draw_silent(self, seed: int) -> Iterator[DrawnProduct]:
        """Draws its products, none of which states a gender or an age group."""
        return map(_silence, draw_products(self.products, self.dims, seed))

    def draw_mixed(self, seed: int) -> Iterator[DrawnProduct]:
        """Draws the same products, of which only every SILENT_EVERYth states neither."""
        for number, one in enumerate(draw_products(self.products, self.dims, seed)):
            yield one if number % SILENT_EVERY else _silence(one)


def _silence(one: DrawnProduct) -> DrawnProduct:
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

    def override(self, questions: int | None, repeats: int | None) -> "Effort":
        """Returns the effort with other questions and repeats, where these are given."""
        return replace(self, questions=questions or self.questions, repeats=repeats or self.repeats)
