"""Stops an import that would drop many embeddings at once: a shop that moves its photos seldom means that."""

from collections.abc import Mapping

from catalog.domain.records import StoredProduct
from catalog.errors import RefusedChange
from catalog.importing.changes import Decision
from catalog.ports import ProductPort

MAX_SHARE = 0.10  # of the products that have an embedding
ALWAYS_ALLOWED = 20  # so many may change in a shop of any size


class PhotoGuard:
    """Counts products that have an embedding and get another photo, by which they lose it."""

    def __init__(self, port: ProductPort) -> None:
        self._port = port
        self.count = 0
        self._example = ""

    def note(self, decisions: Mapping[str, Decision], stored: Mapping[str, StoredProduct]) -> None:
        """Counts those of `decisions` that cost a product its embedding; `stored` is what they were made from."""
        moved = {
            product_id: change.source.get("image_url")
            for product_id, decision in decisions.items()
            if (change := decision.change) is not None and change.source is not None and change.drops_embedding
        }
        if not moved:
            return
        known = self._port.find_embedded(list(moved))
        embedded = [product_id for product_id in moved if product_id in known]
        self.count += len(embedded)
        if embedded and not self._example:
            first = embedded[0]
            before, after = stored[first].source.get("image_url"), moved[first] or "no photo"
            self._example = f"{first}: {before} -> {after}"

    def check(self) -> None:
        """Raises RefusedChange where more than MAX_SHARE of the embeddings, and more than a few, would go."""
        if self.count <= ALWAYS_ALLOWED:
            return
        total = self._port.count_embedded()
        if self.count > MAX_SHARE * total:
            raise RefusedChange(
                f"nothing was written: {self.count:,} of {total:,} products with an embedding have another photo "
                f"address in this feed and would lose it, more than {MAX_SHARE:.0%}; the first is {self._example}. "
                "If the photos have moved, repeat with --force: the next `etl run` fetches each one once and reuses "
                "the vectors of those that are the same"
            )
