"""Every rival against numpy on 500 products: filters kept, cosines true, neighbours right, writes taken."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.cases import Size
from benchmarks.rivals import contestants, results
from benchmarks.rivals.doors import Http, RivalWriter
from benchmarks.rivals.figures import QUESTIONS_SHARE, Cell, Costs, Effort, Line, Run
from benchmarks.rivals.measure import ask_all, recall, write_all
from benchmarks.rivals.rival import Rival
from benchmarks.rivals.server import serving
from benchmarks.rivals.shop import BRAND_NAMES, Question, Shop

NEEDS = {
    "annoy-growing": "annoy",
    "annoy-fixed": "annoy",
    "hnswlib": "hnswlib",
    "faiss-hnsw": "faiss",
    "faiss-flat": "faiss",
    "pgvector-hnsw": "pgserver",
    "pgvector-exact": "pgserver",
}
CUTS_OFF = {"annoy-fixed", "faiss-hnsw", "pgvector-hnsw"}  # may show fewer than pass
ALDER, HAZEL = BRAND_NAMES.index("Alder"), BRAND_NAMES.index("Hazel")


def questions(shop: Shop) -> list[Question]:
    middle = float(np.median(shop.prices))
    return [
        *(Question(number) for number in (0, 7, 499)),
        *(Question(number, brand) for number in (0, 7, 499) for brand in (ALDER, HAZEL)),
        *(Question(number, ALDER, middle, middle * 1.5) for number in (3, 4)),
        Question(5, price_min=1e6),  # nothing passes
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("rivals")
    Shop.drawn(Size(500, 16), seed=7).save(found)
    return found


@pytest.fixture(scope="module")
def postgres_folder(folder: Path) -> Iterator[Path]:
    import tempfile

    from benchmarks.rivals import postgres

    # Not pytest's folder: its parent is closed to the user as whom root's server runs.
    with tempfile.TemporaryDirectory(prefix="visual-search-rivals-") as made:
        Shop.load(folder).save(Path(made))
        with postgres.running(Path(made)):
            yield Path(made)


@pytest.fixture(params=list(contestants.RIVALS))
def name(request: pytest.FixtureRequest) -> str:
    package = NEEDS[request.param]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", "/tmp")  # pgserver's platformdirs warns without one
        pytest.importorskip(package, reason=f"{package} comes with requirements-bench.txt")
    return str(request.param)


@pytest.fixture
def rival(name: str, request: pytest.FixtureRequest) -> Iterator[Rival]:
    fixture = "postgres_folder" if name.startswith("pgvector") else "folder"
    place: Path = request.getfixturevalue(fixture)
    made = contestants.RIVALS[name].make()
    if not (done := place / f"{name}.built").exists():
        made.build(place)
        done.touch()
    made.open(place)
    yield made
    made.close()


@pytest.fixture
def shop(folder: Path) -> Shop:
    return Shop.load(folder)


def test_answers_are_numpys(name: str, rival: Rival, shop: Shop) -> None:
    shares = []
    for question in questions(shop):
        found, truth = rival.similar(question), shop.truth(question)
        hits = [(one.number, one.score) for one in found]
        shares.append(recall(shop, question, hits, truth))  # raises where the filter is broken
        real = shop.vectors[[number for number, _ in hits]] @ shop.vectors[question.source]
        assert [score for _, score in hits] == pytest.approx(real.tolist(), abs=1e-4)
        assert [(one.brand, one.price) for one in found] == [(shop.brands[n], shop.prices[n]) for n, _ in hits]
        if name not in CUTS_OFF:
            assert len(found) == len(truth)
    if name != "annoy-fixed":
        assert np.mean(shares) >= (1.0 if name in ("faiss-flat", "pgvector-exact") else 0.95)


def test_a_price_is_seen_at_once(rival: Rival, shop: Shop) -> None:
    near = shop.truth(Question(9, limit=1))[0][0]
    rival.set_prices({9: 123_456.0})
    found = rival.similar(Question(near, price_min=123_456.0))
    assert [(one.number, one.price) for one in found] == [(9, 123_456.0)]
    rival.set_prices({9: float(shop.prices[9])})
    assert rival.similar(Question(near, price_min=123_456.0)) == []


def test_a_vector_is_changed_or_needs_a_rebuild(name: str, rival: Rival, shop: Shop) -> None:
    changed = rival.set_vector(11, shop.vectors[300])
    assert changed == (name not in ("annoy-growing", "annoy-fixed", "faiss-hnsw"))
    if changed:
        assert rival.similar(Question(300, limit=1))[0].number == 11
        rival.set_vector(11, shop.vectors[11])


class OverClient(Http):
    """The door of the measurement on Flask's own client: no port, no process."""

    def __init__(self, rival: Rival) -> None:
        self.client = serving(rival).test_client()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        import orjson

        data = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        answer = self.client.open(path, method=method, data=data)
        assert answer.status_code == 200
        return answer.get_json()


