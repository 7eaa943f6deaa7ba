"""For whoever runs the service: liveness, readiness, counters."""

from apiflask import APIBlueprint
from flask import Response

from app.context import context
from app.http.jsons import respond
from app.observability import metrics
from app.schemas.answers import HealthAnswer, ReadyAnswer

bp = APIBlueprint("operations", __name__, tag="operations")


@bp.get("/healthz")
@bp.output(HealthAnswer)
@bp.doc(operation_id="getHealth")
def healthz() -> Response:
    """Alive? Never touches Elasticsearch"""
    return respond({"status": "ok"})


@bp.get("/readyz")
@bp.output(ReadyAnswer)
@bp.doc(operation_id="getReadiness", responses=[503])
def readyz() -> Response:
    """Fit for traffic? A tiny search; a few failures in a row are tolerated, shutting down is not"""
    return respond({"status": "ready", "failures": context().readiness.probe()})


@bp.get("/metrics")
@bp.output({}, content_type="text/plain")
@bp.doc(operation_id="getMetrics", responses=[403])
def prometheus() -> Response:
    """Counters for Prometheus"""
    return metrics.exposition(context().settings.prometheus_multiproc_dir)
