"""Downloads a photo; what goes wrong is a result like any other."""

import logging
from collections.abc import Iterable

from etl import recheck
from etl.stages.host_health import Hosts, host_of
from etl.stages.items import Failure, Fetched, Job, Result, failed
from models.photos import Fetcher, Photo, PhotoError

log = logging.getLogger(__name__)
ASKED_AGAIN = 2  # times, when a host says when to come back


def failure_of(error: PhotoError) -> Failure:
    """A photo's error as data."""
    return Failure(str(error.reason), error.permanent, error.message, error.retry_after)


def unexpected(error: Exception, what: str) -> Failure:
    """An error that should not exist: one photo waits, the log has the trace, the run goes on."""
    log.error("%s", what, exc_info=error)
    return Failure("internal_error", False, f"{type(error).__name__}: {error}")


class Downloader:
    """Called by many threads."""

    def __init__(self, fetcher: Fetcher, hosts: Hosts) -> None:
        self._fetcher, self._hosts = fetcher, hosts

    def __call__(self, job: Job) -> Iterable[Fetched | Result]:
        got = self._fetch(job.image_url, recheck.etag_of(job))
        if got is None:
            return recheck.unchanged(job)
        return failed(job, got) if isinstance(got, Failure) else recheck.sorted_out(job, got)

    def _fetch(self, url: str, etag: str | None) -> Photo | Failure | None:
        """The photo; None where it is still the one with `etag`."""
        host = host_of(url)
        for left in range(ASKED_AGAIN, -1, -1):
            if refusal := self._hosts.refusal(host):
                return refusal
            try:
                photo = self._fetcher.refetch(url, etag) if etag else self._fetcher.fetch(url)
            except PhotoError as error:
                if not self._hosts.failed(host, error) or not left:
                    return failure_of(error)
            except Exception as error:  # one photo must not end the run
                return unexpected(error, f"downloading {url}")
            else:
                self._hosts.answered(host)
                return photo
        raise AssertionError("the last round returns")
