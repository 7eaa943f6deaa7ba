"""Embedding spaces that the mapping of the product index has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog import index_mapping
from catalog.domain.embedding_space import Space
from catalog.elastic.connection import IndexConnection
from catalog.elastic.reindexing import healing
from catalog.elastic.ttl_cache import TtlCache
from catalog.errors import InvalidInput
from catalog.search.planning.prices import Costs
from catalog.search.planning.sizing import advise
from catalog.settings import VectorIndex


@dataclass(frozen=True, slots=True)
class IndexShape:
    """Describes what queries have to know of the index: its spaces, by name, their index types, and its shards.

    `meta` is what the mapping notes about each space, see `catalog.index_mapping`. `version` is that of the mapping,
    1 where it has none.
    """

    spaces: Sequence[Space]
    index_types: Mapping[str, VectorIndex]
    shards: int
    meta: Mapping[str, Mapping[str, str]]
    version: int = index_mapping.VERSION

    @property
    def order(self) -> Mapping[str, int]:
        """The place in which each space came into the catalogue, 0 where that is not on record."""
        return {name: int(meta.get(index_mapping.ADDED, 0)) for name, meta in self.meta.items()}

    @property
    def floors(self) -> Mapping[str, float]:
        """The floor of each space that was measured in this catalogue."""
        return {
            name: float(meta[index_mapping.FLOOR]) for name, meta in self.meta.items() if index_mapping.FLOOR in meta
        }


class SpaceStore:
    """Reads and adds embedding spaces; `get_*` may be a few seconds old, `read_*` asks this moment."""

    def __init__(self, connection: IndexConnection, costs: Costs) -> None:
        self._connection = connection
        self._costs = costs
        self.shape = TtlCache(self.read_shape, "the mapping")

    def get_all(self) -> Sequence[Space]:
        """Returns the spaces of the catalogue, by name."""
        return self.shape.get().spaces

    def get_mapping_version(self) -> int:
        """Returns the version of the mapping behind the alias."""
        return self.shape.get().version

    def get_floors(self) -> Mapping[str, float]:
        """Returns the floors that were measured in this catalogue, by space."""
        return self.shape.get().floors

    def get_index_type(self, space: Space) -> VectorIndex:
        """Returns the index type of a space; `flat` for one that the index does not have."""
        return self.shape.get().index_types.get(space.name, "flat")

    def read_all(self) -> Sequence[Space]:
        """Reads the spaces that the mapping has, by name."""
        return self.read_shape().spaces

    def read_shape(self) -> IndexShape:
        """Reads the spaces, their index types and the shards, in one request."""
        connection = self._connection
        with connection.request():
            answer: Any = connection.client.indices.get(index=connection.names.products)
        body = next(iter(answer.values()))
        fields = body["mappings"]["properties"]["embedding"].get("properties", {})
        vectors = {name: field["properties"]["vector"] for name, field in sorted(fields.items())}
        return IndexShape(
            [Space.parse(name, vector["dims"]) for name, vector in vectors.items()],
            {name: vector["index_options"]["type"] for name, vector in vectors.items()},
            int(body["settings"]["index"]["number_of_shards"]),
            {name: vector.get("meta", {}) for name, vector in vectors.items()},
            int(body["mappings"].get("_meta", {}).get(index_mapping.META_VERSION, 1)),
        )

    def ensure(self, space: Space) -> None:
        """Adds the mapping of `space`; raises InvalidInput when it is there with other dimensions."""
        healing.heal(self._connection)
        shape = self.read_shape()
        present = {known.name: known for known in shape.spaces}
        if known := present.get(space.name):
            if known.dims != space.dims:
                raise InvalidInput(
                    f"{space.name} has {known.dims} dimensions in the index and {space.dims} in the bundle; "
                    "dimensions of a field cannot change: export the model as a new version"
                )
            return
        added = 1 + max(shape.order.values(), default=0)
        self.put(self._connection.names.products, space, {index_mapping.ADDED: str(added)})

    def write_floor(self, space: Space, floor: float | None) -> None:
        """Notes the floor of a space of the catalogue; None takes it back, so that the bundle's holds again."""
        healing.heal(self._connection)
        shape = self.read_shape()
        kept = {key: value for key, value in shape.meta[space.name].items() if key != index_mapping.FLOOR}
        noted = {} if floor is None else {index_mapping.FLOOR: f"{floor:g}"}
        self.put(self._connection.names.products, space, {**kept, **noted}, shape.index_types[space.name])

    def put(self, index: str, space: Space, meta: Mapping[str, str], index_type: VectorIndex | None = None) -> None:
        """Adds the mapping of a space to `index` (an alias or a concrete index), or changes its `meta`.

        A space that is there has to be given with its index type.
        """
        properties = index_mapping.space_properties(space, index_type or self._choose_index_type(space), meta)
        with self._connection.request("write"):
            self._connection.client.indices.put_mapping(
                index=index, properties={"embedding": {"properties": {space.name: properties}}}
            )
        self.shape.forget()

    def _choose_index_type(self, space: Space) -> VectorIndex:
        """Returns what VECTOR_INDEX says for a new space; `auto` asks the sizing table."""
        settings = self._connection.settings
        if settings.vector_index != "auto":
            return settings.vector_index
        products = max(self._connection.count_products(), settings.expected_products)
        return advise(products, space.dims, self._costs, settings.expected_updates).index_type
