"""Errors of callers who may not, or not now. None of them names a key: `detail.key` is the part that is no secret.

AccessDenied
├── KeyRefused               a key that allows nothing; 401
│   └── KeyRequired          no key where one is needed; 401
├── ScopeLacking             a good key, and not for this; 403
└── RateLimited              a good key, used too often; 429
"""

from typing import Any

from catalog.domain.api_keys import Scope
from catalog.errors import VisualSearchError

REALM = 'Bearer realm="visual-search"'


class AccessDenied(VisualSearchError):
    """`challenge` is the answer's header WWW-Authenticate (RFC 6750, section 3); empty where no key would help."""

    code = "access_denied"
    public = None
    challenge = ""


class KeyRefused(AccessDenied):
    """`reason` is `malformed`, `unknown`, `expired` or `revoked`; who does not know the key learns no more."""

    code = "invalid_key"
    challenge = f'{REALM}, error="invalid_token"'

    def __init__(self, message: str, reason: str, **detail: Any) -> None:
        super().__init__(message, reason=reason, **detail)


class KeyRequired(KeyRefused):
    code = "key_required"
    challenge = REALM

    def __init__(self, scope: Scope) -> None:
        message = f"this needs an API key with the scope {scope}: send it as `Authorization: Bearer KEY`"
        super().__init__(message, "missing", scope=scope)


class ScopeLacking(AccessDenied):
    code = "scope_lacking"

    def __init__(self, key: str, scope: Scope) -> None:
        super().__init__(f"the key {key} lacks the scope {scope}, which this needs", key=key, scope=scope)
        self.challenge = f'{REALM}, error="insufficient_scope", scope="{scope}"'


class RateLimited(AccessDenied):
    """`retry_after` is in seconds."""

    code = "rate_limited"

    def __init__(self, key: str, rate: str, retry_after: float) -> None:
        super().__init__(f"the key {key} is used more often than its {rate}: slow down", key=key, rate=rate)
        self.retry_after = retry_after
