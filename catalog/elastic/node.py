"""Connects to Elasticsearch within the deadline of the question that a call works for."""

from typing import Any

import urllib3
from elastic_transport import ConnectionTimeout, HttpHeaders, TransportError, Urllib3HttpNode
from elastic_transport.client_utils import DEFAULT

from catalog import deadline

FAIR = 0.5  # share of its time that a call must have had before its failure is Elasticsearch's


class OutOfTime(TransportError):
    """Raised where the question's time ended before this call did, which says nothing about the server's health."""


class DeadlineNode(Urllib3HttpNode):
    """Gives every call, also each attempt of a repeated one, what is left of the time for its question."""

    def perform_request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: HttpHeaders | None = None,
        request_timeout: Any = DEFAULT,
    ) -> Any:
        """As its parent's; raises OutOfTime where the deadline, not the server, ended the call."""
        found, left = deadline.get_current(), deadline.get_remaining()
        if found is None or left is None:
            return super().perform_request(method, target, body, headers, request_timeout)
        if left <= 0:
            raise OutOfTime(f"the {found.whole:g} s for this question are spent")
        usual = self.config.request_timeout if request_timeout is DEFAULT else request_timeout
        given = left if usual is None else min(left, usual)
        timeout: Any = urllib3.Timeout(total=given)  # a number would count for connecting and again for reading
        try:
            return super().perform_request(method, target, body, headers, timeout)
        except ConnectionTimeout as error:
            if given < FAIR * found.whole:
                raise OutOfTime(f"the {found.whole:g} s for this question are spent") from error
            raise
