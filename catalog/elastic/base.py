"""What the stores share: the client, the names, the spaces the mapping knows."""

from collections.abc import Sequence
from typing import Any

from elasticsearch import Elasticsearch

from catalog import mapping
from catalog.elastic.client import no_catalogue, translated
from catalog.elastic.names import Names
from catalog.errors import InvalidInput
from catalog.settings import Settings
from catalog.space import Space


class Store:
    """A connected part of the gateway; every public method raises catalog.errors only."""

    def __init__(self, client: Elasticsearch, settings: Settings) -> None:
        self.client = client
        self.settings = settings
        self.names = Names(settings.index_prefix)

    def refresh(self) -> None:
        """Make every write so far visible to searches."""
        with translated(self.names):
            self.client.indices.refresh(index=self.names.products)

    def concrete(self) -> str:
        """The index behind the alias; raises Unavailable when there is none."""
        with translated(self.names):
            if not self.client.indices.exists_alias(name=self.names.products):
                raise no_catalogue(self.names.products)
            return str(next(iter(self.client.indices.get_alias(name=self.names.products))))

    def read_spaces(self) -> Sequence[Space]:
        """The spaces the mapping has, by name."""
        with translated(self.names):
            answer: Any = self.client.indices.get_mapping(index=self.names.products)
        properties = next(iter(answer.values()))["mappings"]["properties"]["embedding"].get("properties", {})
        return [Space.parse(name, body["properties"]["vector"]["dims"]) for name, body in sorted(properties.items())]

    def ensure_space(self, space: Space) -> None:
        """Add the mapping of `space`; raises InvalidInput when it is there with other dimensions."""
        present = {known.name: known for known in self.read_spaces()}
        if known := present.get(space.name):
            if known.dims != space.dims:
                raise InvalidInput(
                    f"{space.name} has {known.dims} dimensions in the index and {space.dims} in the bundle; "
                    "dimensions of a field cannot change: export the model as a new version"
                )
            return
        self.put_space(self.names.products, space)

    def put_space(self, index: str, space: Space) -> None:
        """Add the mapping of a space to `index` (an alias or a concrete index)."""
        properties = mapping.space_properties(space, self.settings.vector_index)
        with translated(self.names):
            self.client.indices.put_mapping(
                index=index, properties={"embedding": {"properties": {space.name: properties}}}
            )
