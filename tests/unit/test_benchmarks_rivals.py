"""Every rival against numpy on 500 products: filters kept, cosines true, neighbours right, writes taken."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.drawn_shop import BRAND_NAMES, DrawnShop
from benchmarks.rivals import results
from benchmarks.rivals.connections import RivalConnection, RivalWriter
from benchmarks.rivals.contestants.registry import RIVALS
from benchmarks.rivals.contestants.rival import Rival
from benchmarks.rivals.measurement import ask_all, write_all
from benchmarks.rivals.questions import RivalHit, RivalQuestion, compute_recall
from benchmarks.rivals.results import (
    QUESTIONS_SHARE,
    AnswerFigures,
    ContestantCosts,
    ContestantFigures,
    RivalEffort,
    RivalRun,
)
from benchmarks.rivals.server import build_app
from benchmarks.sizes import Size

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


def questions(shop: DrawnShop) -> list[RivalQuestion]:
    middle = float(np.median(shop.prices))
    return [
        *(RivalQuestion(number) for number in (0, 7, 499)),
        *(RivalQuestion(number, brand) for number in (0, 7, 499) for brand in (ALDER, HAZEL)),
        *(RivalQuestion(number, ALDER, middle, middle * 1.5) for number in (3, 4)),
        RivalQuestion(5, price_min=1e6),  # nothing passes
    ]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("rivals")
    DrawnShop.draw_with_prices(Size(500, 16), seed=7).save(found)
    return found


@pytest.fixture(scope="module")
def postgres_folder(folder: Path) -> Iterator[Path]:
    import tempfile

    from benchmarks.rivals.contestants import postgres

    # Not pytest's folder: its parent is closed to the user as whom root's server runs.
    with tempfile.TemporaryDirectory(prefix="visual-search-rivals-") as made:
        DrawnShop.load(folder).save(Path(made))
        with postgres.run_postgres(Path(made)):
            yield Path(made)


@pytest.fixture(params=list(RIVALS))
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
    made = RIVALS[name].make()
    if not (done := place / f"{name}.built").exists():
        made.build(place)
        done.touch()
    made.open(place)
    yield made
    made.close()


@pytest.fixture
def shop(folder: Path) -> DrawnShop:
    return DrawnShop.load(folder)


def test_answers_are_numpys(name: str, rival: Rival, shop: DrawnShop) -> None:
    shares = []
    for question in questions(shop):
        found, truth = rival.find_similar(question), question.compute_answer(shop)
        hits = [(one.number, one.score) for one in found]
        shares.append(compute_recall(shop, question, hits, truth))  # raises where the filter is broken
        real = shop.vectors[[number for number, _ in hits]] @ shop.vectors[question.source]
        assert [score for _, score in hits] == pytest.approx(real.tolist(), abs=1e-4)
        assert [(one.brand, one.price) for one in found] == [(shop.brands[n], shop.prices[n]) for n, _ in hits]
        if name not in CUTS_OFF:
            assert len(found) == len(truth)
    if name != "annoy-fixed":
        assert np.mean(shares) >= (1.0 if name in ("faiss-flat", "pgvector-exact") else 0.95)


def test_a_price_is_seen_at_once(rival: Rival, shop: DrawnShop) -> None:
    near = RivalQuestion(9, limit=1).compute_answer(shop)[0][0]
    rival.set_prices({9: 123_456.0})
    found = rival.find_similar(RivalQuestion(near, price_min=123_456.0))
    assert [(one.number, one.price) for one in found] == [(9, 123_456.0)]
    rival.set_prices({9: float(shop.prices[9])})
    assert rival.find_similar(RivalQuestion(near, price_min=123_456.0)) == []


def test_a_vector_is_changed_or_needs_a_rebuild(name: str, rival: Rival, shop: DrawnShop) -> None:
    changed = rival.set_vector(11, shop.vectors[300])
    assert changed == (name not in ("annoy-growing", "annoy-fixed", "faiss-hnsw"))
    if changed:
        assert rival.find_similar(RivalQuestion(300, limit=1))[0].number == 11
        rival.set_vector(11, shop.vectors[11])


class OverClient(RivalConnection):
    """The door of the measurement on Flask's own client: no port, no process."""

    def __init__(self, rival: Rival) -> None:
        self.client = build_app(rival).test_client()

    def send(self, method: str, path: str, body: Any = None) -> Any:
        import orjson

        data = None if body is None else orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        answer = self.client.open(path, method=method, data=data)
        assert answer.status_code == 200
        return answer.get_json()


