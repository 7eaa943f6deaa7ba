"""Who may write through the API: the one place that is asked, before the body of a request is even read."""

from collections.abc import Callable
from functools import wraps
from typing import Literal, ParamSpec, TypeVar

from app.context import context
from app.http.errors import WritesNotAllowed

P = ParamSpec("P")
T = TypeVar("T")
Scope = Literal["catalog", "admin"]  # what a key will have to allow: the shop's data, or how the service works


def needs(scope: Scope) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Wraps a view that only those with `scope` may use; it raises WritesNotAllowed for all others.

    There are no keys yet, so nobody has a scope: anybody may write where ALLOW_ANONYMOUS_WRITES says so, else nobody.
    It stands right below the route, above what reads parameters and body.
    """

    def guard(view: Callable[P, T]) -> Callable[P, T]:
        @wraps(view)
        def call_if_allowed(*args: P.args, **kwargs: P.kwargs) -> T:
            if not context().settings.allow_anonymous_writes:
                raise WritesNotAllowed(
                    "writing is not allowed here: this service takes no writes from anonymous callers",
                    scope=scope,
                    setting="ALLOW_ANONYMOUS_WRITES",
                )
            return view(*args, **kwargs)

        return call_if_allowed

    return guard
