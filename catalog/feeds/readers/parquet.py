"""Reads Parquet feeds in small batches; the line number is the row's number."""

from collections.abc import Iterator
from typing import IO, Any

from catalog.errors import InvalidFeed
from catalog.feeds.events import FeedRow, Rows, Truncation
from catalog.feeds.readers.column_names import normalize_column

BATCH = 512  # rows in memory at a time
BUFFER = 1 << 18  # bytes of a column read at a time; without it a whole row group is


def read_parquet(file: IO[bytes]) -> Rows:
    """Yields the rows of a Parquet file. Raises InvalidFeed if its footer is missing (a cut file) or has no `id`."""
    import pyarrow as pa

    table = _open_table(file)
    names = [normalize_column(name) for name in table.schema_arrow.names]
    if "id" not in names:
        raise InvalidFeed(f"the feed has no column id; it has {', '.join(names)[:120]}")
    line = 0
    try:
        for row in _iterate_rows(table):
            line += 1
            yield FeedRow(line, dict(zip(names, row.values(), strict=True)))
    except (pa.ArrowException, OSError, ValueError) as error:
        yield Truncation(line + 1, f"the Parquet file is damaged: {error}")


def _open_table(file: IO[bytes]) -> Any:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InvalidFeed(f"this is not a whole Parquet file: {error}") from error


def _iterate_rows(table: Any) -> Iterator[dict[str, Any]]:
    for batch in table.iter_batches(batch_size=BATCH, use_threads=False):
        yield from batch.to_pylist()
