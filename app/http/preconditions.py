"""Conditions of a write: only over what was read (If-Match), only where there is nothing (If-None-Match)."""

from flask import request
from werkzeug.datastructures import ETags

from app.http.errors import PreconditionFailed
from catalog.domain.records import Change, StoredProduct
from catalog.importing.writes import PlannedWrite, describe_version

SEPARATOR = "."  # between the version of a product and the rest of an ETag


def guard(planned: PlannedWrite) -> PlannedWrite:
    """Returns the write under the conditions of the current request; then it may raise PreconditionFailed.

    They are looked at each time it is decided, so nobody's write comes between, and behind what makes the write
    impossible anyway (RFC 9110, section 13.2.1).
    """
    wanted, unwanted = request.if_match, request.if_none_match
    if not request.headers.get("If-Match") and not request.headers.get("If-None-Match"):
        return planned

    def decide(stored: StoredProduct | None) -> Change | None:
        change = planned.decide(stored)
        if request.headers.get("If-Match") and not _names(wanted, stored):
            raise PreconditionFailed(
                f"product '{planned.product_id}' is not what If-Match names any more: read it again, then write"
            )
        if request.headers.get("If-None-Match") and _names(unwanted, stored):
            raise PreconditionFailed(f"product '{planned.product_id}' is there, which If-None-Match rules out")
        return change

    return PlannedWrite(planned.product_id, decide)


def _names(tags: ETags, stored: StoredProduct | None) -> bool:
    """Says whether one of the tags is of the product as it is stored; `*` is of any that is there."""
    if stored is None:
        return False
    version = describe_version(stored.source)
    return tags.star_tag or any(tag.partition(SEPARATOR)[0] == version for tag in tags.as_set())
