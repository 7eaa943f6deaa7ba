"""The loader against a catalogue in memory that answers as it is made to."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from catalog.domain.embedding_space import Space
from catalog.elastic import Catalogue
from catalog.elastic.names import Names
from catalog.errors import Unavailable
from loadtest import loader
from loadtest.drawn_products import draw_products
from loadtest.errors import CannotStart, LoadFailed, TargetRefused

SPACE = Space.parse("drawn4__v1", 4)


class FakeIndices:
    """The settings of one index."""

    def __init__(self) -> None:
        self.settings: dict[str, Any] = {"refresh_interval": "1s", "number_of_replicas": "1"}

    def get_settings(self, index: str) -> Any:
        return {index: {"settings": {"index": dict(self.settings)}}}

    def put_settings(self, index: str, settings: Mapping[str, Any]) -> None:
        self.settings |= settings


class FakeCatalogue:
    """One index `p-000001` with `others` products that nobody drew; it may be too busy, or refuse one product."""

    def __init__(
        self, *, others: int = 0, spaces: Sequence[Space] = (), busy: bool = False, refused: str = ""
    ) -> None:
        self.names, self.client = Names("p"), SimpleNamespace(indices=FakeIndices())
        self.others, self.known, self.busy, self.refused = others, list(spaces), busy, refused
        self.stored: dict[str, dict[str, Any]] = {}
        self.layout = SimpleNamespace(read_serving_index=lambda: "p-000001")
        self.products = SimpleNamespace(refresh=lambda: None)
        self.spaces = SimpleNamespace(read_all=lambda: self.known, ensure=self.known.append)
        self.connection = SimpleNamespace(
            request=lambda kind="read": nullcontext(), count_products=lambda query: others, send_bulk=self.send
        )

    def send(self, actions: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        assert self.client.indices.settings["refresh_interval"] == "-1"
        if self.busy:
            raise Unavailable("Elasticsearch is too busy to write")
        refusal = {"status": 400, "error": {"reason": "no", "caused_by": {"reason": "zero"}}}
        results = {one["_id"]: refusal if one["_id"] == self.refused else {"status": 201} for one in actions}
        self.stored |= {one["_id"]: one["_source"] for one in actions if results[one["_id"]] is not refusal}
        return results


def load(fake: FakeCatalogue, count: int, progress: loader.Progress = lambda _: None) -> loader.LoadSummary:
    return loader.load(cast(Catalogue, fake), SPACE, draw_products(count, 4), progress)


def test_loads_every_product_with_its_vector_and_restores_the_settings() -> None:
    fake, seen = FakeCatalogue(), list[int]()
    done = load(fake, 1200, seen.append)
    assert (done.products, done.index, done.space) == (1200, "p-000001", "drawn4__v1")
    assert len(fake.stored) == 1200
    one = next(draw_products(1, 4))
    stored = fake.stored[one.document["id"]]
    state = stored.pop("embedding")["drawn4__v1"]
    assert stored == one.document
    assert state["vector"] == pytest.approx(one.vector)
    assert (state["status"], state["image_url"]) == ("done", one.document["image_url"])
    assert fake.client.indices.settings == {"refresh_interval": "1s", "number_of_replicas": "1"}
    assert seen == [1000, 1200]
    assert fake.known == [SPACE]


def test_a_setting_that_was_not_set_is_unset_again() -> None:
    fake = FakeCatalogue()
    del fake.client.indices.settings["refresh_interval"]
    load(fake, 3)
    assert fake.client.indices.settings["refresh_interval"] is None


def test_a_server_that_stays_busy_breaks_the_load_off() -> None:
    with pytest.raises(LoadFailed, match="too busy"):
        load(FakeCatalogue(busy=True), 5)


def test_a_refused_product_is_named_and_the_settings_come_back() -> None:
    fake = FakeCatalogue(refused="drawn-00000003")
    with pytest.raises(LoadFailed, match="'drawn-00000003': no: zero"):
        load(fake, 5)
    assert fake.client.indices.settings["refresh_interval"] == "1s"


def test_a_catalogue_of_real_products_is_left_alone() -> None:
    fake = FakeCatalogue(others=7)
    with pytest.raises(TargetRefused, match="7 products that were not drawn"):
        load(fake, 5)
    assert not fake.stored


def test_a_space_of_other_dimensions_is_refused() -> None:
    with pytest.raises(CannotStart, match="has 8 dimensions"):
        load(FakeCatalogue(spaces=[Space.parse("drawn4__v1", 8)]), 5)


def test_a_space_that_is_there_is_filled() -> None:
    fake = FakeCatalogue(spaces=[SPACE])
    load(fake, 5)
    assert len(fake.stored) == 5
