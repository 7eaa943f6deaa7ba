"""Holds every answer of a search or a count to the whole catalogue: Elasticsearch answers with the shards it has."""

from collections.abc import Mapping
from typing import Any

from catalog.errors import Unavailable

# Types of a shard's failure that say that it cannot be reached or is too busy, and nothing about the question.
# Source: the exceptions of Elasticsearch 8.19's org.elasticsearch.transport, .action and .common.breaker.
OUTAGES = frozenset(
    {
        "circuit_breaking_exception",
        "connect_transport_exception",
        "es_rejected_execution_exception",
        "no_shard_available_action_exception",
        "node_closed_exception",
        "node_disconnected_exception",
        "node_not_connected_exception",
        "receive_timeout_transport_exception",
        "search_context_missing_exception",
        "shard_not_found_exception",
        "task_cancelled_exception",
        "unavailable_shards_exception",
    }
)
CONTEXT_LOST = frozenset({"search_context_missing_exception"})


class Incomplete(Unavailable):
    """Some shards did not answer; `reasons` are the types of their failures, as far as they gave one."""

    public = None

    def __init__(self, answer: Mapping[str, Any]) -> None:
        shards = answer["_shards"]
        self.reasons = frozenset(
            str((failure.get("reason") or {}).get("type")) for failure in shards.get("failures", ())
        )
        answered = f"{shards['successful']} of {shards['total']} parts of the catalogue"
        super().__init__(f"only {answered} answered; try again in a moment")

    @property
    def is_outage(self) -> bool:
        """Returns whether only unreachable shards are in the way: another query would fare no better."""
        return self.reasons <= OUTAGES

    @property
    def lost_context(self) -> bool:
        """Returns whether all that failed is a point in time that some shard does not know any more."""
        return bool(self.reasons) and self.reasons <= CONTEXT_LOST


def require_all_shards(answer: Any) -> Any:
    """Returns the answer of a search or count if every shard gave its part in time; raises Incomplete otherwise."""
    shards = answer["_shards"]
    # A shard without any copy is not always counted as failed, but never as successful.
    if shards["failed"] or shards["successful"] < shards["total"] or answer.get("timed_out"):
        raise Incomplete(answer)
    return answer
