"""Puts a labelled set into a temporary catalogue: a real index under a prefix of its own, deleted in the end."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice

from catalog.domain.embedding_space import Space
from catalog.domain.product import document
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue, connect
from catalog.settings import CatalogSettings
from catalog.similarity import Vectors
from evaluation.data.dataset import Dataset, LabelledItem
from evaluation.data.label_table import make_product
from evaluation.errors import EvaluationError, InvalidDataset

CHUNK = 250


@contextmanager
def open_temporary_index(dataset: Dataset, settings: CatalogSettings) -> Iterator[Catalogue]:
    """Yields a catalogue with the products of `dataset`, not embedded yet, and deletes it in the end.

    Its prefix is the settings' own with `eval_` and eight random digits. Raises Unavailable.
    """
    prefix = f"{settings.index_prefix}eval_{secrets.token_hex(4)}_"
    catalogue = connect(settings.model_copy(update={"index_prefix": prefix, "index_refresh": "-1"}))
    try:
        catalogue.layout.create()
        for items in _chunks(dataset.items):
            sources = [document(make_product(item)) for item in items]
            results = catalogue.products.write([Change(str(source["id"]), source) for source in sources])
            if failed := [result for result in results if result.status != "created"]:
                raise InvalidDataset(f"the index did not take {failed[0].change.id}: {failed[0].message}")
        catalogue.products.refresh()
        yield catalogue
    finally:
        catalogue.layout.drop()
        catalogue.client.close()


def write_vectors(
    catalogue: Catalogue, space: Space, dataset: Dataset, found: Mapping[str, Vectors]
) -> list[LabelledItem]:
    """Writes the vectors (by SHA-256) onto the products; returns the items that have one now, as rows to measure."""
    catalogue.spaces.ensure(space)
    embedded = [item for item in dataset.items if item.sha256 in found]
    for items in _chunks(embedded):
        results = catalogue.embeddings.write_outcomes(
            space, [_make_outcome(item, found[item.sha256]) for item in items]
        )
        if failed := [result for result in results if result.result not in ("written", "unchanged")]:
            raise EvaluationError(f"{failed[0].outcome.product_id}: {failed[0].result} {failed[0].message}")
    catalogue.products.refresh()
    return embedded


def _make_outcome(item: LabelledItem, vector: Vectors) -> Outcome:
    url = str(make_product(item).image_url)
    return Outcome(item.id, url, "done", vector=vector, image_sha256=item.sha256)


def _chunks(items: Sequence[LabelledItem]) -> Iterator[list[LabelledItem]]:
    rest = iter(items)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
