"""What the stores share: the client, the names, the spaces the mapping knows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from catalog import mapping
from catalog.domain.records import StoredProduct
from catalog.domain.space import Space
from catalog.elastic import bulk
from catalog.elastic.client import no_catalogue, translated
from catalog.elastic.completeness import whole
from catalog.elastic.names import Names
from catalog.elastic.reindexing import healing
from catalog.elastic.reindexing.reindex_record import Layout, read_layout
from catalog.elastic.ttl_cache import Remembered
from catalog.errors import InvalidInput, RejectedQuery, Unavailable, VisualSearchError
from catalog.search.costs import read_costs
from catalog.search.sizing import advise
from catalog.settings import CatalogSettings, VectorIndex

MGET_SIZE = 500


@dataclass(frozen=True, slots=True)
class Shape:
    """What queries have to know of the index: its spaces, by name, each one's index type, and its shards.

    `added`: the place in which each space came into the catalogue, 0 where that is not on record. `version` is that
    of the mapping, 1 where it has none.
    """

    spaces: Sequence[Space]
    index_types: Mapping[str, VectorIndex]
    shards: int
    added: Mapping[str, int]
    version: int = mapping.VERSION


class Store:
    """A connected part of the gateway; every public method raises catalog.errors only."""

    def __init__(self, client: Elasticsearch, settings: CatalogSettings) -> None:
        self.client = client
        self.settings = settings
        self.names = Names(settings.index_prefix)
        self.costs = read_costs(settings.planner_costs)
        self.shape = Remembered(self.read_shape, "the mapping")

    def refresh(self) -> None:
        """Make every write so far visible to searches."""
        with translated(self.names):
            self.client.indices.refresh(index=self.names.products)

    def layout(self) -> Layout:
        """The product indices, and what a reindex has beside the one that serves; raises Unavailable without one."""
        with translated(self.names):
            found = read_layout(self.client, self.names)
        if found is None:
            raise no_catalogue(self.names.products)
        return found

    def heal(self) -> None:
        """Undo what a killed reindex left behind, so that writes go through; one request where there is nothing."""
        healing.heal(self.client, self.names)

    def index_settings(self, shards: int) -> dict[str, Any]:
        """Returns the settings of a new index of `shards` shards."""
        return {
            "number_of_shards": shards,
            "number_of_replicas": self.settings.index_replicas,
            "refresh_interval": self.settings.index_refresh,
        }

    def refused(self, error: Mapping[str, Any], status: int) -> VisualSearchError:
        """The error for one refused answer inside a multi-part one."""
        if error.get("type") == "index_not_found_exception":
            return no_catalogue(self.names.products)
        cause = (error.get("root_cause") or [error])[0]
        message = f"Elasticsearch answered {status}: {cause.get('type')}: {cause.get('reason')}"
        return Unavailable(message) if status == 429 or status >= 500 else RejectedQuery(message)

    def send(self, actions: Sequence[dict[str, Any]], *, require_alias: bool = True) -> dict[str, dict[str, Any]]:
        """`bulk.send` with the patience of the settings."""
        patience = self.settings.elasticsearch_patience
        return bulk.send(self.client, actions, require_alias=require_alias, patience=patience)

    def read_many(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, StoredProduct]:
        """Those of `ids` that exist, as they are this moment, with `fields` of their source."""
        found: dict[str, StoredProduct] = {}
        for start in range(0, len(ids), MGET_SIZE):
            chunk = list(ids[start : start + MGET_SIZE])
            with translated(self.names):
                docs = self.client.mget(index=self.names.products, ids=chunk, source_includes=list(fields))["docs"]
            for doc in docs:
                if "error" in doc:  # a missing index must not read as a missing product
                    raise self.refused(doc["error"], 503)
                if doc["found"]:
                    found[doc["_id"]] = StoredProduct(
                        doc["_id"], doc["_source"], doc["_seq_no"], doc["_primary_term"]
                    )
        return found

    def msearch(self, bodies: Sequence[dict[str, Any]], preference: str) -> list[Any]:
        """The answers to several searches in one request, each of the same copies of the shards.

        Raises what any of them was refused with, and Incomplete where a shard did not answer.
        """
        # Lines are serialised here: the client's own NDJSON serializer knows neither orjson nor numpy.
        lines = [orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY).decode() for body in bodies]
        header = {"preference": preference}
        searches: Any = [part for line in lines for part in (header, line)]
        with translated(self.names):
            answers = self.client.msearch(index=self.names.products, searches=searches)["responses"]
        for answer in answers:
            if "error" in answer:
                raise self.refused(answer["error"], answer["status"])
        return [whole(answer) for answer in answers]

    def count_products(self, query: Mapping[str, Any] | None = None, index: str = "") -> int:
        """How many products searches see that pass `query`, of `index` or the alias; raises Incomplete."""
        with translated(self.names):
            answer = self.client.count(index=index or self.names.products, query=query)
        return int(whole(answer)["count"])

    def concrete(self) -> str:
        """The index behind the alias; raises Unavailable when there is none."""
        with translated(self.names):
            if not self.client.indices.exists_alias(name=self.names.products):
                raise no_catalogue(self.names.products)
            return str(next(iter(self.client.indices.get_alias(name=self.names.products))))

    def read_spaces(self) -> Sequence[Space]:
        """The spaces the mapping has, by name, as they are this moment."""
        return self.read_shape().spaces

    def read_shape(self) -> Shape:
        """The spaces, their index types and the shards, in one request."""
        with translated(self.names):
            answer: Any = self.client.indices.get(index=self.names.products)
        body = next(iter(answer.values()))
        fields = body["mappings"]["properties"]["embedding"].get("properties", {})
        vectors = {name: field["properties"]["vector"] for name, field in sorted(fields.items())}
        return Shape(
            [Space.parse(name, vector["dims"]) for name, vector in vectors.items()],
            {name: vector["index_options"]["type"] for name, vector in vectors.items()},
            int(body["settings"]["index"]["number_of_shards"]),
            {name: int(vector.get("meta", {}).get(mapping.ADDED, 0)) for name, vector in vectors.items()},
            int(body["mappings"].get("_meta", {}).get(mapping.META_VERSION, 1)),
        )

    def mapping_version(self) -> int:
        """The version of the mapping behind the alias, at most a few seconds old."""
        return self.shape.get().version

    def ensure_space(self, space: Space) -> None:
        """Add the mapping of `space`; raises InvalidInput when it is there with other dimensions."""
        self.heal()
        shape = self.read_shape()
        present = {known.name: known for known in shape.spaces}
        if known := present.get(space.name):
            if known.dims != space.dims:
                raise InvalidInput(
                    f"{space.name} has {known.dims} dimensions in the index and {space.dims} in the bundle; "
                    "dimensions of a field cannot change: export the model as a new version"
                )
            return
        self.put_space(self.names.products, space, 1 + max(shape.added.values(), default=0))

    def put_space(self, index: str, space: Space, added: int) -> None:
        """Add the mapping of a space to `index` (an alias or a concrete index); `added` as in `Shape`."""
        properties = mapping.space_properties(space, self.index_type(space), added)
        with translated(self.names):
            self.client.indices.put_mapping(
                index=index, properties={"embedding": {"properties": {space.name: properties}}}
            )
        self.shape.forget()

    def index_type(self, space: Space) -> VectorIndex:
        """What VECTOR_INDEX says for a new space; `auto` asks the sizing table."""
        chosen = self.settings.vector_index
        if chosen != "auto":
            return chosen
        products = max(self.count_products(), self.settings.expected_products)
        return advise(products, space.dims, self.costs, self.settings.expected_updates).index_type
