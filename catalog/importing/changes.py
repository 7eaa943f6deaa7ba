"""Decides what writing a product means: what changed, which offer is the newer one, what time it carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from catalog.domain.product import OFFER_FIELDS, SEARCH_FIELDS, Product, document, parse
from catalog.domain.records import Change, StoredProduct

OURS = ("updated_at", "offer_updated_at", "embedding")  # set by us, never by what is written


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write (`change` is None: it is there already), and whether a newer stored offer was kept."""

    change: Change | None
    kept_newer_offer: bool = False


def decide(product: Product, stored: StoredProduct | None, as_of: datetime, now: datetime) -> Decision:
    """How the whole `product`, as it was at `as_of`, goes over what is `stored`.

    A stored offer (price, sizes, stock) that changed after `as_of` stays. `updated_at` becomes `now` where anything
    changed; `offer_updated_at` becomes `as_of` where the offer did.
    """
    source = content(document(product))
    if stored is None:
        return Decision(Change(product.id, source | _times(now, as_of)))
    offer_changed = any(source.get(name) != stored.source.get(name) for name in OFFER_FIELDS)
    kept = offer_changed and offer_time(stored.source) > as_of
    if kept:
        source = content(document(_with_offer_of(product, stored.source)))
    if visible(source) == visible(stored.source):
        return Decision(None, kept)
    offered_at = as_of if offer_changed and not kept else offer_time(stored.source)
    change = Change(
        product.id,
        source | _times(now, offered_at),
        keep_embedding=source.get("image_url") == stored.source.get("image_url"),
        seq_no=stored.seq_no,
        primary_term=stored.primary_term,
    )
    return Decision(change, kept)


def removal(stored: StoredProduct) -> Change:
    """The change that deletes a product as it was read."""
    return Change(stored.id, None, seq_no=stored.seq_no, primary_term=stored.primary_term)


def content(source: Mapping[str, Any]) -> dict[str, Any]:
    """A document without what only we set."""
    return {name: value for name, value in source.items() if name not in OURS}


def visible(source: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the content without the fields that only searches see, which an index of an older mapping lacks."""
    return {name: value for name, value in content(source).items() if name not in SEARCH_FIELDS}


def offer_time(source: Mapping[str, Any]) -> datetime:
    """When price or stock of a stored product last changed, as far as it is known."""
    written = source.get("offer_updated_at") or source.get("updated_at")
    return datetime.fromisoformat(written).astimezone(UTC) if written else datetime.min.replace(tzinfo=UTC)


def _times(now: datetime, offered_at: datetime) -> dict[str, str]:
    return {"updated_at": _iso(now), "offer_updated_at": _iso(offered_at)}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _with_offer_of(product: Product, source: Mapping[str, Any]) -> Product:
    fields = product.model_dump(exclude=set(OFFER_FIELDS))
    return parse(fields | {name: source[name] for name in OFFER_FIELDS if name in source})
