"""Locust users of the API: filtered similar products by id, searches, some browsing; every body is checked.

By hand, with locust's own page: `locust -f loadtest/locustfile.py --host http://127.0.0.1:8000`.
"""

import itertools
import logging
import random
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import gevent
import locust.stats
import orjson
import requests
from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.contrib.fasthttp import FastHttpUser, ResponseContextManager
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import WorkerRunner
from locust.stats import StatsEntry

from loadtest import checks
from loadtest.questions import LIMITS, SORTS, CatalogueSample, build_currency_filter, draw_filter, to_parameters

log = logging.getLogger("loadtest")
PAGE = 100
EVERYTHING = ("fields", "*")  # what checks look at
SAMPLE = CatalogueSample()
counts = {"requests": 0}
users = itertools.count()
locust.stats.PERCENTILES_TO_STATISTICS = [0.5, 0.95, 0.99]  # what `StatsEntry.to_dict` has


def read_products(host: str, wanted: int) -> list[dict[str, Any]]:
    """Reads up to `wanted` products of the catalogue page by page; done before the load starts."""
    found: list[dict[str, Any]] = []
    with requests.Session() as session:
        session.trust_env = False
        for offset in range(0, wanted, PAGE):
            page: dict[str, str | int] = {"fields": "*", "limit": PAGE, "offset": offset}
            answer = session.get(f"{host}/v1/products", params=page, timeout=30)
            answer.raise_for_status()
            hits = answer.json()["hits"]
            found += [{**hit["product"], "id": hit["id"]} for hit in hits]
            if len(hits) < PAGE:
                break
    return found


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _add_arguments(parser: LocustArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=0, help="the same seed asks the same questions")
    parser.add_argument("--max-requests", type=int, default=1_000_000, help="stop after so many")
    parser.add_argument("--ids", type=int, default=1000, help="how many products of the catalogue to ask about")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds a user waits between questions")
    parser.add_argument("--statistics", default="", help="file for the exact figures at the end, as JSON")


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _read_sample(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    counts["requests"] = 0
    try:
        found = CatalogueSample.from_products(read_products(str(environment.host).rstrip("/"), options.ids))
    except (requests.RequestException, KeyError, ValueError) as error:
        _give_up(environment, f"cannot read GET /v1/products of {environment.host}: {error}")
        return
    SAMPLE.ids, SAMPLE.words, SAMPLE.prices = found.ids, found.words, found.prices
    if not SAMPLE.ids:
        _give_up(environment, f"the catalogue of {environment.host} is empty: there is nothing to ask about")


def _give_up(environment: Environment, message: str) -> None:
    if environment.process_exit_code is None:  # the first reason is the one
        log.error(message)
    environment.process_exit_code = 2
    if environment.runner is not None and not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(environment.runner.quit)  # a user that waits for its own end hangs


@events.request.add_listener  # type: ignore[untyped-decorator]
def _count(**_: Any) -> None:
    counts["requests"] += 1


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _write_statistics(environment: Environment, **_: Any) -> None:
    """Writes locust's figures as they stand at the end: its own CSV lags by up to 5 s, its JSON has no failures."""
    options: Any = environment.parsed_options
    stats, crashes = environment.stats, environment.runner.exceptions.values() if environment.runner else ()
    failures = [(f"{one.method} {one.name}", one.error, one.occurrences) for one in stats.errors.values()]
    failures += [("the user's code", crash["msg"], crash["count"]) for crash in crashes]
    entries = sorted(stats.entries.values(), key=lambda entry: (entry.method, entry.name))
    body = {
        "total": _to_dict(stats.total, "all"),
        "lines": [_to_dict(entry, f"{entry.method} {entry.name}") for entry in entries],
        "failures": [{"name": name, "error": str(error), "occurrences": times} for name, error, times in failures],
    }
    if options.statistics:
        Path(options.statistics).write_bytes(orjson.dumps(body))


def _to_dict(entry: StatsEntry, name: str) -> dict[str, Any]:
    return {**entry.to_dict(), "name": name, "max_response_time": entry.max_response_time}  # its own is rounded


class Shopper(FastHttpUser):
    """Shopper who looks at a product, narrows, looks again."""

    connection_timeout = 10.0
    network_timeout = 30.0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        options: Any = environment.parsed_options
        self.rng = random.Random(f"{options.seed}-{next(users)}")  # noqa: S311
        self.most = options.max_requests
        self.pause: float = options.pause

    def wait_time(self) -> float:
        """Returns the seconds between two questions of this user."""
        return self.pause

    def pick_id(self) -> str:
        """Returns an id to ask about; ends this user when the test has asked enough."""
        if not SAMPLE.ids:
            _give_up(self.environment, "no product that was asked about has an embedding: run `python -m etl run`")
            raise StopUser
        if counts["requests"] >= self.most:
            if self.environment.runner is not None:
                gevent.spawn(self.environment.runner.quit)  # a user that waits for its own end hangs
            raise StopUser
        return self.rng.choice(SAMPLE.ids)

    @task(6)
    def find_similar(self) -> None:
        """Asks by GET with an id and random filters."""
        product_id, limit = self.pick_id(), self.rng.choice(LIMITS)
        filter_ = draw_filter(SAMPLE, self.rng)
        query = urlencode([*to_parameters(filter_), ("limit", str(limit)), EVERYTHING])
        path = f"/v1/products/{quote(product_id, safe='')}/similar?{query}"
        with self.client.get(path, name="/v1/products/{id}/similar", catch_response=True) as answer:
            self.judge(answer, product_id, limit, filter_)

    @task(3)
    def search(self) -> None:
        """Asks by POST with an id and random filters."""
        product_id, limit = self.pick_id(), self.rng.choice(LIMITS)
        filter_ = draw_filter(SAMPLE, self.rng)
        question = {"query": {"product_id": product_id}, "filter": filter_, "limit": limit, "fields": ["*"]}
        body = orjson.dumps(question).decode()
        headers = {"Content-Type": "application/json"}
        with self.client.post("/v1/search", data=body, headers=headers, catch_response=True) as answer:
            self.judge(answer, product_id, limit, filter_)

    @task(1)
    def browse(self) -> None:
        """Asks for a sorted page of the catalogue with random filters."""
        self.pick_id()
        limit, sort = self.rng.choice(LIMITS), self.rng.choice(SORTS)
        filter_ = draw_filter(SAMPLE, self.rng) | (build_currency_filter(SAMPLE) if "price" in sort else {})
        asked = [*to_parameters(filter_), ("limit", str(limit)), ("sort", sort), EVERYTHING]
        query = urlencode(asked)
        with self.client.get(f"/v1/products?{query}", name="/v1/products", catch_response=True) as answer:
            body = checks.parse_object(answer.content)
            record_result(answer, describe_refusal(answer) or checks.check_page(body, limit, filter_, sort))

    def judge(self, answer: ResponseContextManager, product_id: str, limit: int, filter_: dict[str, Any]) -> None:
        """Counts the answer as right or as a failure; a product without an embedding is no failure of the API."""
        body = checks.parse_object(answer.content)
        if answer.status_code == 409 and (body or {}).get("code") == "product_not_embedded":
            SAMPLE.remove(product_id)
            record_result(answer, None)
        else:
            record_result(answer, describe_refusal(answer) or checks.check_similar(body, limit, filter_, product_id))


def describe_refusal(answer: ResponseContextManager) -> str | None:
    """Returns what is wrong with an answer whose status is not 200; None for 200."""
    if answer.status_code == 200:
        return None
    code = (checks.parse_object(answer.content) or {}).get("code", "")
    if not answer.status_code:
        error = getattr(answer, "error", None)  # only on an answer that never came
        return f"no answer: {type(error).__name__}: {error}"
    return f"status {answer.status_code} {code}".strip()


def record_result(answer: ResponseContextManager, wrong: str | None) -> None:
    """Counts the answer as right, or as a failure that says what is wrong."""
    if wrong is None:
        answer.success()  # type: ignore[no-untyped-call]
    else:
        answer.failure(wrong)  # type: ignore[no-untyped-call]
