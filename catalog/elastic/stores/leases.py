"""Leases: which job works on something now. Each is a document that its holder writes again and again."""

from datetime import UTC, datetime
from typing import Any

from elasticsearch import ConflictError, NotFoundError

from catalog import mapping
from catalog.domain.records import Lease
from catalog.elastic.base import Store
from catalog.elastic.client import translated
from catalog.elastic.stores import small_indices


class LeaseStore(Store):
    def read_lease(self, name: str) -> Lease | None:
        """The lease as it is this moment; None where nobody holds it."""
        with translated(self.names):
            try:
                found = self.client.get(index=self.names.leases, id=name)
            except NotFoundError:
                return None
        source = found["_source"]
        return Lease(name, source["holder"], source["seconds"], found["_seq_no"], found["_primary_term"])

    def write_lease(self, name: str, holder: str, seconds: float, over: Lease | None) -> Lease | None:
        """Take or renew the lease where it still is `over` (None: nobody's); None where somebody was quicker."""
        body = {"holder": holder, "seconds": seconds, "renewed_at": datetime.now(UTC).isoformat()}
        with translated(self.names):
            if over is None:
                small_indices.ensure(self.client, self.names.leases, mapping.LEASES, self.index_settings(1))
                condition: dict[str, Any] = {"op_type": "create"}
            else:
                condition = {"if_seq_no": over.seq_no, "if_primary_term": over.primary_term}
            try:
                done = self.client.index(index=self.names.leases, id=name, document=body, **condition)
            except ConflictError:
                return None
        return Lease(name, holder, seconds, done["_seq_no"], done["_primary_term"])

    def drop_lease(self, lease: Lease) -> None:
        """Give the lease back; does nothing where it has changed since."""
        condition: dict[str, Any] = {"if_seq_no": lease.seq_no, "if_primary_term": lease.primary_term}
        with translated(self.names):
            try:
                self.client.delete(index=self.names.leases, id=lease.name, **condition)
            except (ConflictError, NotFoundError):
                return
