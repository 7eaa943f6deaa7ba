"""Liveness, readiness, the breaker and the counters, with Elasticsearch up, down and back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import ClassVar, TypeVar

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from app.http.errors import CircuitOpen
from app.index.breaker import CircuitBreaker
from app.observability.lifecycle import Draining, Readiness
from catalog import deadline
from catalog.domain.embedding_space import Space
from catalog.domain.records import Outcome, StoredProduct
from catalog.errors import DeadlineExceeded, ProductNotFound, Unavailable
from catalog.ports import CallKind
from tests.fake_stores import FakeProducts, FakeSpaces
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import SPACE, client_of, shop

T = TypeVar("T")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def down() -> str:
    raise Unavailable("Elasticsearch does not answer")


def call(breaker: CircuitBreaker, ask: Callable[[], T]) -> T:
    with breaker.guard():
        return ask()


def test_the_breaker_opens_after_failures_in_a_row_and_refuses_without_asking() -> None:
    breaker = CircuitBreaker(threshold=3, pause=1.0, clock=Clock())
    for _ in range(3):
        with pytest.raises(Unavailable):
            call(breaker, down)
    asked = []
    with pytest.raises(CircuitOpen, match="does not answer") as refused:
        call(breaker, lambda: asked.append(1))
    assert asked == [] and refused.value.retry_after == pytest.approx(1.0)


def test_the_breaker_lets_one_through_per_pause_and_closes_by_itself() -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=1, pause=1.0, clock=clock)
    with pytest.raises(Unavailable):
        call(breaker, down)
    clock.now += 1.01
    asked = []

    def slow_probe() -> str:
        with pytest.raises(CircuitOpen):  # somebody else, meanwhile
            call(breaker, lambda: asked.append(1))
        return "back"

    assert call(breaker, slow_probe) == "back"
    assert asked == [] and not breaker.is_open
    assert call(breaker, lambda: "again") == "again"


def test_a_failed_probe_keeps_the_breaker_open() -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=1, pause=1.0, clock=clock)
    for _ in range(3):
        with pytest.raises(Unavailable) as error:
            call(breaker, down)
        assert not isinstance(error.value, CircuitOpen)
        with pytest.raises(CircuitOpen):
            call(breaker, down)
        clock.now += 1.01


def test_only_unavailable_counts_and_a_success_forgets() -> None:
    breaker = CircuitBreaker(threshold=2)

    def missing() -> None:
        raise ProductNotFound("none")

    for _ in range(5):
        with pytest.raises(ProductNotFound):
            call(breaker, missing)
    for _ in range(5):
        with pytest.raises(Unavailable):
            call(breaker, down)
        call(breaker, lambda: None)
    assert not breaker.is_open


def test_threads_are_not_all_made_to_wait_for_a_dead_server() -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=1, pause=1.0, clock=clock)
    with pytest.raises(Unavailable):
        call(breaker, down)
    clock.now += 2
    asked: list[int] = []
    refused: list[int] = []

    def count_and_fail() -> None:
        asked.append(1)
        down()

    def ask() -> None:
        try:
            call(breaker, count_and_fail)
        except CircuitOpen:
            refused.append(1)
        except Unavailable:
            pass

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1 and len(refused) == 7


def test_down_is_503_with_retry_after_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = shop()
    client = client_of(catalogue, public_status=True)
    catalogue.down = True
    for path in ["/v1/products/p-1/similar", "/v1/products", "/v1/products/p-1", "/v1/catalog/status"] * 2:
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
        assert "cannot be asked at the moment" in answer.get_json()["message"]
    assert client.get("/healthz").status_code == 200
    catalogue.down = False
    assert client.get("/v1/products/p-1").status_code == 503  # still open
    later = time.monotonic() + 2
    monkeypatch.setattr(catalogue.observer.breaker, "_clock", lambda: later)
    assert client.get("/v1/products/p-1").status_code == 200
    assert client.get("/v1/products/p-1/similar").status_code == 200


def test_liveness_never_asks_elasticsearch() -> None:
    class Untouchable(FakeCatalogue):
        def check(self, kind: CallKind = "read") -> None:
            raise AssertionError("it was asked")

    answer = client_of(Untouchable()).get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_readiness_needs_a_first_answer_then_tolerates_some_failures() -> None:
    catalogue = FakeCatalogue()
    client = client_of(catalogue)
    catalogue.down = True
    assert client.get("/readyz").status_code == 503
    catalogue.down = False
    assert client.get("/readyz").get_json() == {"status": "ready", "failures": 0}
    catalogue.down = True
    assert [client.get("/readyz").status_code for _ in range(4)] == [200, 200, 503, 503]
    catalogue.down = False
    assert client.get("/readyz").status_code == 200


def test_a_readiness_probe_closes_the_breaker() -> None:
    catalogue = shop()
    client = client_of(catalogue)
    catalogue.down = True
    for _ in range(4):
        client.get("/v1/products")
    catalogue.down = False
    assert client.get("/v1/products").status_code == 503
    assert client.get("/readyz").status_code == 200
    assert client.get("/v1/products").status_code == 200


def test_leaving_is_not_ready() -> None:
    leaving = Draining()
    readiness = Readiness(lambda: None, leaving)
    assert readiness.probe() == 0
    leaving.begin()
    with pytest.raises(Unavailable, match="shutting down"):
        readiness.probe()


def test_metrics_count_answers_by_route_and_not_by_path() -> None:
    client = client_of(shop(), public_status=True)
    client.get("/v1/products/p-1")
    client.get("/v1/products/p-2/similar")
    client.get("/no/such/path")
    text = client.get("/metrics").get_data(as_text=True)
    assert 'visual_search_requests_total{endpoint="products.product",method="GET",status="200"}' in text
    assert 'visual_search_requests_total{endpoint="none",method="GET",status="404"}' in text
    assert 'visual_search_plans_total{strategy="exact"}' in text
    assert 'visual_search_request_seconds_bucket{endpoint="search.similar",le="0.1"}' in text
    assert "p-1" not in text


FIGURES = ("/metrics", "/v1/catalog/status")
HEALTH = {"base_url": "http://localhost:8001"}


def test_figures_are_not_for_everybody() -> None:
    client = client_of(shop())
    for path in FIGURES:
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "not_public")
        assert "PUBLIC_STATUS" in answer.get_json()["detail"]["hint"]
        assert client_of(shop(), public_status=True).get(path).status_code == 200
    assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200


def test_the_status_names_photos_without_an_embedding() -> None:
    catalogue = shop()
    catalogue.put(catalogue.docs["p-17"] | {"image_url": "file:///srv/photos/17.jpg", "embedding": {}})
    later = datetime(2026, 3, 1, tzinfo=UTC)
    outcomes = [
        Outcome("p-17", "file:///srv/photos/17.jpg", "failed", reason="outside_image_roots"),
        Outcome("p-19", "https://photos.example/19.jpg", "retry", reason="timeout", attempts=2, next_try_at=later),
    ]
    catalogue.embeddings.write_outcomes(SPACE, outcomes)
    client = client_of(catalogue, public_status=True)
    path = "/v1/catalog/status?failures=20"
    first, second = client.get(path).get_json()["failures"]
    assert first["image_url"] is None, "a path of this machine is not for everybody"
    assert second == {
        "space": SPACE.name,
        "product_id": "p-19",
        "image_url": "https://photos.example/19.jpg",
        "status": "retry",
        "reason": "timeout",
        "attempts": 2,
        "next_try_at": "2026-03-01T00:00:00+00:00",
    }
    assert client.get(path, **HEALTH).get_json()["failures"][0]["image_url"] == "file:///srv/photos/17.jpg"
    assert len(client.get("/v1/catalog/status?failures=1").get_json()["failures"]) == 1
    assert client.get("/v1/catalog/status").get_json()["failures"] == []
    assert client.get("/v1/catalog/status").get_json()["spaces"][0]["next_try_at"] == "2026-03-01T00:00:00+00:00"
    assert client.get("/v1/catalog/status?failures=201").status_code == 422


def test_the_health_port_answers_four_paths_and_no_other() -> None:
    client = client_of(shop())
    for path in (*FIGURES, "/healthz", "/readyz"):
        assert client.get(path, **HEALTH).status_code == 200, path
    for path in ("/v1/products", "/", "/openapi.json", "/nowhere"):
        assert client.get(path, **HEALTH).status_code == 404, path
    assert client.get("/healthz", headers={"Host": "evil.example:8001"}, **HEALTH).status_code == 400
    off = client_of(shop(), health_port=0)
    assert off.get("/v1/products", **HEALTH).status_code == 200
    assert off.get("/metrics", **HEALTH).status_code == 403


def test_a_request_without_host_is_refused_unless_all_are_trusted() -> None:
    environ = create_environ("/v1/products")
    del environ["HTTP_HOST"]
    _, status, _ = run_wsgi_app(client_of(shop()).application, dict(environ))
    assert status.startswith("400")
    _, status, _ = run_wsgi_app(client_of(shop(), trusted_hosts="*").application, dict(environ))
    assert status.startswith("200")


def test_one_question_has_one_deadline() -> None:
    class Slow(FakeProducts):
        asked: ClassVar[list[float]] = []

        def read(self, product_id: str) -> StoredProduct | None:
            self.asked.append(deadline.get_remaining() or 0)
            raise DeadlineExceeded("too slow")

    catalogue = FakeCatalogue([], [SPACE])
    catalogue.products = Slow(catalogue)
    client = client_of(catalogue, search_timeout=60)
    for _ in range(5):
        assert client.get("/v1/products/p-1").status_code == 503
    assert all(30 < left <= 60 for left in Slow.asked) and len(Slow.asked) == 5  # the breaker let every one through
    assert deadline.get_remaining() is None


def test_the_deadline_of_a_batch_is_that_of_all_its_searches() -> None:
    class Asked(FakeSpaces):
        left: ClassVar[list[float | None]] = []

        def get_all(self) -> Sequence[Space]:
            self.left.append(deadline.get_remaining())
            return super().get_all()

    catalogue = FakeCatalogue([], [SPACE])
    catalogue.spaces = Asked(catalogue)
    client = client_of(catalogue, search_timeout=60)
    client.post("/v1/search/batch", json={"searches": [{"query": {"product_id": "p-1"}}] * 6})
    assert len(Asked.left) >= 6
    assert all(left is not None and 30 < left <= 60 for left in Asked.left)


def test_a_photo_takes_no_time_from_the_index() -> None:
    clock = Clock()
    deadline.start(5, clock)
    clock.now += 2
    with deadline.pause(clock):
        clock.now += 60
    assert deadline.get_remaining(clock) == pytest.approx(3) and deadline.get_current() is not None
    deadline.clear()
    assert deadline.get_remaining(clock) is None
