"""A server of a major version that was never tried is refused, unless the operator takes the risk."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from catalog.elastic import Catalogue, connect
from catalog.errors import InvalidInput, Unavailable
from catalog.settings import CatalogSettings

Reply = tuple[int, object]


@contextmanager
def server(replies: Callable[[str], Reply]) -> Iterator[tuple[str, list[str]]]:
    """A server on a free port that answers paths by `replies`; gives its address and the paths it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.append(self.path.partition("?")[0])
            self.rfile.read(int(self.headers.get("content-length", 0)))
            status, body = replies(asked[-1])
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("x-elastic-product", "Elasticsearch")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *args: object) -> None:
            pass

    found = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=found.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{found.server_port}", asked
    finally:
        found.shutdown()
        found.server_close()


def of_version(version: str) -> Callable[[str], Reply]:
    hits = {"took": 1, "_shards": {"failed": 0}, "hits": {"hits": []}}
    return lambda path: (200, {"version": {"number": version}} if path == "/" else hits)


def only_nodes_tell(version: str) -> Callable[[str], Reply]:
    nodes = {"nodes": {"abc": {"version": version}}}
    hidden: Reply = (405, {"error": "Incorrect HTTP method for uri [/]", "status": 405})
    return lambda path: {"/": hidden, "/_nodes/_local": (200, nodes)}.get(path, of_version("")(path))


def secret(path: str) -> Reply:
    forbidden = {"error": {"type": "security_exception", "reason": "no"}, "status": 403}
    return (403, forbidden) if path == "/" or path.startswith("/_nodes") else of_version("")(path)


def opened(url: str, **changes: object) -> Catalogue:
    return connect(CatalogSettings.model_validate({"elasticsearch_url": url, **changes}))


@pytest.mark.parametrize("replies", [of_version("10.1.0"), only_nodes_tell("10.1.0"), of_version("7.17.9")])
def test_an_untested_major_is_refused_with_what_to_do(replies: Callable[[str], Reply]) -> None:
    with server(replies) as (url, asked):
        index = opened(url)
        for _ in range(2):
            with pytest.raises(Unavailable, match=r"knows 8 and 9; .*ELASTICSEARCH_UNTESTED=allow"):
                index.status.ping()
        assert not any("_search" in path for path in asked)


def test_the_operator_can_take_the_risk() -> None:
    with server(of_version("10.1.0")) as (url, asked):
        opened(url, elasticsearch_untested="allow").status.ping()
        assert [path for path in asked if "_search" not in path] == []


@pytest.mark.parametrize("replies", [of_version("8.19.21"), only_nodes_tell("9.2.0"), secret])
def test_a_tested_server_or_one_that_does_not_tell_is_asked_once(replies: Callable[[str], Reply]) -> None:
    with server(replies) as (url, asked):
        index = opened(url)
        for _ in range(3):
            index.status.ping()
        index.client.options(request_timeout=5).search(index="products")
        assert asked.count("/_nodes/_local") == 1
        assert asked.count("/") <= 1
        assert sum("_search" in path for path in asked) == 4


def test_the_setting_takes_two_words() -> None:
    assert CatalogSettings.load({"ELASTICSEARCH_UNTESTED": "allow"}).elasticsearch_untested == "allow"
    with pytest.raises(InvalidInput, match="ELASTICSEARCH_UNTESTED"):
        CatalogSettings.load({"ELASTICSEARCH_UNTESTED": "yes"})


def test_a_server_without_its_root_is_not_taken_for_a_dead_node(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", "elastic_transport"), server(only_nodes_tell("8.19.21")) as (url, asked):
        opened(url).status.ping()
    assert asked[0] == "/_nodes/_local"
    assert [each.getMessage() for each in caplog.records] == []
