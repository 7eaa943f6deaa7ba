"""API keys against the real Elasticsearch: the commands that make them, and the served API that they open."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from typer.testing import CliRunner

from catalog.commands.keys import app as command
from catalog.domain.api_keys import make_key
from catalog.elastic import Catalogue, connect
from catalog.errors import ApiKeyNotFound, InvalidApiKey, WriteConflict
from catalog.settings import CatalogSettings
from tests.integration.app_proxy import Relay
from tests.integration.app_serving import Server, serving

SIMILAR = "/v1/products/p-1/similar"
HIDE = {"action": "hide", "target": {"ids": ["p-2"]}}


@pytest.fixture
def run(elasticsearch_url: str, index_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs `visual-search keys` in this process."""
    monkeypatch.setenv("ELASTICSEARCH_URL", elasticsearch_url)
    monkeypatch.setenv("INDEX_PREFIX", index_prefix)
    return lambda *words: CliRunner().invoke(command, list(words))


@pytest.fixture
def store(elasticsearch_url: str, index_prefix: str) -> Iterator[Catalogue]:
    found = connect(CatalogSettings(elasticsearch_url=(elasticsearch_url,), index_prefix=index_prefix))
    yield found
    found.client.close()


def test_a_key_is_made_shown_once_listed_and_revoked(run: Any, store: Catalogue) -> None:
    assert "there are no keys" in run("list").stdout
    made = run(
        "create", "feed import", "--scope", "catalog", "--scope", "search", "--expires", "90d", "--rate", "50/s"
    )
    assert made.exit_code == 0, made.output
    key = made.stdout.strip()
    assert "has the scopes catalog, search, until 20" in made.stderr and "cannot be shown again" in made.stderr
    (kept,) = store.api_keys.read_all()
    assert kept.fits(key) and (kept.scopes, kept.rate) == (("catalog", "search"), "50/s")
    assert timedelta(days=89) < (kept.expires_at or datetime.now(UTC)) - datetime.now(UTC) < timedelta(days=91)
    listed = run("list")
    assert key[:11] in listed.stdout and "feed import" in listed.stdout and "active" in listed.stdout
    assert key[12:] not in listed.stdout and kept.hash not in listed.stdout
    as_json = json.loads(run("list", "--json").stdout)["keys"][0]
    assert (as_json["id"], as_json["state"]) == (key[:11], "active") and "hash" not in as_json
    taken = run("create", "feed import", "--scope", "catalog")
    assert taken.exit_code == 2 and "there is a key named 'feed import' already" in taken.stderr
    assert "is revoked" in run("revoke", "feed import").stdout
    assert store.api_keys.read_all()[0].find_fault(datetime.now(UTC)) == "revoked"
    assert run("revoke", key).exit_code == 0  # again, by the whole key: it is what somebody who lost it has at hand
    again = json.loads(run("create", "feed import", "--scope", "catalog", "--json").stdout)
    assert again["key"].startswith(again["id"]) and again["expires_at"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("create", "x", "--scope", "root"), "root"),
        (("create", "x"), "--scope"),
        (("create", "", "--scope", "search"), "name: "),
        (("create", "x", "--scope", "search", "--expires", "soon"), "neither a period"),
        (("create", "x", "--scope", "search", "--expires", "2020-01-01"), "is past"),
        (("create", "x", "--scope", "search", "--rate", "50"), "requests per second, minute or hour"),
        (("revoke", "nobody"), "no key has this id or name"),
    ],
)
def test_what_cannot_be_done_is_said(run: Any, words: tuple[str, ...], said: str) -> None:
    done = run(*words)
    assert done.exit_code == 2 and said in done.stderr, done.output


