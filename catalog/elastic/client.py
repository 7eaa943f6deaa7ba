"""One pooled Elasticsearch client, and the translation of its errors."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError, OrjsonSerializer, TransportError

from catalog.elastic.names import Names
from catalog.elastic.node import DeadlineNode, OutOfTime
from catalog.elastic.server import TestedElasticsearch
from catalog.errors import DeadlineExceeded, InvalidSetting, NoCatalogue, RejectedQuery, Unavailable, WriteBlocked
from catalog.settings import CatalogSettings

BUSY = (429, 502, 503, 504)
FLOOD_STAGE = "/12/"  # the number of the block that Elasticsearch sets on a full disk, as its reasons write it


def open_client(settings: CatalogSettings) -> Elasticsearch:
    """Returns a client for all of ELASTICSEARCH_URL; nothing is sent yet."""
    tls: dict[str, Any] = {"ca_certs": settings.elasticsearch_ca} if settings.elasticsearch_ca else {}
    auth = (settings.elasticsearch_user, settings.elasticsearch_password) if settings.elasticsearch_user else None
    made = Elasticsearch if settings.elasticsearch_untested == "allow" else TestedElasticsearch
    try:
        return made(
            list(settings.elasticsearch_url),
            basic_auth=auth,
            request_timeout=settings.elasticsearch_timeout,
            retry_on_timeout=False,
            max_retries=2,
            serializer=OrjsonSerializer(),
            connections_per_node=16,
            node_class=DeadlineNode,
            **tls,
        )
    except ValueError as error:
        raise InvalidSetting(f"ELASTICSEARCH_URL is wrong: {error}") from error


@contextmanager
def translate_errors(names: Names) -> Iterator[None]:
    """Raises Unavailable (of a cluster that is down, busy or has no catalogue) or RejectedQuery."""
    try:
        yield
    except NotFoundError as error:
        if "index_not_found_exception" in str(error):
            raise missing_catalogue(names.products) from error
        raise Unavailable(f"Elasticsearch lost what was asked for: {error}") from error
    except ApiError as error:
        if error.status_code in (403, 429) and "cluster_block_exception" in str(error):
            raise blocked_write(_describe(error)) from error
        message = f"Elasticsearch answered {error.status_code}: {_describe(error)}"
        if error.status_code in (401, 403):
            raise Unavailable(f"{message}; check ELASTICSEARCH_USER, ELASTICSEARCH_PASSWORD and its roles") from error
        if error.status_code in BUSY or error.status_code >= 500 or error.error == "index_closed_exception":
            raise Unavailable(message) from error
        raise RejectedQuery(message) from error
    except OutOfTime as error:
        raise DeadlineExceeded(f"Elasticsearch is too slow: {error.message} (SEARCH_TIMEOUT)") from error
    except TransportError as error:
        raise Unavailable(
            f"Elasticsearch does not answer: {error.message}; is it running? (`python -m engine status`)"
        ) from error


def missing_catalogue(alias: str) -> NoCatalogue:
    """Returns the error for an alias that does not exist."""
    return NoCatalogue(f"there is no catalogue '{alias}' on this Elasticsearch yet; run `python -m catalog create`")


def blocked_write(reason: str) -> WriteBlocked:
    """Returns the error for blocked writes; `reason` is Elasticsearch's and names the block by its number."""
    if FLOOD_STAGE in reason:
        todo = (
            "its disk is nearly full (flood stage). Free disk space or add a node; the block then goes by itself, "
            'or lift it with PUT _settings {"index.blocks.read_only_allow_delete": null} on the index'
        )
    else:
        todo = (
            "a reindex is at work, or was killed (`python -m catalog create` undoes that), or somebody set a block; "
            'lift it with PUT _settings {"index.blocks.write": null} on the index'
        )
    return WriteBlocked(f"Elasticsearch refuses writes: {todo}. Nothing is lost: run this again afterwards")


def describe_cause(error: Mapping[str, Any]) -> str:
    """Returns the type and the reason of an error's cause, in Elasticsearch's words."""
    cause = (error.get("root_cause") or [error])[0]
    return f"{cause.get('type')}: {cause.get('reason')}"


def _describe(error: ApiError) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        causes = body["error"].get("root_cause") or [body["error"]]
        deepest = body["error"].get("caused_by") or causes[0]
        return f"{causes[0].get('type')}: {deepest.get('reason') or causes[0].get('reason')}"
    return str(error)
