"""Defines what ends a whole run, unlike the failures of single photos, which are data (`PhotoFailure`).

catalog.errors.VisualSearchError
├── ModelFailed     a model that embeds none of the photos it is given
├── StoreFailed     the vector store cannot be written or read
│   └── BrokenPart  one part holds something else than was written; the run sets it aside and goes on
└── LeaseHeld       another job embeds into the same space
    └── LeaseLost   another job took over from this one, which gave no sign of life
"""

from catalog.errors import VisualSearchError


class ModelFailed(VisualSearchError):
    code = "model_failed"


class StoreFailed(VisualSearchError):
    code = "store_failed"


class BrokenPart(StoreFailed):
    code = "broken_part"


class LeaseHeld(VisualSearchError):
    code = "lease_held"


class LeaseLost(LeaseHeld):
    code = "lease_lost"
