"""Limits how many photos a process works on at a time: one costs up to 200 MB, and callers that wait hold threads."""

import threading

from apiflask import APIFlask
from flask import g, request

from app.http.errors import TooManyUploads
from app.http.limits import takes_photos
from app.settings import ApiSettings

TAKEN = "upload_admitted"


class Admission:
    """Lets `places` requests with a photo in at a time. A request takes its place once and leaves it when it ends."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._free = threading.BoundedSemaphore(places)

    def acquire(self) -> None:
        """Takes a place for the current request; raises TooManyUploads at once where none is free."""
        if TAKEN in g:
            return
        if not self._free.acquire(blocking=False):
            raise TooManyUploads(
                f"{self._places} photos are being worked on, and no more are taken at a time: ask again in a moment",
                limit=self._places,
            )
        setattr(g, TAKEN, True)

    def release(self) -> None:
        """Gives the place of the current request back."""
        if g.pop(TAKEN, False):
            self._free.release()


def install(app: APIFlask, admission: Admission, settings: ApiSettings) -> None:
    """Asks for a place before the body of an upload is parsed; views ask for photos in small bodies."""

    def begin() -> None:
        large = (request.content_length or 0) > settings.max_content_length
        if takes_photos(request.method, request.path) and (large or request.mimetype == "multipart/form-data"):
            admission.acquire()

    def end(_error: BaseException | None) -> None:
        admission.release()

    app.before_request(begin)
    app.teardown_request(end)
