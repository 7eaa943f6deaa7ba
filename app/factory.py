"""Where everything is wired together, once."""

from apiflask import APIFlask

from app import photo_concurrency as admissions
from app.context import KEY, Context
from app.embedding import Embedders
from app.http import access, caching, cors, errors, flood_gate, limits, private_endpoints
from app.http.errors import MAX_FORM_PARTS
from app.http.jsons import OrjsonProvider
from app.http.rate_limits import RateLimiter
from app.index.breaker import CircuitBreaker
from app.index.call_guard import CallGuard
from app.index.connect import connect_elasticsearch
from app.observability import request_log
from app.observability.lifecycle import Readiness
from app.openapi import specification
from app.photo_concurrency import Admission
from app.photos.copies import PhotoCopies
from app.score_floors import ScoreFloors
from app.settings import ApiSettings
from app.uploads import InMemoryRequest, PhotoReader
from app.views import models as models_view
from app.views import operations, pages, product_writes, products, rules, search, status
from app.views import photos as photos_view
from catalog.ports import SearchIndex
from models.photos.settings import PhotoSettings
from models.settings import ModelSettings

VERSION = "0.1.0"


def build(
    index: SearchIndex | None = None,
    settings: ApiSettings | None = None,
    photos: PhotoSettings | None = None,
    models: ModelSettings | None = None,
) -> APIFlask:
    """See `app.create_app`."""
    settings = settings or ApiSettings.load()
    photos = photos or PhotoSettings.load()
    index = index or connect_elasticsearch(settings)
    app = APIFlask(__name__, title="Visual search", version=VERSION, docs_path=None, json_errors=False)
    app.url_map.merge_slashes = False  # `//` is no product, not a reason to redirect
    app.json = OrjsonProvider(app)
    app.request_class = InMemoryRequest
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_content_length,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        TRUSTED_HOSTS=None if "*" in settings.trusted_hosts else list(settings.trusted_hosts),
    )
    breaker = CircuitBreaker()
    index.observe(CallGuard(breaker, request_log.add_index_seconds))
    models = models or ModelSettings.load()
    uploads, embedders = PhotoReader(photos, settings.image_url_timeout), Embedders(models)
    floors = ScoreFloors(index, models)
    admission = Admission(settings.max_uploads)
    readiness = Readiness(index.status.ping)
    copies = PhotoCopies(photos, uploads, settings.photo_cache_bytes)
    app.extensions[KEY] = Context(index, settings, readiness, photos, uploads, copies, admission, embedders, floors)
    errors.install(app)
    request_log.install(app, breaker, log_requests=settings.access_log)
    private_endpoints.install(app, settings)
    limits.install(app, settings)
    caching.install(app, settings)
    limiter = RateLimiter()
    for gate in (access, flood_gate):
        gate.install(app, settings, index.api_keys, limiter)
    admissions.install(app, admission, settings)
    cors.install(app, settings.cors_origins)
    specification.install(app, settings)
    for room in (search, products, product_writes, photos_view, rules, status, models_view, operations, pages):
        app.register_blueprint(room.bp)
    return app
