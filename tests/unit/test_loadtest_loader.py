"""The loader against a server that answers as told."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from catalog import mapping
from catalog.domain.space import Space as CatalogueSpace
from catalog.settings import VectorIndex
from loadtest import draw, loader
from loadtest.cluster import Cluster, reason
from loadtest.errors import CannotStart, LoadFailed, NotAllowed, Unreachable
from loadtest.loader import Space
from loadtest.settings import LoadtestSettings

SPACE = Space("drawn4__v1", 4)


class FakeCluster(Cluster):
    """One index `p-000001` behind the alias `p`; the first `busy` bulk requests are answered with 429."""

    def __init__(self, *, others: int = 0, dims: int | None = None, busy: int = 0, refused: str = "") -> None:
        super().__init__("http://127.0.0.1:1", LoadtestSettings())
        self.others, self.busy, self.refused = others, busy, refused
        self.stored: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, str, Any]] = []
        known = {SPACE.name: {"properties": {"vector": {"dims": dims}}}} if dims else {}
        self.mapping: dict[str, Any] = {"properties": {"embedding": {"properties": known}}}
        self.settings: dict[str, Any] = {"refresh_interval": "1s", "number_of_replicas": "1"}

    def find(self, path: str) -> Any:
        return {"p-000001": {}} if path == "_alias/p" else None

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        self.asked.append((method, path, body))
        match method, path:
            case "POST", "p-000001/_count":
                return {"count": self.others}
            case "GET", "p-000001/_mapping":
                return {"p-000001": {"mappings": self.mapping}}
            case "GET", "p-000001/_settings":
                return {"p-000001": {"settings": {"index": dict(self.settings)}}}
            case "PUT", "p-000001/_settings":
                assert body is not None
                self.settings |= body["index"]
            case "GET", "_cat/indices/t_*?format=json&h=index":
                return [{"index": "t_products-000001"}, {"index": "t_promotions"}]
        return {}

    def bulk(self, index: str, lines: Sequence[bytes]) -> list[dict[str, Any]]:
        assert self.settings["refresh_interval"] == "-1"
        if self.busy:
            self.busy -= 1
            return [{"status": 429} for _ in lines[::2]]
        items = []
        for action, source in zip(lines[::2], lines[1::2], strict=True):
            key = orjson.loads(action)["index"]["_id"]
            if key == self.refused:
                items.append({"_id": key, "status": 400, "error": {"reason": "no", "caused_by": {"reason": "zero"}}})
            else:
                self.stored[key] = orjson.loads(source)
                items.append({"_id": key, "status": 201})
        return items


@pytest.mark.parametrize("index_type", ["flat", "int8_hnsw"])
def test_the_mapping_of_a_space_is_the_catalogues(index_type: VectorIndex) -> None:
    ours = loader.space_properties(Space("drawn40__v1", 40, index_type))
    assert ours == mapping.space_properties(CatalogueSpace.parse("drawn40__v1", 40), index_type)


def test_loads_every_product_with_its_vector_and_restores_the_settings() -> None:
    cluster, seen = FakeCluster(), list[int]()
    done = loader.load(cluster, "p", SPACE, draw.products(1200, 4), seen.append)
    assert (done.products, done.index, done.space) == (1200, "p-000001", "drawn4__v1")
    assert len(cluster.stored) == 1200
    one = next(draw.products(1, 4))
    stored = cluster.stored[one.document["id"]]
    made = stored.pop("embedding")["drawn4__v1"]
    assert stored == one.document
    assert made["vector"] == pytest.approx(one.vector.tolist())
    assert (made["status"], made["image_url"]) == ("done", one.document["image_url"])
    assert cluster.settings == {"refresh_interval": "1s", "number_of_replicas": "1"}
    assert seen[-1] == 1200


def test_a_setting_that_was_not_set_is_unset_again() -> None:
    cluster = FakeCluster()
    del cluster.settings["refresh_interval"]
    loader.load(cluster, "p", SPACE, draw.products(3, 4))
    assert cluster.settings["refresh_interval"] is None


def test_what_the_server_was_too_busy_for_is_sent_again() -> None:
    cluster = FakeCluster(busy=2)
    loader.load(cluster, "p", SPACE, draw.products(5, 4))
    assert len(cluster.stored) == 5


def test_a_server_that_stays_busy_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "PATIENCE", 0.0)
    with pytest.raises(LoadFailed, match="too busy for 5 products"):
        loader.load(FakeCluster(busy=99), "p", SPACE, draw.products(5, 4))


def test_a_refused_product_is_told_and_the_settings_come_back() -> None:
    cluster = FakeCluster(refused="drawn-00000003")
    with pytest.raises(LoadFailed, match="'drawn-00000003': no: zero"):
        loader.load(cluster, "p", SPACE, draw.products(5, 4))
    assert cluster.settings["refresh_interval"] == "1s"


def test_a_catalogue_of_real_products_is_left_alone() -> None:
    cluster = FakeCluster(others=7)
    with pytest.raises(NotAllowed, match="7 products that were not drawn"):
        loader.load(cluster, "p", SPACE, draw.products(5, 4))
    assert not cluster.stored


def test_no_catalogue_says_which_command_makes_one() -> None:
    with pytest.raises(CannotStart, match="catalog create"):
        loader.load(FakeCluster(), "other", SPACE, draw.products(5, 4))


def test_a_space_of_other_dimensions_is_refused() -> None:
    with pytest.raises(CannotStart, match="has 8 dimensions"):
        loader.load(FakeCluster(dims=8), "p", SPACE, draw.products(5, 4))


def test_a_space_that_is_there_is_filled() -> None:
    cluster = FakeCluster(dims=4)
    loader.load(cluster, "p", SPACE, draw.products(5, 4))
    assert not [path for method, path, _ in cluster.asked if (method, path) == ("PUT", "p-000001/_mapping")]


def test_big_products_go_in_several_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loader, "CHUNK_BYTES", 10_000)
    seen: list[int] = []
    loader.load(FakeCluster(), "p", SPACE, draw.products(50, 4), seen.append)
    assert len(seen) > 2


def test_deletes_one_by_one_and_never_everything() -> None:
    cluster = FakeCluster()
    assert loader.delete_prefix(cluster, "t_") == ["t_products-000001", "t_promotions"]
    assert [path for method, path, _ in cluster.asked if method == "DELETE"] == ["t_products-000001", "t_promotions"]
    with pytest.raises(NotAllowed):
        loader.delete_prefix(cluster, "")


def test_no_elasticsearch_says_what_to_start() -> None:
    cluster = Cluster("http://127.0.0.1:9", LoadtestSettings())
    with pytest.raises(Unreachable, match="python -m engine start"):
        cluster.ask("GET", "_alias/p")
    cluster.close()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"error": {"reason": "a", "caused_by": {"reason": "b"}}}, "a: b"),
        ({"error": {"reason": "a"}}, "a"),
        ({"error": "plain"}, "plain"),
        ("text", "text"),
    ],
)
def test_reasons(answer: Any, told: str) -> None:
    assert reason(answer) == told
