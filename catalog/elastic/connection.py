"""Sends the requests that several stores share, and holds the client, the names and the settings."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import orjson
from elasticsearch import Elasticsearch

from catalog.domain.records import StoredProduct
from catalog.elastic import bulk
from catalog.elastic.client import describe_cause, missing_catalogue, translate_errors
from catalog.elastic.completeness import require_all_shards
from catalog.elastic.names import Names
from catalog.errors import RejectedQuery, Unavailable, VisualSearchError
from catalog.ports import CallKind, CallObserver
from catalog.settings import CatalogSettings

MGET_SIZE = 500


def _pass(kind: CallKind) -> AbstractContextManager[None]:
    return nullcontext()


class IndexConnection:
    """Sends requests to the indices of one prefix; every method raises catalog.errors only."""

    def __init__(self, client: Elasticsearch, settings: CatalogSettings) -> None:
        self.client = client
        self.settings = settings
        self.names = Names(settings.index_prefix)
        self.observer: CallObserver = _pass

    @contextmanager
    def request(self, kind: CallKind = "read") -> Iterator[None]:
        """Wraps one request: the observer sees it, and the client's errors become catalog.errors."""
        with self.observer(kind), translate_errors(self.names):
            yield

    def refresh(self, index: str = "") -> None:
        """Makes every write so far visible to searches of the products."""
        with self.request():
            self.client.indices.refresh(index=index or self.names.products)

    def index_settings(self, shards: int) -> dict[str, Any]:
        """Returns the settings of a new index of `shards` shards."""
        return {
            "number_of_shards": shards,
            "number_of_replicas": self.settings.index_replicas,
            "refresh_interval": self.settings.index_refresh,
        }

    def send_bulk(
        self, actions: Sequence[dict[str, Any]], *, require_alias: bool = True
    ) -> dict[str, dict[str, Any]]:
        """Sends writes as `bulk.send` does, as long as ELASTICSEARCH_PATIENCE says."""
        patience = self.settings.elasticsearch_patience
        with self.request("write"):
            return bulk.send(self.client, actions, require_alias=require_alias, patience=patience)

    def read_documents(self, index: str, ids: Sequence[str], fields: Sequence[str] | None = None) -> dict[str, Any]:
        """Returns those of `ids` that exist in `index`, as they are this moment, with all or some of their fields."""
        found: dict[str, Any] = {}
        for start in range(0, len(ids), MGET_SIZE):
            chunk, includes = list(ids[start : start + MGET_SIZE]), None if fields is None else list(fields)
            with self.request():
                docs = self.client.mget(index=index, ids=chunk, source_includes=includes)["docs"]
                for doc in docs:
                    if "error" in doc:  # a missing index must not read as a missing product
                        raise self._refusal(doc["error"], 503, index)
            found |= {doc["_id"]: doc for doc in docs if doc["found"]}
        return found

    def read_products(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, StoredProduct]:
        """Returns those products of `ids` that exist, as they are this moment, with `fields` of their source."""
        docs = self.read_documents(self.names.products, ids, fields)
        return {
            name: StoredProduct(name, doc["_source"], doc["_seq_no"], doc["_primary_term"])
            for name, doc in docs.items()
        }

    def msearch(self, bodies: Sequence[Mapping[str, Any]], preference: str) -> list[Any]:
        """Returns the answers to several searches in one request, each of the same copies of the shards.

        Raises what any of them was refused with, and Incomplete where a shard did not answer.
        """
        # Lines are serialised here: the client's own NDJSON serializer knows neither orjson nor numpy.
        lines = [orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY).decode() for body in bodies]
        header = {"preference": preference}
        searches: Any = [part for line in lines for part in (header, line)]
        with self.request():
            answers = self.client.msearch(index=self.names.products, searches=searches)["responses"]
            for answer in answers:
                if "error" in answer:
                    raise self._refusal(answer["error"], answer["status"], self.names.products)
            return [require_all_shards(answer) for answer in answers]

    def count_products(self, query: Mapping[str, Any] | None = None, index: str = "") -> int:
        """Returns how many products searches see that pass `query`, of `index` or the alias; raises Incomplete."""
        with self.request():
            answer = self.client.count(index=index or self.names.products, query=query)
            return int(require_all_shards(answer)["count"])

    def _refusal(self, error: Mapping[str, Any], status: int, index: str) -> VisualSearchError:
        """Returns the error for one part of an answer that was refused."""
        if error.get("type") == "index_not_found_exception":
            return missing_catalogue(index)
        message = f"Elasticsearch answered {status}: {describe_cause(error)}"
        return Unavailable(message) if status == 429 or status >= 500 else RejectedQuery(message)
