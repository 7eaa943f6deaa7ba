"""The errors this service raises on purpose; every door turns them into its own language in one place.

VisualSearchError
├── InvalidInput             the caller has to change something
│   ├── InvalidProduct
│   ├── InvalidFilter
│   ├── InvalidFeed
│   ├── InvalidRule
│   └── InvalidVector
├── NotFound
│   ├── ProductNotFound
│   ├── RuleNotFound
│   └── SpaceNotFound        no such model, or no product carries it yet
├── Conflict
│   ├── ProductNotEmbedded
│   ├── WriteConflict        somebody else wrote first
│   └── RefusedChange        too much would be lost; needs an explicit yes
└── Unavailable              Elasticsearch does not answer, or has no catalogue yet
    ├── WriteBlocked         it answers questions and refuses writes: a full disk, a block set by hand or by a reindex
    └── TimeSpent            the calls for one question took longer than it may
"""

from typing import Any, ClassVar


class VisualSearchError(Exception):
    """Base of all intended errors: `code` is stable and machine-readable, `message` says what to do."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class InvalidInput(VisualSearchError):
    code = "invalid_input"


class InvalidProduct(InvalidInput):
    code = "invalid_product"


class InvalidFilter(InvalidInput):
    code = "invalid_filter"


class InvalidFeed(InvalidInput):
    code = "invalid_feed"


class InvalidRule(InvalidInput):
    code = "invalid_rule"


class InvalidVector(InvalidInput):
    code = "invalid_vector"


class NotFound(VisualSearchError):
    code = "not_found"


class ProductNotFound(NotFound):
    code = "product_not_found"


class RuleNotFound(NotFound):
    code = "rule_not_found"


class SpaceNotFound(NotFound):
    code = "model_not_found"


class Conflict(VisualSearchError):
    code = "conflict"


class ProductNotEmbedded(Conflict):
    code = "product_not_embedded"


class WriteConflict(Conflict):
    code = "write_conflict"


class RefusedChange(Conflict):
    code = "refused_change"


class Unavailable(VisualSearchError):
    code = "unavailable"


class WriteBlocked(Unavailable):
    code = "write_blocked"


class TimeSpent(Unavailable):
    pass
