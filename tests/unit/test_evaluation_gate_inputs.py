"""What the gate measures: two models on one labelled set or one catalogue, and which spaces it can choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from catalog.domain.embedding_space import Space
from catalog.domain.records import StoredProduct
from catalog.elastic.names import Names
from catalog.settings import CatalogSettings
from evaluation.embedding_cache import EmbeddingCache
from evaluation.errors import InvalidDataset
from evaluation.gate.inputs import load_inputs, measure_on_catalogue, measure_on_set
from evaluation.gate.spaces import ComparableSpaces, list_bundle_spaces, list_catalogue_spaces
from evaluation.model_scoring import EvaluationOptions
from tests.fake_stores import FakeLayout
from tests.fakes import FakeCatalogue
from tests.unit.gate_making import scores
from tests.unit.models_making import put, settings_for

OLD, NEW = Space("shop", "aaaa11", 4), Space("shop", "bbbb22", 4)
SETTINGS = CatalogSettings(index_prefix="gate_")


class DroppableLayout(FakeLayout):
    """An index that is gone once it was dropped."""

    def drop(self) -> None:
        self.shop.docs.clear()


class FakeServer:
    """Stands for Elasticsearch: one catalogue per prefix, and the same one for everybody who names that prefix."""

    def __init__(self) -> None:
        self.catalogues: dict[str, ServedCatalogue] = {}

    def connect(self, settings: CatalogSettings) -> ServedCatalogue:
        return self.catalogues.setdefault(settings.index_prefix, ServedCatalogue(settings.index_prefix))


class ServedCatalogue(FakeCatalogue):
    """A fake that evaluations can open, read and close as they do with a real one."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.names, self.open = Names(prefix), True
        self.layout = DroppableLayout(self)
        self.connection = self.client = self

    def close(self) -> None:
        self.open = False

    def read_products(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, StoredProduct]:
        return {i: StoredProduct(i, self.docs[i], self.seq[i], 1) for i in ids}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> FakeServer:
    found = FakeServer()
    for module in ("evaluation.gate.inputs", "evaluation.gate.spaces", "evaluation.temporary_index"):
        monkeypatch.setattr(f"{module}.connect", found.connect)
    return found


@pytest.fixture
def shop(server: FakeServer) -> ServedCatalogue:
    """Coats and hats that the new model tells apart and the old one takes for the same."""
    catalogue = server.connect(SETTINGS)
    for space in (OLD, NEW):
        catalogue.spaces.ensure(space)
    rng = np.random.default_rng(3)
    for number in range(20):
        name = ("coat", "hat")[number % 2]
        product = {"id": f"p{number:02d}", "title": name, "category": [name], "group_key": f"p{number:02d}"}
        catalogue.put(product | {"image_url": f"http://photos.example/{number}.jpg"})
        drawn = np.abs(rng.normal(size=4)) + 0.1
        catalogue.embed(f"p{number:02d}", OLD, drawn)
        catalogue.embed(f"p{number:02d}", NEW, drawn * ([9, 9, 1, 1] if name == "coat" else [1, 1, 9, 9]))
    return catalogue


