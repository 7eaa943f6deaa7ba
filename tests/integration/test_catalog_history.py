"""The history of features on a real Elasticsearch: writers at once lose nobody's products."""

import threading
from datetime import UTC, datetime

import pytest

from catalog.domain.embedding_space import Space
from catalog.domain.records import HISTORY_PRODUCTS, HistoryEntry
from catalog.elastic import Catalogue

SPACE = Space("color", "v1", 4)
URL = "http://cdn.example/placeholder.jpg"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def entry(*products: str, url: str = URL, status: str = "done") -> HistoryEntry:
    return HistoryEntry(url, SPACE, NOW, products, status, None, 1, "r1")  # type: ignore[arg-type]


def named(catalogue: Catalogue, url: str = URL) -> frozenset[str] | None:
    return catalogue.history.read_products(SPACE, [url]).get(url)


def test_entries_grow_and_shrink_by_product(catalogue: Catalogue) -> None:
    other = f"{URL}?2"
    catalogue.history.append([entry("a", "b"), entry("x", url=other)])
    catalogue.history.append([entry("b", "c", status="failed")])
    assert named(catalogue) == {"a", "b", "c"}
    catalogue.history.retract(SPACE, {URL: ["b", "nobody"], other: ["x"], f"{URL}?3": ["y"]})
    assert catalogue.history.read_products(SPACE, [URL, other, f"{URL}?3"]) == {URL: frozenset("ac")}
    catalogue.client.indices.refresh(index=catalogue.names.history)
    (hit,) = catalogue.client.search(index=catalogue.names.history)["hits"]["hits"]
    assert (hit["_source"]["status"], hit["_source"]["image_url"]) == ("failed", URL)
    ids = [f"m{number:05d}" for number in range(HISTORY_PRODUCTS)]
    catalogue.history.append([entry(*ids)])
    assert named(catalogue) == set(ids)


def test_writers_at_once_keep_each_others_products(catalogue: Catalogue) -> None:
    errors: list[BaseException] = []

    def write(thread: int) -> None:
        try:
            for number in range(3):
                catalogue.history.append([entry(f"t{thread}-{number}")])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert named(catalogue) == {f"t{thread}-{number}" for thread in range(3) for number in range(3)}


def test_a_catalogue_without_a_history_says_how_to_get_one(catalogue: Catalogue) -> None:
    catalogue.client.indices.delete(index=catalogue.names.history)
    with pytest.raises(Exception, match="python -m catalog create"):
        catalogue.history.append([entry("a")])
