"""Elasticsearch client that works only with versions on which this project has been tried."""

import re
from typing import Any, ClassVar
from weakref import WeakSet

from elasticsearch import ApiError, Elasticsearch

from catalog.errors import Unavailable

# 8.19.21 is what the tests run on; 9.2.0, whose new indices keep vectors out of `_source`, passed them as well.
TESTED_MAJORS = (8, 9)
# Where a server tells its version: the first needs the cluster privilege `monitor`, the second is missing in the
# local engine, whose 405 the client would take for a dead node's answer and warn.
PLACES: tuple[tuple[str, dict[str, str]], ...] = (("/_nodes/_local", {"filter_path": "nodes.*.version"}), ("/", {}))


class TestedElasticsearch(Elasticsearch):
    """Asks the server for its version before the first request of a process over this pool of connections.

    Raises Unavailable for a major version that is not in TESTED_MAJORS. A server that does not tell, or not to this
    user, is let through.
    """

    __test__ = False  # pytest takes it for a test by its name
    _accepted: ClassVar[WeakSet[Any]] = WeakSet()  # pools of connections; `options()` makes clients over the same one

    def perform_request(self, *args: Any, **options: Any) -> Any:
        """Sends a request as Elasticsearch.perform_request does."""
        if self.transport not in self._accepted:
            self._check()
            self._accepted.add(self.transport)
        return super().perform_request(*args, **options)

    def _check(self) -> None:
        version = next(filter(None, (self._told_at(path, params) for path, params in PLACES)), "")
        if version and int(version.split(".")[0]) not in TESTED_MAJORS:
            tested = " and ".join(map(str, TESTED_MAJORS))
            raise Unavailable(
                f"Elasticsearch {version} has not been tried with this project, which knows {tested}; use one of "
                "those, or set ELASTICSEARCH_UNTESTED=allow to take the risk (make a snapshot first)"
            )

    def _told_at(self, path: str, params: dict[str, str]) -> str:
        try:
            answer = super().perform_request("GET", path, params=params, headers={"accept": "application/json"})
        except ApiError:  # no such path, or not for this user: what is really asked for will tell
            return ""
        body: Any = answer.body
        if not isinstance(body, dict):
            return ""
        told: Any = body.get("version") or [node.get("version") for node in body.get("nodes", {}).values()][:1]
        number = str(told.get("number") if isinstance(told, dict) else "".join(told))
        return number if re.match(r"\d+\.", number) else ""