class Numpy:
    """A rival that is right."""

    def __init__(self, shop: DrawnShop) -> None:
        self.shop = shop

    def build(self, folder: Path) -> None: ...
    def open(self, folder: Path) -> None: ...
    def close(self) -> None: ...

    def find_similar(self, question: RivalQuestion) -> Any:
        found = question.compute_answer(self.shop)
        return [RivalHit(n, score, int(self.shop.brands[n]), float(self.shop.prices[n])) for n, score in found]

    def set_prices(self, prices: Any) -> None:
        for number, price in prices.items():
            self.shop.prices[number] = price

    def set_vector(self, number: int, vector: Any) -> bool:
        self.shop.vectors[number] = vector
        return True


def test_who_is_right_has_recall_one_and_what_is_measured_adds_up(folder: Path, shop: DrawnShop) -> None:
    door = OverClient(Numpy(DrawnShop.load(folder)))
    effort = RivalEffort(questions=5, repeats=2, writes=5, bulk=50)
    cells = ask_all({"numpy": door}, shop, effort, seed=1)["numpy"]
    assert list(cells) == list(QUESTIONS_SHARE)
    assert {cell.recall for cell in cells.values()} == {1.0}
    assert all(0 < cell.p50 <= cell.p95 for cell in cells.values())
    written = write_all(door, RivalWriter(door), shop, effort, seed=1)
    assert written.bulk_per_second > 0
    assert written.vector_p50 is not None


def test_recall_counts_places_and_refuses_what_the_filter_forbids(shop: DrawnShop) -> None:
    question = RivalQuestion(0, ALDER)
    truth = question.compute_answer(shop)
    assert compute_recall(shop, question, truth, truth) == 1
    assert compute_recall(shop, question, truth[:4], truth) == 0.4
    worse = [(int(number), 0.0) for number in np.flatnonzero(question.compute_mask(shop))[-1:]]
    assert compute_recall(shop, question, [*truth[:9], *worse], truth) in (0.9, 1.0)
    other = int(np.flatnonzero(shop.brands == HAZEL)[0])
    for wrong in ([(other, 1.0)], [truth[0], truth[0]], [(0, 1.0)]):
        with pytest.raises(ValueError, match="was answered with"):
            compute_recall(shop, question, wrong, truth)


def build_run(lines: list[ContestantFigures], products: int = 1, machine: str = "") -> RivalRun:
    provenance = {"machine": machine, "command": "x", "date": "2026-01-02", "commit": "abc"}
    shop = {"products": products, "dims": 40, "versions": "annoy 1", "index_mb": {"ours-flat": 3.0}}
    return RivalRun(**provenance, **shop, effort=RivalEffort(), lines=lines)  # type: ignore[arg-type]


def test_the_fastest_is_named_even_where_it_is_not_ours() -> None:
    costs = ContestantCosts(1, 1, 100, 1, 2, 5000, 1, None, None)
    rival, ours, wrong = (
        ContestantFigures("x", title, family, {"3 %": AnswerFigures(found, ms, 9.0, 10)}, costs)
        for title, family, found, ms in (("faiss", "faiss", 1, 2), ("us", "ours", 1, 6), ("annoy", "annoy", 0.5, 1))
    )
    run = build_run([wrong, ours, rival])
    assert results.compare_fastest(run, "3 %") == "3 % faiss 2.0 ms, us 6.0 ms (3.0 ×)"
    assert results.compare_fastest(replace(run, lines=[wrong]), "3 %") == "3 % nobody"
    assert results.compare_fastest(replace(run, lines=[rival]), "3 %") == "3 % faiss, ours not among the good"


def test_a_run_replaces_the_one_of_its_size_and_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from benchmarks.rivals import picture

    cells = {share: AnswerFigures(0.5, 2.0, 3.0, 4.2) for share in QUESTIONS_SHARE}
    lines = [
        ContestantFigures(
            "annoy-fixed", "annoy", "annoy", cells, ContestantCosts(1, 1, 100, 1, 2, 5000, 1, None, None)
        ),
        ContestantFigures("ours-flat", "our API", "ours", cells, ContestantCosts(9, 2, 900, 5, 8, 2000, 600, 30, 7)),
    ]
    for products, machine in ((1000, "old"), (500, "other"), (1000, "new")):
        kept = results.add_run(build_run(lines, products, machine), tmp_path)
    assert [(one.products, one.machine) for one in kept] == [(500, "other"), (1000, "new")]
    assert results.read_runs(tmp_path) == kept
    page = (tmp_path / "rivals.md").read_text()
    assert "| annoy | 0.500 (4.2 hits) | 2.0 / 3.0 |" in page
    assert "| our API | 9.0 | 2.0 | 900 | 5.0 / 8.0 | 2,000 | 600 (30 with a refresh) | 7.0 |" in page
    assert "rebuild" in page
    picture.draw_picture(kept, tmp_path / "rivals.png")
    assert (tmp_path / "rivals.png").stat().st_size > 10_000
