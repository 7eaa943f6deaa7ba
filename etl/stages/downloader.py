"""Downloads photos; what goes wrong is a result like any other."""

import logging
from collections.abc import Iterable

from etl import photo_recheck
from etl.stages.host_health import HostHealth, extract_host
from etl.stages.messages import FetchedPhoto, PhotoFailure, PhotoResult, PhotoTask, build_failed_results
from models.photos import EncodedPhoto, Fetcher, PhotoError

log = logging.getLogger(__name__)
MAX_REPEATS = 2  # times, when a host says when to come back


def to_failure(error: PhotoError) -> PhotoFailure:
    """Returns a photo's error as data."""
    return PhotoFailure(str(error.reason), error.permanent, error.message, error.retry_after)


def to_internal_failure(error: Exception, what: str) -> PhotoFailure:
    """Logs an unexpected error with its trace and returns a failure that is retried: the run goes on."""
    log.error("%s", what, exc_info=error)
    return PhotoFailure("internal_error", False, f"{type(error).__name__}: {error}")


class Downloader:
    """Downloads one photo per call, in many threads."""

    def __init__(self, fetcher: Fetcher, hosts: HostHealth) -> None:
        self._fetcher, self._hosts = fetcher, hosts

    def __call__(self, task: PhotoTask) -> Iterable[FetchedPhoto | PhotoResult]:
        got = self._fetch(task.image_url, photo_recheck.find_common_etag(task))
        if got is None:
            return photo_recheck.build_unchanged_results(task)
        return (
            build_failed_results(task, got)
            if isinstance(got, PhotoFailure)
            else photo_recheck.split_by_stored_photo(task, got)
        )

    def _fetch(self, url: str, etag: str | None) -> EncodedPhoto | PhotoFailure | None:
        """Returns the photo; None where it is still the one with `etag`."""
        host = extract_host(url)
        for left in range(MAX_REPEATS, -1, -1):
            if refusal := self._hosts.wait_or_refuse(host):
                return refusal
            try:
                photo = self._fetcher.refetch(url, etag) if etag else self._fetcher.fetch(url)
            except PhotoError as error:
                if not self._hosts.record_failure(host, error) or not left:
                    return to_failure(error)
            except Exception as error:  # one photo must not end the run
                return to_internal_failure(error, f"downloading {url}")
            else:
                self._hosts.record_success(host)
                return photo
        raise AssertionError("the last round returns")
