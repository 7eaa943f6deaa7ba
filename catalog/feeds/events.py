"""Events of reading a feed: rows, products, rows that cannot be read, and a file that stops before its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.domain.product import Product


@dataclass(frozen=True, slots=True)
class FeedRow:
    """Holds one row as the feed has it, column names normalised; `line` counts from 1 (the row number in Parquet)."""

    line: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MappedRow:
    """Holds one row, its columns mapped onto the fields of a product, nothing checked yet."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FeedProduct:
    """Holds one row that has become a product, or several: `rows` are the ids of those that are its sizes.

    `line` is that of the row it is called by.
    """

    line: int
    product: Product
    rows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Says why a row was skipped; `id` is the product it is about, as far as that can be found out."""

    line: int
    reason: str
    code: str = "broken_row"
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Truncation:
    """Says that the file ends too early; not `certain`: it only may have been cut (a whole row without line end)."""

    line: int
    reason: str
    certain: bool = True


Rows = Iterator[FeedRow | RowProblem | Truncation]
MappedRows = Iterator[MappedRow | RowProblem | Truncation]
FeedProducts = Iterator[FeedProduct | RowProblem | Truncation]


class RowError(ValueError):
    """Raised for a value that cannot be used; becomes the RowProblem of its row, never leaves this package."""
