"""What a feed says: rows, rows that cannot be read, and that the file stopped before its end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.domain.product import Product


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the feed has it, column names normalised; `line` counts from 1 (the row number in Parquet)."""

    line: int
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mapped:
    """One row, its columns mapped onto the fields of a product, nothing checked yet."""

    line: int
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Item:
    """One row that has become a product."""

    line: int
    product: Product


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that was skipped, and why. `id` is the product it speaks of, as far as that can be told."""

    line: int
    reason: str
    code: str = "broken_row"
    id: str | None = None
    row: Mapping[str, Any] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Cut:
    """The file ends where it should not. Unless `certain` it only may have been cut: no line end, a whole row."""

    line: int
    reason: str
    certain: bool = True


Rows = Iterator[Row | Problem | Cut]
MappedRows = Iterator[Mapped | Problem | Cut]
Items = Iterator[Item | Problem | Cut]


class RowError(ValueError):
    """A value of a row that cannot be used; becomes the Problem of its row, never leaves this package."""
