"""Index and alias names under a prefix, so that catalogues and tests can share a cluster."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    prefix: str = ""

    @property
    def products(self) -> str:
        """Returns the alias that every reader and writer uses."""
        return f"{self.prefix}products"

    @property
    def history(self) -> str:
        return f"{self.prefix}feature_history"

    @property
    def promotions(self) -> str:
        return f"{self.prefix}promotions"

    @property
    def rules(self) -> str:
        return f"{self.prefix}rules"

    @property
    def leases(self) -> str:
        return f"{self.prefix}leases"

    @property
    def api_keys(self) -> str:
        return f"{self.prefix}api_keys"

    @property
    def offer_marks(self) -> str:
        return f"{self.prefix}offer_marks"

    @property
    def first(self) -> str:
        return f"{self.products}-000001"

    def successor(self, concrete: str) -> str:
        """Returns the name of the index that replaces `concrete`."""
        number = re.search(r"-(\d+)$", concrete)
        return f"{self.products}-{int(number[1]) + 1 if number else 1:06d}"
