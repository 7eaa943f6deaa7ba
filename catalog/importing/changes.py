"""Decides what writing a product means: what changed, which offer is the newer one, what time it carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.domain.colors.derivation import PHOTO_COLOR
from catalog.domain.product import HIDDEN_FIELDS, OFFER_FIELDS, Product, document, parse
from catalog.domain.records import Change, StoredProduct

MANAGED_FIELDS = ("updated_at", "offer_updated_at", "embedding")  # set by us, never by what is written
TRIES = 5  # a product that changes more often than this between reading and writing is reported


@dataclass(frozen=True, slots=True)
class Decision:
    """Holds what to write (`change` is None: nothing changed), and whether a newer stored offer was kept.

    `replaced` are products to be deleted once it is written.
    """

    change: Change | None
    kept_newer_offer: bool = False
    replaced: tuple[StoredProduct, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """Says whether there is nothing to do."""
        return self.change is None and not self.replaced


NEVER = datetime.min.replace(tzinfo=UTC)


def decide(
    product: Product, stored: StoredProduct | None, as_of: datetime, now: datetime, confirmed_at: datetime = NEVER
) -> Decision:
    """Decides how the whole `product`, as it was at `as_of`, changes what is `stored`.

    A stored offer (price, sizes, stock) that changed after `as_of`, or was `confirmed_at` a later time, stays.
    `updated_at` becomes `now` where anything changed; `offer_updated_at` becomes `as_of` where the offer did.
    """
    if stored is None:
        return Decision(Change(product.id, strip_managed(document(product)) | _build_times(now, as_of)))
    photo_color = stored.source.get(PHOTO_COLOR)
    source = strip_managed(document(product, photo_color))
    offer_changed = any(source.get(name) != stored.source.get(name) for name in OFFER_FIELDS)
    kept = offer_changed and max(read_offer_time(stored.source), confirmed_at) > as_of
    if kept:
        source = strip_managed(document(_keep_stored_offer(product, stored.source), photo_color))
    if strip_internal(source) == strip_internal(stored.source):
        return Decision(None, kept)
    offered_at = as_of if offer_changed and not kept else read_offer_time(stored.source)
    change = Change(
        product.id,
        source | _build_times(now, offered_at),
        keep_embedding=source.get("image_url") == stored.source.get("image_url"),
        seq_no=stored.seq_no,
        primary_term=stored.primary_term,
    )
    return Decision(change, kept)


def build_removal(stored: StoredProduct) -> Change:
    """Returns the change that deletes a product as it was read."""
    return Change(stored.id, None, seq_no=stored.seq_no, primary_term=stored.primary_term)


def strip_managed(source: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a document without the fields that only the importer and the embedding job set."""
    return {name: value for name, value in source.items() if name not in MANAGED_FIELDS}


def strip_internal(source: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the content without the fields that nobody is shown, which an index of an older mapping lacks."""
    return {name: value for name, value in strip_managed(source).items() if name not in HIDDEN_FIELDS}


def read_offer_time(source: Mapping[str, Any]) -> datetime:
    """Returns when price or stock of a stored product last changed, as far as it is known."""
    written = source.get("offer_updated_at") or source.get("updated_at")
    return datetime.fromisoformat(written).astimezone(UTC) if written else NEVER


def _build_times(now: datetime, offered_at: datetime) -> dict[str, str]:
    return {"updated_at": _format_time(now), "offer_updated_at": _format_time(offered_at)}


def _format_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _keep_stored_offer(product: Product, source: Mapping[str, Any]) -> Product:
    fields = product.model_dump(exclude=set(OFFER_FIELDS))
    return parse(fields | {name: source[name] for name in OFFER_FIELDS if name in source})
