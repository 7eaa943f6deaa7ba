"""Reads stored vectors through `fields` where `_source` lacks them, as it may on servers from 9.2 on."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.domain.embedding_space import vector_field
from catalog.domain.records import StoredProduct
from catalog.elastic.connection import IndexConnection

PAGE = 500  # products asked for at a time
PREFERENCE = "vectors"  # whichever copy answers, it is always the same one


@dataclass(frozen=True, slots=True)
class Found:
    """Vectors (lists of floats) of one product by space name, as they were at `seq_no`."""

    seq_no: int
    vectors: Mapping[str, Sequence[float]]


class VectorReader:
    """Completes products by vectors that the server keeps out of `_source`."""

    def __init__(self, connection: IndexConnection) -> None:
        self._connection = connection

    def complete(self, stored: Mapping[str, StoredProduct]) -> dict[str, StoredProduct]:
        """Returns the same products with the vectors that their `embedding` lacks, as searches see them this moment.

        Costs a request only where a vector is lacking. A vector that was replaced since the last refresh may be the
        one from before.
        """
        found = self._find_lacking(stored.values())
        return {name: _with_vectors(product, found.get(product.id)) for name, product in stored.items()}

    def complete_exactly(self, stored: Mapping[str, StoredProduct]) -> dict[str, StoredProduct]:
        """Returns the same products with all their vectors, to be written back under the `seq_no` they were read at.

        A product is left out where that cannot be had: it was written again meanwhile. A state that says `done`
        although the index has no vector for it is dropped, so that the product is unprocessed there.
        """
        found = self._find_lacking(stored.values())
        if not all(_is_exact(product, found) for product in stored.values()):
            self._connection.refresh()  # searches do not see the write yet that was read
            found = self._find_lacking(stored.values())
        return {
            name: _without_lies(_with_vectors(product, found[name])) if name in found else product
            for name, product in stored.items()
            if _is_exact(product, found)
        }

    def _find_lacking(self, products: Iterable[StoredProduct]) -> dict[str, Found]:
        wanted = {product.id: spaces for product in products if (spaces := lacking(product))}
        ids = list(wanted)
        found: dict[str, Found] = {}
        for start in range(0, len(ids), PAGE):
            chunk = ids[start : start + PAGE]
            spaces = sorted({name for product_id in chunk for name in wanted[product_id]})
            found |= dict(self._ask(chunk, spaces))
        return found

    def _ask(self, ids: Sequence[str], spaces: Sequence[str]) -> Iterator[tuple[str, Found]]:
        body = {
            "query": {"ids": {"values": list(ids)}},
            "size": len(ids),
            "_source": False,
            "fields": [vector_field(name) for name in spaces],
            "seq_no_primary_term": True,
            "track_total_hits": False,
        }
        for hit in self._connection.msearch([body], PREFERENCE)[0]["hits"]["hits"]:
            yield hit["_id"], Found(hit["_seq_no"], vectors_of(hit))


def vectors_of(hit: Mapping[str, Any]) -> dict[str, Sequence[float]]:
    """Returns the vectors in the `fields` of a search hit, by space name."""
    paths = ((path.split("."), value) for path, value in hit.get("fields", {}).items())
    return {parts[1]: value for parts, value in paths if parts[0] == "embedding" and parts[-1] == "vector"}


def lacking(product: StoredProduct) -> list[str]:
    """Spaces in whose state `_source` has no vector at all; an explicit null is known to be none."""
    states: Mapping[str, Any] = product.source.get("embedding") or {}
    return [name for name, state in states.items() if "vector" not in (state or {})]


def _is_exact(product: StoredProduct, found: Mapping[str, Found]) -> bool:
    """Returns whether all its vectors are known as they were when it was read."""
    if not lacking(product):
        return True
    return product.id in found and found[product.id].seq_no == product.seq_no


def _with_vectors(product: StoredProduct, found: Found | None) -> StoredProduct:
    """Returns the product with those vectors of `found` that it lacks."""
    if found is None:
        return product
    states = dict(product.source["embedding"])
    for name in lacking(product):
        states[name] = {**states[name], "vector": found.vectors.get(name)}
    return replace(product, source={**product.source, "embedding": states})


def _without_lies(product: StoredProduct) -> StoredProduct:
    states = product.source["embedding"]
    true = {name: state for name, state in states.items() if state.get("status") != "done" or state.get("vector")}
    return product if len(true) == len(states) else replace(product, source={**product.source, "embedding": true})
