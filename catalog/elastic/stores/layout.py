"""Indices of a catalogue: the products' behind their alias, and the small ones beside it."""

from collections.abc import Mapping
from typing import Any

from catalog import index_mapping
from catalog.domain.product import ADDED_FIELDS
from catalog.elastic.client import missing_catalogue
from catalog.elastic.connection import IndexConnection
from catalog.elastic.reindexing import healing
from catalog.elastic.reindexing.reindex_record import Layout, read_layout
from catalog.elastic.stores import small_indices
from catalog.elastic.stores.spaces import SpaceStore


class LayoutStore:
    """Makes, inspects and drops indices."""

    def __init__(self, connection: IndexConnection, spaces: SpaceStore) -> None:
        self._connection = connection
        self._client = connection.client
        self._names = connection.names
        self._spaces = spaces

    def read(self) -> Layout:
        """Reads the product indices, and what a reindex has beside the one that serves.

        Raises Unavailable where none serves.
        """
        with self._connection.request():
            found = read_layout(self._client, self._names)
        if found is None:
            raise missing_catalogue(self._names.products)
        return found

    def read_serving_index(self) -> str:
        """Reads the name of the index behind the alias; raises Unavailable when there is none."""
        with self._connection.request():
            if not self._client.indices.exists_alias(name=self._names.products):
                raise missing_catalogue(self._names.products)
            return str(next(iter(self._client.indices.get_alias(name=self._names.products))))

    def heal(self) -> None:
        """Undoes what a killed reindex left behind, so that writes go through; one request where there is nothing."""
        healing.heal(self._connection)

    def create(self) -> str:
        """Makes the product index behind its alias, and the bookkeeping indices; what is there stays as it is.

        An index of an older mapping gets the fields that are derived today, so that it takes what is written; its
        version stays, for products from before have them only after a reindex. Returns the index's name.
        """
        self.heal()
        with self._connection.request("write"):
            if not self._client.indices.exists_alias(name=self._names.products):
                self.create_index(self._names.first, alias=self._names.products)
            else:
                self.add_fields()
            if not self._client.indices.exists(index=self._names.history):  # of a size that replicas are paid for
                settings = self._connection.index_settings(1)
                self._client.indices.create(
                    index=self._names.history, mappings=index_mapping.FEATURE_HISTORY, settings=settings
                )
            for name, body in (
                (self._names.promotions, index_mapping.PROMOTIONS),
                (self._names.rules, index_mapping.RULES),
                (self._names.leases, index_mapping.LEASES),
                (self._names.offer_marks, index_mapping.OFFER_MARKS),
            ):
                small_indices.ensure(self._connection, name, body)
        return self.read_serving_index()

    def add_fields(self) -> None:
        """Gives an index of an older mapping the fields that are derived today."""
        if self._spaces.read_shape().version < index_mapping.VERSION:
            added = {name: index_mapping.PRODUCT_PROPERTIES[name] for name in ADDED_FIELDS}
            with self._connection.request("write"):
                self._client.indices.put_mapping(index=self._names.products, properties=added)

    def create_index(self, name: str, alias: str | None = None, meta: Mapping[str, Any] | None = None) -> None:
        """Makes a product index with today's mapping, without any space; `meta` is added to the mapping's."""
        settings, body = self._connection.settings, index_mapping.products()
        aliases: dict[str, Any] | None = {alias: {}} if alias else None
        self._client.indices.create(
            index=name,
            mappings=body | {"_meta": {**body.get("_meta", {}), **(meta or {})}},
            settings={
                **self._connection.index_settings(settings.index_shards),
                **index_mapping.index_options(settings.index_sort, preload=settings.index_preload),
            },
            aliases=aliases,
        )

    def drop(self) -> list[str]:
        """Deletes the catalogue of this prefix: the product indices and the bookkeeping; returns their names."""
        names = self._names
        small = (names.promotions, names.rules, names.leases, names.offer_marks)
        patterns = ",".join([f"{names.products}-*", names.history, *small])
        with self._connection.request("write"):
            found = sorted(self._client.indices.get(index=patterns, ignore_unavailable=True))
            for name in found:
                self._client.indices.delete(index=name)
        return found
