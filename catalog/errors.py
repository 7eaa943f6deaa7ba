"""Errors that this service raises on purpose; each API or command line turns them into answers in one place.

VisualSearchError
├── InvalidInput             the caller has to change something
│   ├── InvalidSetting       whoever runs this has to
│   ├── RejectedQuery      Elasticsearch rejects a request of ours as wrong
│   ├── InvalidProduct
│   ├── InvalidFilter
│   ├── InvalidFeed
│   ├── InvalidRule
│   ├── InvalidApiKey
│   └── InvalidVector
├── NotFound
│   ├── ProductNotFound
│   ├── PhotoNotFound        the product has none, or one that cannot be shown
│   ├── RuleNotFound
│   ├── ApiKeyNotFound
│   └── SpaceNotFound        no such model, or no product carries it yet
├── Conflict
│   ├── ProductNotEmbedded
│   ├── WriteConflict        somebody else wrote first
│   └── RefusedChange        too much would be lost; needs an explicit yes
└── Unavailable              Elasticsearch does not answer
    ├── NoCatalogue          it has no catalogue yet
    ├── WriteBlocked         it answers questions and refuses writes: a full disk, a block set by hand or by a reindex
    └── DeadlineExceeded            the calls for one request took longer than its deadline
"""

from typing import Any, ClassVar


class VisualSearchError(Exception):
    """Base of all intended errors: `code` is stable and machine-readable, `message` says what to do.

    `message` and `detail` are for operators: they may name hosts, indices, users and paths. Clients of the API get
    `public` instead; where that is None, both may be shown to clients. `detail["hint"]` is what an operator could do
    about it.
    """

    code: ClassVar[str] = "error"
    public: ClassVar[str | None] = "something went wrong on our side; the log knows by X-Query-Id"

    def __init__(self, message: str, **detail: Any) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail

    @property
    def public_message(self) -> str:
        """Message that a client of the API may read."""
        return self.message if self.public is None else self.public

    @property
    def public_detail(self) -> dict[str, Any]:
        """Detail that a client of the API may read."""
        return self.detail if self.public is None else {}

    @property
    def advice(self) -> str:
        """Message and hint for a command line."""
        return f"{self.message}; {hint}" if (hint := self.detail.get("hint")) else self.message


class InvalidInput(VisualSearchError):
    code = "invalid_input"
    public: ClassVar[str | None] = None


class InvalidSetting(InvalidInput):
    public = "this service is set up wrongly; the log knows by X-Query-Id"


class RejectedQuery(InvalidInput):
    public = "the question makes no sense for this catalogue; the log knows by X-Query-Id"


class InvalidProduct(InvalidInput):
    code = "invalid_product"


class InvalidFilter(InvalidInput):
    code = "invalid_filter"


class InvalidFeed(InvalidInput):
    code = "invalid_feed"
    public = "the feed cannot be read; the log knows by X-Query-Id"


class InvalidRule(InvalidInput):
    code = "invalid_rule"


class InvalidApiKey(InvalidInput):
    """Says why a key cannot be made: commands only."""

    public = "the key cannot be used; the log knows by X-Query-Id"


class InvalidVector(InvalidInput):
    code = "invalid_vector"


class NotFound(VisualSearchError):
    code = "not_found"
    public: ClassVar[str | None] = None


class ProductNotFound(NotFound):
    code = "product_not_found"


class PhotoNotFound(NotFound):
    code = "photo_not_found"


class RuleNotFound(NotFound):
    code = "rule_not_found"


class ApiKeyNotFound(NotFound):
    code = "key_not_found"


class SpaceNotFound(NotFound):
    code = "model_not_found"


class Conflict(VisualSearchError):
    code = "conflict"
    public: ClassVar[str | None] = "this cannot be done as things are now; the log knows by X-Query-Id"


class ProductNotEmbedded(Conflict):
    code = "product_not_embedded"
    public = None


class WriteConflict(Conflict):
    code = "write_conflict"
    public = "somebody else wrote at the same moment: try again"


class RefusedChange(Conflict):
    code = "refused_change"


class Unavailable(VisualSearchError):
    code = "unavailable"
    public: ClassVar[str | None] = "the catalogue cannot be asked at the moment; try again after Retry-After seconds"


class NoCatalogue(Unavailable):
    public = "there is no catalogue yet; try again after Retry-After seconds"


class WriteBlocked(Unavailable):
    code = "write_blocked"
    public = "the catalogue takes no writes at the moment; try again after Retry-After seconds"


class DeadlineExceeded(Unavailable):
    public = "the catalogue did not answer in time; try again after Retry-After seconds"