def test_keys_are_never_written_over(store: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    key, _ = make_key("one", ("search",))
    store.api_keys.add(key)
    with pytest.raises(WriteConflict):
        store.api_keys.add(key.model_copy(update={"name": "other"}))
    with pytest.raises(ApiKeyNotFound):
        store.api_keys.revoke("nosuchid")
    monkeypatch.setattr("catalog.elastic.stores.api_keys.MAX_API_KEYS", 2)
    second, _ = make_key("two", ("search",))
    store.api_keys.add(second)
    with pytest.raises(InvalidApiKey, match="no more are kept"):
        store.api_keys.add(make_key("three", ("search",))[0])
    store.api_keys.revoke(key.id)
    third, _ = make_key("three", ("search",))
    store.api_keys.add(third)  # in the place of the one that allows nothing any more
    assert {each.id for each in store.api_keys.read_all()} == {second.id, third.id}


def test_deleting_the_catalogue_leaves_the_keys(store: Catalogue) -> None:
    store.layout.create()
    key, _ = make_key("one", ("search",))
    store.api_keys.add(key)
    store.layout.drop()
    assert [each.id for each in store.api_keys.read_all()] == [key.id]


class Caller:
    """Asks a server with one key, over a connection of its own each time."""

    def __init__(self, server: Server, key: str) -> None:
        self.server, self.key = server, key

    def get(self, path: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.key}", "Connection": "close"}
        return requests.get(self.server.url + path, headers=headers, timeout=120)

    def wait_for(self, path: str, status: int) -> requests.Response:
        """Returns once every one of a dozen answers has `status`: all processes know it."""
        for _ in range(120):
            answers = [self.get(path) for _ in range(12)]
            if {answer.status_code for answer in answers} == {status}:
                return answers[0]
            time.sleep(0.5)
        raise AssertionError(f"{path} is not {status} everywhere after a minute: {self.server.log}")


def test_the_served_api_limits_rates_over_its_processes_and_outlives_elasticsearch(
    relay: Relay, index_prefix: str, store: Catalogue, tmp_path: Path
) -> None:
    (greedy, greedy_text), (modest, modest_text) = (
        make_key(name, ("search",), rate=rate) for name, rate in (("greedy", "40/h"), ("modest", "10000/s"))
    )
    (brief, brief_text) = make_key("brief", ("search",))
    for key in (greedy, modest, brief):
        store.api_keys.add(key)
    environ = {"API_WORKERS": "3", "PUBLIC_SEARCH": "false", "ACCESS_LOG": "true"}
    with serving(tmp_path, ELASTICSEARCH_URL=relay.url, INDEX_PREFIX=index_prefix, **environ) as server:
        assert server.get(SIMILAR).status_code == 401 and server.get("/readyz").status_code == 200
        good = Caller(server, modest_text)
        assert good.wait_for(SIMILAR, 200).status_code == 200
        _flood(Caller(server, greedy_text), good)
        store.api_keys.revoke(brief.id)
        refused = Caller(server, brief_text).wait_for(SIMILAR, 401)
        assert refused.json()["detail"] == {"reason": "revoked"}
        relay.cut()
        lost = good.wait_for(SIMILAR, 503)  # the key is known; the catalogue is what is lacking
        assert lost.json()["code"] == "unavailable"
        assert Caller(server, make_key("x", ("search",))[1]).get(SIMILAR).status_code == 401
        relay.mend()
        good.wait_for(SIMILAR, 200)
        log = server.log
    assert not [text for text in (greedy_text, modest_text, brief_text) if text[12:] in log]
    assert modest_text[:11] in log


def _flood(greedy: Caller, good: Caller) -> None:
    """Asks far more often than one key may, while another goes on asking."""
    started = time.monotonic()
    with ThreadPoolExecutor(120) as crowd, ThreadPoolExecutor(2) as pool:  # more than may wait for threads
        flood = crowd.map(lambda _: greedy.get("/v1/rules"), range(360))
        others = pool.map(lambda _: good.get("/v1/rules"), range(40))
        answers = list(flood)
        assert {answer.status_code for answer in others} == {200}
    counted = Counter(answer.status_code for answer in answers)
    assert counted.keys() == {200, 429}
    assert 40 <= counted[200] <= 40 + (time.monotonic() - started) / 90  # what comes again meanwhile
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.json()["code"] for answer in refused} == {"rate_limited"}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 90 for answer in refused)
