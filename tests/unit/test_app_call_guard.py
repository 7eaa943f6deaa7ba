"""The breaker and the clock around each request to Elasticsearch, below what is remembered of the index."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, ConnectionError, HttpHeaders, NodeConfig, ObjectApiResponse

from app.http.errors import CircuitOpen
from app.index.breaker import CircuitBreaker
from app.index.call_guard import CallGuard
from catalog.domain.merchandising_rules import parse
from catalog.elastic import Catalogue, connect, ttl_cache
from catalog.errors import Unavailable, VisualSearchError
from catalog.ports import CallKind
from catalog.search.search_types import BrowseQuery
from catalog.settings import CatalogSettings

NODE = NodeConfig("http", "127.0.0.1", 9)
META = ApiResponseMeta(200, "1.1", HttpHeaders(), 0.001, NODE)
SHARDS = {"total": 1, "successful": 1, "failed": 0}
FOUND = {"responses": [{"_shards": SHARDS, "took": 1, "hits": {"total": {"value": 0}, "hits": []}}]}
MAPPING = {
    "products-000001": {
        "mappings": {"properties": {"embedding": {"properties": {}}}},
        "settings": {"index": {"number_of_shards": "1"}},
    }
}
RULE = parse({"id": "r", "action": "hide", "target": {"ids": ["p-1"]}})


class Server:
    """Answers the client's requests from memory, or is away."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.down = False

    def __call__(self, method: str, path: str, **_: Any) -> ObjectApiResponse[Any]:
        self.paths.append(path)
        if self.down:
            raise ConnectionError("refused")
        if path.endswith("/_mget"):
            return ObjectApiResponse({"docs": []}, META)
        return ObjectApiResponse(MAPPING if path == "/products" else FOUND, META)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def index(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalogue]:
    found = connect(CatalogSettings(elasticsearch_url=("http://127.0.0.1:9",), elasticsearch_untested="allow"))
    monkeypatch.setattr(found.client, "perform_request", server)
    monkeypatch.setattr(found.client.indices, "perform_request", server)
    yield found
    found.client.close()


def ask(call: Callable[[], Any], times: int) -> list[type[VisualSearchError]]:
    kinds = []
    for _ in range(times):
        with pytest.raises(Unavailable) as error:
            call()
        kinds.append(error.type)
    return kinds


def test_every_request_is_timed_and_reads_alone_pass_the_breaker(index: Catalogue, server: Server) -> None:
    breaker, seconds = CircuitBreaker(pause=60.0), list[float]()
    index.observe(CallGuard(breaker, seconds.append))
    assert index.products.read("p-1") is None
    assert len(seconds) == len(server.paths) == 2 and seconds[0] > 0  # by its id, then by SKU
    server.down = True
    ask(lambda: index.rules.put(RULE), 5)
    assert not breaker.is_open, "a write that fails says nothing about reads"
    assert index.rules.get_rulebook().warnings, "rules may be lost"
    assert not breaker.is_open
    assert ask(lambda: index.products.read("p-1"), 4) == [Unavailable] * 3 + [CircuitOpen]
    sent = len(server.paths)
    assert ask(lambda: index.products.read("p-1"), 1) == [CircuitOpen]
    assert len(server.paths) == sent, "nobody waits for a server that is away"
    assert len(seconds) >= sent


def test_a_probe_is_sent_though_the_breaker_is_open_and_closes_it(index: Catalogue, server: Server) -> None:
    breaker = CircuitBreaker(threshold=1, pause=60.0)
    index.observe(CallGuard(breaker, lambda _: None))
    server.down = True
    ask(index.status.ping, 2)
    assert ask(lambda: index.products.read("p-1"), 1) == [CircuitOpen]
    server.down = False
    index.status.ping()
    assert index.products.read("p-1") is None


def test_what_is_remembered_is_served_while_the_breaker_is_open(
    index: Catalogue, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaker = CircuitBreaker(threshold=1, pause=60.0)
    index.observe(CallGuard(breaker, lambda _: None))
    known = index.spaces.get_all(), index.promotions.get_promoted(), index.rules.get_rulebook()
    server.down = True
    ask(lambda: index.browsing.search(BrowseQuery()), 2)
    assert breaker.is_open
    monkeypatch.setattr(ttl_cache, "FRESH", 0.0)  # all of it is too old
    assert (index.spaces.get_all(), index.promotions.get_promoted(), index.rules.get_rulebook()) == known


def test_kinds_of_requests_are_those_of_the_stores(index: Catalogue) -> None:
    kinds: list[CallKind] = []
    guard = CallGuard(CircuitBreaker(), lambda _: None)

    def note(kind: CallKind) -> Any:
        kinds.append(kind)
        return guard(kind)

    index.observe(note)
    index.status.ping()
    index.products.read("p-1")
    index.promotions.get_promoted()
    index.rules.get_rulebook()
    index.rules.read_all()
    index.rules.delete("r")
    assert kinds == ["probe", "read", "read", "optional", "optional", "read", "write"]
