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
import orjson
import requests
from locust import events, task
from locust.argument_parser import LocustArgumentParser
from locust.contrib.fasthttp import FastHttpUser, ResponseContextManager
from locust.env import Environment
from locust.exception import StopUser
from locust.runners import WorkerRunner

from loadtest import checks
from loadtest.measured import measured
from loadtest.questions import LIMITS, SORTS, Shop, draw_filter, in_currency, parameters

log = logging.getLogger("loadtest")
PAGE = 100
SHOP = Shop()
counted = {"requests": 0}
users = itertools.count()


def browse_ids(host: str, wanted: int) -> list[dict[str, Any]]:
    """Up to `wanted` products of the catalogue, read page by page before the load starts."""
    found: list[dict[str, Any]] = []
    with requests.Session() as session:
        session.trust_env = False
        for offset in range(0, wanted, PAGE):
            answer = session.get(f"{host}/v1/products", params={"limit": PAGE, "offset": offset}, timeout=30)
            answer.raise_for_status()
            hits = answer.json()["hits"]
            found += [{**hit["product"], "id": hit["id"]} for hit in hits]
            if len(hits) < PAGE:
                break
    return found


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
def _arguments(parser: LocustArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=0, help="the same seed asks the same questions")
    parser.add_argument("--max-requests", type=int, default=1_000_000, help="stop after so many")
    parser.add_argument("--ids", type=int, default=1000, help="how many products of the catalogue to ask about")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds a user waits between questions")
    parser.add_argument("--measured", default="", help="file for the exact figures at the end, as JSON")


@events.test_start.add_listener  # type: ignore[untyped-decorator]
def _read_shop(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    counted["requests"] = 0
    try:
        found = Shop.of(browse_ids(str(environment.host).rstrip("/"), options.ids))
    except (requests.RequestException, KeyError, ValueError) as error:
        _give_up(environment, f"cannot read GET /v1/products of {environment.host}: {error}")
        return
    SHOP.ids, SHOP.words, SHOP.prices = found.ids, found.words, found.prices
    if not SHOP.ids:
        _give_up(environment, f"the catalogue of {environment.host} is empty: there is nothing to ask about")


def _give_up(environment: Environment, message: str) -> None:
    if environment.process_exit_code is None:  # the first reason is the one
        log.error(message)
    environment.process_exit_code = 2
    if environment.runner is not None and not isinstance(environment.runner, WorkerRunner):
        gevent.spawn(environment.runner.quit)  # a user that waits for its own end hangs


@events.request.add_listener  # type: ignore[untyped-decorator]
def _count(**_: Any) -> None:
    counted["requests"] += 1


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def _keep(environment: Environment, **_: Any) -> None:
    options: Any = environment.parsed_options
    if options.measured:
        Path(options.measured).write_bytes(orjson.dumps(measured(environment)))


class Shopper(FastHttpUser):
    """Looks at a product, narrows, looks again."""

    connection_timeout = 10.0
    network_timeout = 30.0

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        options: Any = environment.parsed_options
        self.rng = random.Random(f"{options.seed}-{next(users)}")  # noqa: S311
        self.most = options.max_requests
        self.pause: float = options.pause

    def wait_time(self) -> float:
        """Seconds between two questions of this user."""
        return self.pause

    def pick(self) -> str:
        """An id to ask about; ends this user when the test has asked enough."""
        if not SHOP.ids:
            _give_up(self.environment, "no product that was asked about has an embedding: run `python -m etl run`")
            raise StopUser
        if counted["requests"] >= self.most:
            if self.environment.runner is not None:
                gevent.spawn(self.environment.runner.quit)  # a user that waits for its own end hangs
            raise StopUser
        return self.rng.choice(SHOP.ids)

    @task(6)
    def similar(self) -> None:
        """GET by id with random filters."""
        product_id, limit = self.pick(), self.rng.choice(LIMITS)
        filter_ = draw_filter(SHOP, self.rng)
        query = urlencode([*parameters(filter_), ("limit", str(limit))])
        path = f"/v1/products/{quote(product_id, safe='')}/similar?{query}"
        with self.client.get(path, name="GET /v1/products/{id}/similar", catch_response=True) as answer:
            self.judge(answer, product_id, limit, filter_)

    @task(3)
    def search(self) -> None:
        """POST by id with random filters."""
        product_id, limit = self.pick(), self.rng.choice(LIMITS)
        filter_ = draw_filter(SHOP, self.rng)
        body = orjson.dumps({"query": {"product_id": product_id}, "filter": filter_, "limit": limit}).decode()
        headers = {"Content-Type": "application/json"}
        with self.client.post("/v1/search", data=body, headers=headers, catch_response=True) as answer:
            self.judge(answer, product_id, limit, filter_)

    @task(1)
    def browse(self) -> None:
        """A sorted page of the catalogue with random filters."""
        self.pick()
        limit, sort = self.rng.choice(LIMITS), self.rng.choice(SORTS)
        filter_ = draw_filter(SHOP, self.rng) | (in_currency(SHOP) if "price" in sort else {})
        asked = [*parameters(filter_), ("limit", str(limit)), ("sort", sort)]
        query = urlencode(asked)
        with self.client.get(f"/v1/products?{query}", name="GET /v1/products", catch_response=True) as answer:
            body = checks.parse(answer.content)
            mark(answer, refused(answer) or checks.browsed(body, limit, filter_, sort))

    def judge(self, answer: ResponseContextManager, product_id: str, limit: int, filter_: dict[str, Any]) -> None:
        """Count the answer as right or as a failure; a product without an embedding is no failure of the API."""
        body = checks.parse(answer.content)
        if answer.status_code == 409 and (body or {}).get("code") == "product_not_embedded":
            SHOP.forget(product_id)
            mark(answer, None)
        else:
            mark(answer, refused(answer) or checks.similar(body, limit, filter_, product_id))


def refused(answer: ResponseContextManager) -> str | None:
    """What to call an answer whose status is not 200."""
    if answer.status_code == 200:
        return None
    code = (checks.parse(answer.content) or {}).get("code", "")
    if not answer.status_code:
        error = getattr(answer, "error", None)  # only on an answer that never came
        return f"no answer: {type(error).__name__}: {error}"
    return f"status {answer.status_code} {code}".strip()


def mark(answer: ResponseContextManager, wrong: str | None) -> None:
    """Count the answer as right, or as a failure that says what is wrong."""
    if wrong is None:
        answer.success()  # type: ignore[no-untyped-call]
    else:
        answer.failure(wrong)  # type: ignore[no-untyped-call]
