"""The few requests to Elasticsearch that loading needs, as plain HTTP."""

from collections.abc import Sequence
from typing import Any

import orjson
import requests

from loadtest.errors import LoadFailed, Unreachable
from loadtest.settings import LoadtestSettings

TIMEOUT = (5, 300)  # seconds to connect, to answer: a forced refresh of a big index takes its time


class Cluster:
    """One Elasticsearch; every method raises Unreachable or LoadFailed."""

    def __init__(self, url: str, settings: LoadtestSettings) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy would be another machine
        if settings.elasticsearch_user:
            self._session.auth = (settings.elasticsearch_user, settings.elasticsearch_password)
        if settings.elasticsearch_ca:
            self._session.verify = settings.elasticsearch_ca

    def close(self) -> None:
        self._session.close()

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The parsed answer; raises LoadFailed with Elasticsearch's reason for a refusal."""
        status, answer = self._send(method, path, None if body is None else orjson.dumps(body))
        if status >= 400:
            raise LoadFailed(f"Elasticsearch answered {status} to {method} /{path}: {reason(answer)}")
        return answer

    def find(self, path: str) -> Any:
        """The parsed answer of a GET, None where there is no such thing."""
        status, answer = self._send("GET", path, None)
        if status == 404:
            return None
        if status >= 400:
            raise LoadFailed(f"Elasticsearch answered {status} to GET /{path}: {reason(answer)}")
        return answer

    def bulk(self, index: str, lines: Sequence[bytes]) -> list[dict[str, Any]]:
        """The result of every item; raises LoadFailed where the request as a whole was refused, except for 429."""
        status, answer = self._send("POST", f"{index}/_bulk", b"\n".join(lines) + b"\n")
        if status == 429:
            return [{"status": 429} for _ in lines[::2]]
        if status >= 400:
            raise LoadFailed(f"Elasticsearch answered {status} to a bulk request: {reason(answer)}")
        return [next(iter(item.values())) for item in answer["items"]]

    def _send(self, method: str, path: str, data: bytes | None) -> tuple[int, Any]:
        kind = "application/x-ndjson" if path.endswith("/_bulk") else "application/json"
        try:
            answer = self._session.request(
                method, f"{self.url}/{path}", data=data, headers={"Content-Type": kind}, timeout=TIMEOUT
            )
        except requests.RequestException as error:
            raise Unreachable(
                f"Elasticsearch does not answer at {self.url} ({type(error).__name__}): start it with "
                "`python -m engine start`, or set ELASTICSEARCH_URL"
            ) from error
        try:
            return answer.status_code, orjson.loads(answer.content) if answer.content else {}
        except orjson.JSONDecodeError as error:
            raise Unreachable(f"what answers at {self.url} is no Elasticsearch") from error


def reason(answer: Any) -> str:
    """Why a request or an item was refused, in Elasticsearch's words."""
    error = answer.get("error", answer) if isinstance(answer, dict) else answer
    if isinstance(error, dict):
        cause = error.get("caused_by") or {}
        return ": ".join(str(part) for part in (error.get("reason"), cause.get("reason")) if part) or str(error)
    return str(error)
