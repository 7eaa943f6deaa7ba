"""What the stores share: the client, the names, the spaces the mapping knows."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from catalog import mapping, queries
from catalog.elastic.client import no_catalogue, translated
from catalog.elastic.names import Names
from catalog.errors import InvalidInput, Unavailable, VisualSearchError
from catalog.records import StoredProduct
from catalog.settings import Settings
from catalog.space import Space

MGET_SIZE = 500


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

    def index_settings(self, shards: int) -> dict[str, Any]:
        """Settings of a new index of `shards` shards."""
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
        return Unavailable(message) if status == 429 or status >= 500 else InvalidInput(message)

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

    def msearch(self, bodies: Sequence[dict[str, Any]]) -> list[Any]:
        """The answers to several searches in one request; raises what any of them was refused with."""
        # Lines are serialised here: the client's own NDJSON serializer knows neither orjson nor numpy.
        lines = [orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY).decode() for body in bodies]
        header = {"preference": queries.stable_preference(lines[0])}
        searches: Any = [part for line in lines for part in (header, line)]
        with translated(self.names):
            answers = self.client.msearch(index=self.names.products, searches=searches)["responses"]
        for answer in answers:
            if "error" in answer:
                raise self.refused(answer["error"], answer["status"])
        return list(answers)

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
