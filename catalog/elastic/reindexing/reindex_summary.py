"""Summary of a reindex."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReindexSummary:
    """Says what a reindex did: `blocked_ms` is how long writers had to wait at the end, `blocks` how often.

    `left` is the old index where it could not be deleted yet: the new one had not all its replicas.
    """

    old: str
    new: str
    copied: int
    replayed: int
    deleted: int
    blocked_ms: float
    blocks: int = 1
    left: str | None = None

    def advice(self) -> str:
        """Says what is left and what becomes of it; empty where nothing is."""
        if self.left is None:
            return ""
        return (
            f"'{self.left}' is left, since '{self.new}' has not all its replicas yet: the next `catalog create` "
            f"or import that finds them deletes it (or do it yourself: DELETE /{self.left})"
        )
