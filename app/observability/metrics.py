"""Counters for Prometheus; under gunicorn those of all processes are added up."""

from flask import Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

BUCKETS = (
    0.002,
    0.005,
    0.01,
    0.02,
    0.03,
    0.05,
    0.075,
    0.1,
    0.15,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
)  # seconds; 0.1 is the goal
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")

REQUESTS = Counter("visual_search_requests", "Requests answered", ["endpoint", "method", "status"])
SECONDS = Histogram("visual_search_request_seconds", "Time to answer", ["endpoint"], buckets=BUCKETS)
INDEX_SECONDS = Histogram(
    "visual_search_index_seconds", "Part of it spent waiting for Elasticsearch", ["endpoint"], buckets=BUCKETS
)
PLANS = Counter("visual_search_plans", "Similar queries by the strategy that ran", ["strategy"])
BREAKER = Gauge(
    "visual_search_breaker_open", "Processes that refuse to ask Elasticsearch", multiprocess_mode="livesum"
)


def count(request: Request, response: Response, seconds: float, index_seconds: float) -> None:
    """One answered request; a path that no route matches is counted as endpoint `none`."""
    endpoint = request.endpoint or "none"
    method = request.method if request.method in METHODS else "other"
    REQUESTS.labels(endpoint, method, str(response.status_code)).inc()
    SECONDS.labels(endpoint).observe(seconds)
    if index_seconds:
        INDEX_SECONDS.labels(endpoint).observe(index_seconds)


def exposition(folder: str) -> Response:
    """All counters as text; with a folder those that the processes left there."""
    registry = REGISTRY
    if folder:
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
