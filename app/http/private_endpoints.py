"""Which port answers what: figures about the catalogue and the service are not for everybody."""

from apiflask import APIFlask
from flask import request
from werkzeug.exceptions import SecurityError

from app.http.errors import NotPublic
from app.settings import ApiSettings
from catalog.errors import NotFound

FIGURES = frozenset({"operations.prometheus", "status.status"})
HEALTH = FIGURES | {"operations.healthz", "operations.readyz"}  # all that the health port answers


def is_on_health_port(settings: ApiSettings) -> bool:
    """Says whether this request came in on the port that is not for everybody."""
    return bool(settings.health) and request.environ.get("SERVER_PORT") == str(settings.health)


def install(app: APIFlask, settings: ApiSettings) -> None:
    """Check every request before its view runs."""

    def check() -> None:
        if "HTTP_HOST" not in request.environ and app.config["TRUSTED_HOSTS"] is not None:
            raise SecurityError("a request without Host")  # werkzeug would take our own address for it
        if is_on_health_port(settings):
            if request.endpoint and request.endpoint not in HEALTH:
                raise NotFound("the health port answers /healthz, /readyz, /metrics and /v1/catalog/status")
        elif request.endpoint in FIGURES and not settings.public_status:
            raise NotPublic(
                f"{request.path} is not for everybody: it is served on another port",
                hint="that port is HEALTH_PORT; with PUBLIC_STATUS=true it is served here as well",
            )

    app.before_request(check)