def test_a_catalogue_is_measured_with_the_vectors_it_has(shop: ServedCatalogue) -> None:
    steps: list[tuple[int, int]] = []
    options = EvaluationOptions(k=3, progress=lambda done, total: steps.append((done, total)))
    found = measure_on_catalogue((OLD.name, NEW.name), SETTINGS, options)
    assert (found.baseline.model, found.candidate.model) == (OLD.name, NEW.name)
    assert found.source == "catalogue gate_products"
    assert found.baseline.ids == found.candidate.ids == tuple(f"p{number:02d}" for number in range(20))
    assert found.baseline.data == found.candidate.data and found.baseline.k == found.candidate.k == 3
    assert found.candidate.values["precision"].mean() == 1 > found.baseline.values["precision"].mean()
    assert steps.count((20, 20)) == 2, "both models report how far they are"
    few = measure_on_catalogue((OLD.name, NEW.name), SETTINGS, EvaluationOptions(limit=6))
    assert len(few.baseline.ids) == len(few.candidate.ids) == 6


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Ten red coats and ten blue hats, of each the same photo twice."""
    for name, rgb in (("coat", (220, 30, 30)), ("hat", (30, 30, 220))):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(10):
            pixels = (
                np.random.default_rng([ord(name[0]), number % 9]).integers(0, 60, (24, 24, 3)) + np.array(rgb) // 2
            )
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


def test_a_set_is_prepared_once_and_measured_with_both_models(
    photos: Path, server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BUNDLES", str(tmp_path / "bundles"))
    tiny = put(tmp_path / "bundles", "tiny")
    cache = EmbeddingCache(tmp_path / "kept")
    found = measure_on_set(("hog", tiny.space.name), photos, cache, SETTINGS, EvaluationOptions(k=3, limit=12))
    assert found.baseline.model.startswith("hog__") and found.candidate.model == tiny.space.name
    assert found.source == str(photos)
    assert found.baseline.data == found.candidate.data and found.baseline.ids == found.candidate.ids
    assert len(found.baseline.ids) == 12 and found.baseline.k == found.candidate.k == 3
    for side in (found.baseline, found.candidate):
        assert side.facts["leakage"]["pairs"] == {"same_photo": 2}, "the photos that are there twice"
        assert side.facts["dataset"] == {"name": "photos", "items": 20, "without_embedding": 0}
    assert {file.stem for file in cache.folder.iterdir()} >= {found.baseline.model, found.candidate.model}
    assert len(server.catalogues) == 2 and all(prefix.startswith("gate_eval_") for prefix in server.catalogues)
    assert not any(catalogue.open or catalogue.docs for catalogue in server.catalogues.values()), "nothing is left"


def test_a_set_that_cannot_be_read_is_refused(tmp_path: Path, server: FakeServer) -> None:
    with pytest.raises(InvalidDataset, match="no folder or feed"):
        measure_on_set(("hog", "color"), tmp_path / "absent", EmbeddingCache(tmp_path), SETTINGS, EvaluationOptions())
    assert not server.catalogues


def test_saved_scores_keep_their_sides(tmp_path: Path) -> None:
    scores("old__1").save(tmp_path / "old.json")
    scores("new__1").save(tmp_path / "new.json")
    found = load_inputs(tmp_path / "old.json", tmp_path / "new.json")
    assert (found.baseline.model, found.candidate.model) == ("old__1", "new__1")
    assert found.source == f"{tmp_path / 'old.json'} and {tmp_path / 'new.json'}"


def test_spaces_of_the_catalogue_come_newest_first_and_those_without_a_bundle_last(
    server: FakeServer, tmp_path: Path
) -> None:
    older, newer = (put(tmp_path, "tiny", seed, day).space for seed, day in ((1, 1), (2, 9)))
    other = put(tmp_path, "absent", 3, 20).space  # of no product
    lost = [Space("zzz", "bbbb", 4), Space("abc", "cccc", 4)]  # whose bundles somebody deleted
    catalogue = server.connect(SETTINGS)
    for space in (*lost, older, newer):
        catalogue.spaces.ensure(space)
    catalogue.promotion = older.name
    found = list_catalogue_spaces(settings_for(tmp_path), SETTINGS)
    assert found == ComparableSpaces([newer.name, older.name, "abc__cccc", "zzz__bbbb"], older.name)
    here = list_bundle_spaces(settings_for(tmp_path), SETTINGS)
    assert here == ComparableSpaces([other.name, newer.name, older.name], older.name)


def goes_down(catalogue: ServedCatalogue) -> None:
    catalogue.down = True


@pytest.mark.parametrize(
    ("happens", "message"), [(lambda _: None, "no product has been embedded"), (goes_down, "does not answer")]
)
def test_where_nothing_serves_the_reason_is_kept(
    server: FakeServer, tmp_path: Path, happens: Callable[[ServedCatalogue], None], message: str
) -> None:
    tiny = put(tmp_path).space
    happens(server.connect(SETTINGS))
    found = list_catalogue_spaces(settings_for(tmp_path), SETTINGS)
    assert (found.spaces, found.serving) == ([], None) and message in found.why_not
    here = list_bundle_spaces(settings_for(tmp_path), SETTINGS)
    assert (here.spaces, here.serving) == ([tiny.name], None) and message in here.why_not
