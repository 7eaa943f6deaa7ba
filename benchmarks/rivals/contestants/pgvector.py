"""PostgreSQL with pgvector: a table without a vector index and one with hnsw; both index brand and price."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from numpy.typing import NDArray
from psycopg import sql

from benchmarks.drawn_shop import DrawnShop
from benchmarks.rivals.contestants.postgres import URI
from benchmarks.rivals.questions import RivalHit, RivalQuestion

BREADTHS = (100, 400, 1000)  # hnsw.ef_search while too few pass; 1000 is the most it takes
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # binary COPY: signature, flags, no extension


class PgvectorExact:
    """Table without a vector index: the filter is a WHERE, and every product that passes is compared."""

    table = "plain"
    breadths: tuple[int, ...] = (40,)

    def build(self, folder: Path) -> None:
        shop = DrawnShop.load(folder)
        with psycopg.connect((folder / URI).read_text(), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            columns = f"(id int PRIMARY KEY, brand smallint, price float8, v vector({shop.vectors.shape[1]}))"
            connection.execute(self._compose_sql("CREATE TABLE {table} " + columns))
            with connection.cursor().copy(self._compose_sql("COPY {table} FROM STDIN (FORMAT BINARY)")) as copy:
                copy.write(HEADER)
                for start in range(0, len(shop.prices), 10_000):
                    copy.write(_encode_rows(shop, start, start + 10_000))
                copy.write(b"\xff\xff")
            connection.execute("SET maintenance_work_mem = '1GB'")
            for statement in self.list_indexes():
                connection.execute(self._compose_sql(statement))
            connection.execute(self._compose_sql("VACUUM ANALYZE {table}"))

    def list_indexes(self) -> list[str]:
        return ["CREATE INDEX ON {table} (brand)", "CREATE INDEX ON {table} (price)"]

    def open(self, folder: Path) -> None:
        self.lock = threading.Lock()
        # Prepared statements would be planned for any brand alike, common or rare.
        self.connection = psycopg.connect((folder / URI).read_text(), autocommit=True, prepare_threshold=None)
        self.connection.execute("LOAD 'vector'")
        row = self.connection.execute("SELECT current_setting('hnsw.iterative_scan', true)").fetchone()
        if row and row[0] is not None:  # pgvector 0.8 and later
            self.connection.execute("SET hnsw.iterative_scan = strict_order")

    def find_similar(self, question: RivalQuestion) -> list[RivalHit]:
        found: list[Any] = []
        statement, values = self._build_statement(question)
        with self.lock:
            for breadth in self.breadths:
                self.connection.execute(f"SET hnsw.ef_search = {breadth}".encode())
                found = self.connection.execute(statement, values).fetchall()
                if len(found) >= question.limit:
                    break
        return [RivalHit(*row) for row in found]

    def set_prices(self, prices: Mapping[int, float]) -> None:
        pairs = [(price, number) for number, price in prices.items()]
        with self.lock, self.connection.transaction(), self.connection.cursor() as cursor:
            cursor.executemany(self._compose_sql("UPDATE {table} SET price = %s WHERE id = %s"), pairs)

    def set_vector(self, number: int, vector: NDArray[np.float32]) -> bool:
        with self.lock:
            text = f"[{','.join(map(str, vector.tolist()))}]"
            self.connection.execute(
                self._compose_sql("UPDATE {table} SET v = %s::vector WHERE id = %s"), (text, number)
            )
        return True

    def close(self) -> None:
        self.connection.close()

    def _build_statement(self, question: RivalQuestion) -> tuple[sql.Composed, dict[str, Any]]:
        distance = "v <=> (SELECT v FROM {table} WHERE id = %(source)s)"
        wheres = ["id <> %(source)s"]
        wheres += ["brand = %(brand)s"] if question.brand is not None else []
        wheres += ["price >= %(price_min)s"] if question.price_min is not None else []
        wheres += ["price <= %(price_max)s"] if question.price_max is not None else []
        parts = ("SELECT id, 1 - (", distance, "), brand, price FROM {table} WHERE ", " AND ".join(wheres))
        statement = "".join([*parts, " ORDER BY ", distance, " LIMIT %(limit)s"])
        values = {name: getattr(question, name) for name in RivalQuestion.__slots__}
        return self._compose_sql(statement), values

    def _compose_sql(self, text: str) -> sql.Composed:
        return sql.SQL(text).format(table=sql.Identifier(self.table))


class PgvectorHnsw(PgvectorExact):
    """hnsw, which the planner may use; where its hits are filtered afterwards too few may be left."""

    table = "graph"
    breadths = BREADTHS

    def list_indexes(self) -> list[str]:
        graph = "CREATE INDEX ON {table} USING hnsw (v vector_cosine_ops) WITH (m = 16, ef_construction = 200)"
        return [*super().list_indexes(), graph]


def _encode_rows(shop: DrawnShop, start: int, stop: int) -> bytes:
    """Encodes products as rows of a binary COPY: a count of fields, then each field after its length, big-endian."""
    dims = shop.vectors.shape[1]
    lengths = {"length_id": 4, "length_brand": 2, "length_price": 8, "length_v": 4 + 4 * dims}
    row = np.dtype([
        ("fields", ">i2"), ("length_id", ">i4"), ("id", ">i4"), ("length_brand", ">i4"), ("brand", ">i2"),
        ("length_price", ">i4"), ("price", ">f8"), ("length_v", ">i4"), ("dims", ">i2"), ("unused", ">i2"),
        ("v", ">f4", (dims,)),
    ])  # fmt: skip
    numbers = np.arange(len(shop.prices))[start:stop]
    rows = np.zeros(len(numbers), dtype=row)
    for name, value in {"fields": 4, "dims": dims, **lengths}.items():
        rows[name] = value
    rows["id"], rows["brand"] = numbers, shop.brands[start:stop]
    rows["price"], rows["v"] = shop.prices[start:stop], shop.vectors[start:stop]
    return rows.tobytes()
