"""Reads a server's health over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from engine.cluster.nodes import LOOPBACK
from engine.cluster.security import Access
from engine.cluster.state import EngineState
from engine.errors import Unreachable

TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Credentials:
    auth: tuple[str, str] | None = None
    verify: str | bool = True

    @classmethod
    def of(cls, state: EngineState) -> Credentials:
        if not state.security:
            return cls()
        access = Access.at(state.data)
        return cls(("admin", access.read_passwords()["admin"]), str(access.ca))


def get_json(url: str, path: str, credentials: Credentials = Credentials()) -> Any:
    """Returns the JSON answer. Raises Unreachable with one line that says why there is none."""
    with requests.Session() as session:
        # Our own server: proxies would lead the request astray, ~/.netrc would replace our user.
        session.trust_env = LOOPBACK not in url
        try:
            answer = session.get(url + path, auth=credentials.auth, verify=credentials.verify, timeout=TIMEOUT_S)
            answer.raise_for_status()
            return answer.json()
        except (requests.RequestException, ValueError) as error:
            raise Unreachable(f"{_hide_password(url)} does not answer {path}: {error}") from error


def read_cluster_health(url: str, credentials: Credentials = Credentials()) -> dict[str, Any]:
    """Returns the body of `_cluster/health`. Raises Unreachable."""
    return dict(get_json(url, "/_cluster/health?timeout=1s", credentials))


def read_first_reachable(urls: Sequence[str]) -> dict[str, Any]:
    """Returns the health from the first server of a list that answers. Raises Unreachable (of the last one)."""
    failure = Unreachable("no server is named")
    for url in urls:
        try:
            return read_cluster_health(url.rstrip("/"))
        except Unreachable as error:
            failure = error
    raise failure


def read_simd_bits(log: Path) -> str | None:
    """Returns the width in bits that Lucene reports for its vector instructions, None where it runs without.

    Source: Lucene's PanamaVectorizationProvider, which logs `uses preferredBitSize=…` once at start.
    """
    mark = "preferredBitSize="
    try:
        lines = [line for line in log.read_text("utf-8", "replace").splitlines() if mark in line]
    except OSError:
        return None
    return lines[-1].split(mark)[1].split(";")[0].strip() if lines else None


def _hide_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if rest else LOOPBACK
