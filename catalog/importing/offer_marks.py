"""Remembers which products a feed had though it changed nothing of them, so that no older feed wins an offer back.

A product tells when its offer last changed, not when a feed last said that it is still right. Writing that onto every
product would rewrite the catalogue with each import. So an import leaves a mark: when its feed was made and the
hashes of the products it had, 8 bytes each. Only an import of a feed older than some mark looks products up in it.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np

from catalog.domain.records import IdHashes, OfferMark
from catalog.importing.changes import NEVER
from catalog.importing.id_set import IdSet, hash_id
from catalog.ports import OfferMarkPort

KEPT = timedelta(days=90)  # a feed that comes later than that is taken for what it says


class OfferMarks:
    """Knows which products newer feeds had; without `marks` this feed is the newest."""

    def __init__(self, marks: Iterable[OfferMark] = ()) -> None:
        self._marks = sorted(marks, key=lambda mark: mark.as_of, reverse=True)

    def find_time(self, product_id: str) -> datetime:
        """Returns when the newest feed was made that had the product; NEVER where none did."""
        if not self._marks:
            return NEVER
        key = np.uint64(hash_id(product_id))
        return next((mark.as_of for mark in self._marks if _contains(mark.ids, key)), NEVER)


def leave_mark(port: OfferMarkPort, as_of: datetime, seen: IdSet, unread: IdSet) -> None:
    """Marks that a feed made at `as_of` had the products of `seen`, except for `unread`, whose rows failed.

    Marks that this one makes superfluous go, so that all together hold hardly more than one hash per product. A run
    killed in between leaves some mark too many, never one too few.
    """
    ids = unmarked = _subtract(seen.to_hashes(), unread.to_hashes())
    superfluous, rests = [], defaultdict(list)
    for mark in port.read():
        if mark.as_of > as_of:
            unmarked = _subtract(unmarked, mark.ids)
        elif mark.marked_at < datetime.now(UTC) - KEPT:
            superfluous.append(mark.name)
        elif len(rest := _subtract(mark.ids, ids)) < len(mark.ids) / 2:
            superfluous.append(mark.name)
            rests[mark.as_of].append(rest)
    rests[as_of].append(unmarked)
    for moment, parts in rests.items():
        together = parts[0] if len(parts) == 1 else np.unique(np.concatenate(parts))
        if len(together):
            port.add(moment, together)
    port.drop(superfluous)


def _contains(ids: IdHashes, key: np.uint64) -> bool:
    place = int(np.searchsorted(ids, key))
    return place < len(ids) and bool(ids[place] == key)


def _subtract(ids: IdHashes, others: IdHashes) -> IdHashes:
    """Returns those of `ids` that are not among `others`; both ascending, so that no copy of `others` is sorted."""
    if not len(others):
        return ids
    places = np.minimum(np.searchsorted(others, ids), len(others) - 1)
    rest: IdHashes = ids[others[places] != ids]
    return rest
