"""Leases: which job works on something now. Each is a document that its holder writes again and again."""

from datetime import UTC, datetime
from typing import Any

from elasticsearch import ConflictError, NotFoundError

from catalog import index_mapping
from catalog.domain.records import Lease
from catalog.elastic.connection import IndexConnection
from catalog.elastic.stores import small_indices


class LeaseStore:
    """Reads and writes leases, each on the condition that it is what was read."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection
        self._client = connection.client
        self._index = connection.names.leases

    def read(self, name: str) -> Lease | None:
        """Reads the lease as it is this moment; None where nobody holds it."""
        with self._connection.request():
            try:
                found = self._client.get(index=self._index, id=name)
            except NotFoundError:
                return None
        source = found["_source"]
        return Lease(name, source["holder"], source["seconds"], found["_seq_no"], found["_primary_term"])

    def write(self, name: str, holder: str, seconds: float, over: Lease | None) -> Lease | None:
        """Take or renew the lease where it still is `over` (None: nobody's); None where somebody was quicker."""
        body = {"holder": holder, "seconds": seconds, "renewed_at": datetime.now(UTC).isoformat()}
        with self._connection.request("write"):
            if over is None:
                small_indices.ensure(self._connection, self._index, index_mapping.LEASES)
                condition: dict[str, Any] = {"op_type": "create"}
            else:
                condition = {"if_seq_no": over.seq_no, "if_primary_term": over.primary_term}
            try:
                done = self._client.index(index=self._index, id=name, document=body, **condition)
            except ConflictError:
                return None
        return Lease(name, holder, seconds, done["_seq_no"], done["_primary_term"])

    def drop(self, lease: Lease) -> None:
        """Give the lease back; does nothing where it has changed since."""
        condition: dict[str, Any] = {"if_seq_no": lease.seq_no, "if_primary_term": lease.primary_term}
        with self._connection.request("write"):
            try:
                self._client.delete(index=self._index, id=lease.name, **condition)
            except (ConflictError, NotFoundError):
                return