class Numpy:
    """A rival that is right."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop

    def build(self, folder: Path) -> None: ...
    def open(self, folder: Path) -> None: ...
    def close(self) -> None: ...

    def similar(self, question: Question) -> Any:
        from benchmarks.rivals.shop import Found

        found = self.shop.truth(question)
        return [Found(n, score, int(self.shop.brands[n]), float(self.shop.prices[n])) for n, score in found]

    def set_prices(self, prices: Any) -> None:
        for number, price in prices.items():
            self.shop.prices[number] = price

    def set_vector(self, number: int, vector: Any) -> bool:
        self.shop.vectors[number] = vector
        return True


def test_who_is_right_has_recall_one_and_what_is_measured_adds_up(folder: Path, shop: Shop) -> None:
    door = OverClient(Numpy(Shop.load(folder)))
    effort = Effort(questions=5, repeats=2, writes=5, bulk=50)
    cells = ask_all({"numpy": door}, shop, effort, seed=1)["numpy"]
    assert list(cells) == list(QUESTIONS_SHARE)
    assert {cell.recall for cell in cells.values()} == {1.0}
    assert all(0 < cell.p50 <= cell.p95 for cell in cells.values())
    written = write_all(door, RivalWriter(door), shop, effort, seed=1)
    assert written.bulk_per_second > 0
    assert written.vector_p50 is not None


def test_recall_counts_places_and_refuses_what_the_filter_forbids(shop: Shop) -> None:
    question = Question(0, ALDER)
    truth = shop.truth(question)
    assert recall(shop, question, truth, truth) == 1
    assert recall(shop, question, truth[:4], truth) == 0.4
    worse = [(int(number), 0.0) for number in np.flatnonzero(shop.passing(question))[-1:]]
    assert recall(shop, question, [*truth[:9], *worse], truth) in (0.9, 1.0)
    other = int(np.flatnonzero(shop.brands == HAZEL)[0])
    for wrong in ([(other, 1.0)], [truth[0], truth[0]], [(0, 1.0)]):
        with pytest.raises(ValueError, match="was answered with"):
            recall(shop, question, wrong, truth)


def test_the_fastest_is_named_even_where_it_is_not_ours() -> None:
    costs = Costs(1, 1, 100, 1, 2, 5000, 1, None, None)
    rival, ours, wrong = (
        Line("x", title, family, {"3 %": Cell(found, ms, 9.0, 10)}, costs)
        for title, family, found, ms in (("faiss", "faiss", 1, 2), ("us", "ours", 1, 6), ("annoy", "annoy", 0.5, 1))
    )
    run = Run(1, 1, "", "", "", "", Effort(), "", {}, [wrong, ours, rival])
    assert results.fastest(run, "3 %") == "3 % faiss 2.0 ms, us 6.0 ms (3.0 ×)"
    assert results.fastest(replace(run, lines=[wrong]), "3 %") == "3 % nobody"
    assert results.fastest(replace(run, lines=[rival]), "3 %") == "3 % faiss, ours not among the good"


def test_a_run_replaces_the_one_of_its_size_and_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.rivals import picture

    cells = {share: Cell(0.5, 2.0, 3.0, 4.2) for share in QUESTIONS_SHARE}
    lines = [
        Line("annoy-fixed", "annoy", "annoy", cells, Costs(1, 1, 100, 1, 2, 5000, 1, None, None)),
        Line("ours-flat", "our API", "ours", cells, Costs(9, 2, 900, 5, 8, 2000, 600, 30, 7)),
    ]
    for products, machine in ((1000, "old"), (500, "other"), (1000, "new")):
        run = Run(products, 40, machine, "x", "2026-01-02", "abc", Effort(), "annoy 1", {"ours-flat": 3.0}, lines)
        kept = results.keep(run, tmp_path)
    assert [(one.products, one.machine) for one in kept] == [(500, "other"), (1000, "new")]
    assert results.read(tmp_path / "rivals.json") == kept
    page = (tmp_path / "rivals.md").read_text()
    assert "| annoy | 0.500 (4.2 hits) | 2.0 / 3.0 |" in page
    assert "| our API | 9.0 | 2.0 | 900 | 5.0 / 8.0 | 2,000 | 600 (30 with a refresh) | 7.0 |" in page
    assert "rebuild" in page
    picture.draw(kept, tmp_path / "rivals.png")
    assert (tmp_path / "rivals.png").stat().st_size > 10_000
