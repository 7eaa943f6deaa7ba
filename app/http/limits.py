"""Limits what one request may cost: the size of its body, before it is read, and its time with the index."""

from apiflask import APIFlask
from flask import request

from app.settings import ApiSettings
from catalog import deadline

BULK_PATH = "/v1/products/bulk"
PHOTO_PATHS = ("/v1/search", "/v1/models/")  # a photo is larger than a question


def takes_photos(method: str, path: str) -> bool:
    """Returns whether the body of such a request may hold a photo."""
    return method == "POST" and path.startswith(PHOTO_PATHS)


def largest_body(settings: ApiSettings, method: str, path: str) -> int:
    """Bytes that the body of a request to `path` may have."""
    large = takes_photos(method, path) or (method == "POST" and path == BULK_PATH)
    return settings.max_upload_length if large else settings.max_content_length


def install(app: APIFlask, settings: ApiSettings) -> None:
    """Bound every request; the server has looked at its body already, other servers do not."""

    def begin() -> None:
        request.max_content_length = largest_body(settings, request.method, request.path)
        deadline.start(settings.search_timeout)

    def end(_error: BaseException | None) -> None:
        deadline.clear()  # threads, and a test's, go on to other things

    app.before_request(begin)
    app.teardown_request(end)
