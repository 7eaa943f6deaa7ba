"""A new version is embedded, promoted, rolled back and the old one dropped while shoppers keep asking over HTTP."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image
from typer.testing import CliRunner

import catalog.commands.main
import models.__main__
from catalog.domain.product import document, parse
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue
from catalog.similarity import normalize
from models.bundles.bundle import Bundle
from models.promotion.gate_record import GateData, GateRecord, JudgedModel, write_gate_record
from models.runtime.onnx_embedder import OnnxEmbedder
from tests.integration.app_serving import Server, serving
from tests.unit.models_making import put

COUNT, PAGE, PAGES = 240, 8, 3
IDS = [f"p{number:03d}" for number in range(COUNT)]
runner = CliRunner()


@dataclass
class Shop:
    """Products in two spaces of one model, and a photo that a shopper brings."""

    old: Bundle
    new: Bundle
    rows: dict[str, np.ndarray]
    photo: bytes
    photo_vectors: dict[str, np.ndarray]

    @classmethod
    def drawn(cls, root: Path) -> Shop:
        rng = np.random.default_rng(3)
        image = Image.fromarray(rng.integers(0, 256, (24, 24, 3), dtype=np.uint8))
        data = io.BytesIO()
        image.save(data, "PNG")
        old, new = (put(root, "shop", seed=seed, day=seed) for seed in (1, 2))
        rows = {one.version: normalize(rng.normal(size=(COUNT, one.dims))) for one in (old, new)}
        vectors = {one.version: OnnxEmbedder(one, 1).embed_images([image])[0] for one in (old, new)}
        return cls(old, new, rows, data.getvalue(), vectors)

    def fill(self, index: Catalogue) -> None:
        sources = [
            document(parse({"id": name, "title": name, "image_url": f"https://s.example/{name}.png"})) for name in IDS
        ]
        index.products.write([Change(source["id"], source) for source in sources])
        self.embed(index, self.old, range(COUNT))

    def embed(self, index: Catalogue, bundle: Bundle, numbers: range) -> None:
        index.spaces.ensure(bundle.space)
        rows = self.rows[bundle.version]
        outcomes = [Outcome(IDS[n], f"https://s.example/{IDS[n]}.png", "done", vector=rows[n]) for n in numbers]
        index.embeddings.write_outcomes(bundle.space, outcomes)
        index.products.refresh()

    def expected(self, version: str, query: int | None, offset: int) -> list[tuple[str, float]]:
        """What numpy finds in one space: ids and cosines of a page."""
        rows = self.rows[version].astype(np.float64)
        vector = self.photo_vectors[version] if query is None else rows[query]
        cosines = rows @ (np.asarray(vector, dtype=np.float64) / np.linalg.norm(vector))
        ranked = [n for n in np.argsort(-cosines) if n != query]
        return [(IDS[n], float(cosines[n])) for n in ranked[offset : offset + PAGE]]


@dataclass
class Shopper(threading.Thread):
    """Asks without a pause, by product page after page and by photo, and compares every answer with numpy."""

    server: Server
    shop: Shop
    seed: int
    problems: list[Any] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.stop = threading.Event()

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        rng, session = np.random.default_rng(self.seed), requests.Session()
        while not self.stop.is_set():
            try:
                self._one(session, int(rng.integers(COUNT)))
            except Exception as error:
                self.problems.append(repr(error))
        session.close()

    def _one(self, session: requests.Session, number: int) -> None:
        for page in range(PAGES):
            where = f"{self.server.url}/v1/products/{IDS[number]}/similar"
            asked = {"limit": str(PAGE), "offset": str(page * PAGE)}
            self._check(session.get(where, params=asked, timeout=30), number, page * PAGE)
        photo = {"image": ("photo.png", self.shop.photo, "image/png")}
        where = f"{self.server.url}/v1/search/image"
        self._check(session.post(where, files=photo, data={"limit": str(PAGE)}, timeout=30), None, 0)

    def _check(self, answer: requests.Response, query: int | None, offset: int) -> None:
        body = answer.json()
        if answer.status_code != 200:
            self.problems.append((answer.status_code, body))
            return
        version = body["model"]["version"]
        wanted = self.shop.expected(version, query, offset)
        found = [(hit["id"], hit["score"]) for hit in body["hits"]]
        same_ids = [name for name, _ in found] == [name for name, _ in wanted]
        if not same_ids or not np.allclose([s for _, s in found], [s for _, s in wanted], atol=1e-5):
            self.problems.append((version, query, offset, found, wanted))
        self.seen.append(version)


@contextmanager
def shoppers(server: Server, shop: Shop, count: int = 3) -> Iterator[list[Shopper]]:
    found = [Shopper(server, shop, seed) for seed in range(count)]
    for one in found:
        one.start()
    try:
        yield found
    finally:
        for one in found:
            one.stop.set()
        for one in found:
            one.join()


def until_all_see(found: list[Shopper], version: str) -> None:
    """Until every shopper's latest answers come from `version`, from both worker processes."""
    deadline, start = time.monotonic() + 180, [len(one.seen) for one in found]
    while time.monotonic() < deadline:
        time.sleep(0.2)
        latest = [one.seen[before:][-12:] for one, before in zip(found, start, strict=True)]
        if all(len(answers) == 12 and set(answers) == {version} for answers in latest):
            return
    raise AssertionError(f"{version} does not serve after three minutes: {latest}")


def gate_file(folder: Path, candidate: Bundle, baseline: str, passed: bool = True) -> str:
    record = GateRecord(
        candidate=JudgedModel(space=candidate.space.name, model_sha256=candidate.manifest.files["model.onnx"]),
        baseline=JudgedModel(space=baseline),
        data=GateData(fingerprint="abc", queries=100, source="drawn"),
        passed=passed,
        reasons=() if passed else ("hat is worse",),
        figures={"precision": 0.6},
        verdict={},
        when=datetime.now(UTC),
        command="python -m evaluation gate",
    )
    path = folder / f"{candidate.version}-{baseline}-{passed}.json"
    write_gate_record(record, path)
    return str(path)


def models_(*arguments: str) -> tuple[int, str]:
    done = runner.invoke(models.__main__.app, list(arguments))
    return done.exit_code, done.stdout + done.stderr


@pytest.fixture
def environment(
    elasticsearch_url: str, index_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    environ = {
        "ELASTICSEARCH_URL": elasticsearch_url,
        "INDEX_PREFIX": index_prefix,
        "BUNDLES": str(tmp_path / "bundles"),
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    return environ


REASONS = ("--by", "ada", "--why", "better on hats", "--json")


def test_backfill_switch_rollback_and_drop_under_questions(
    catalogue: Catalogue, environment: dict[str, str], tmp_path: Path
) -> None:
    shop = Shop.drawn(tmp_path / "bundles")
    old, new = shop.old.space.name, shop.new.space.name
    shop.fill(catalogue)
    first = gate_file(tmp_path, shop.old, "color__000000000000")
    gate = gate_file(tmp_path, shop.new, old)
    assert models_("promote", old, "--gate", first, *REASONS, "--first")[0] == 0
    with serving(tmp_path, **environment) as server, shoppers(server, shop) as found:
        until_all_see(found, shop.old.version)
        for start in range(0, COUNT, 30):  # beside the old one, which serves meanwhile
            if start == COUNT // 2:
                status, text = models_("promote", new, "--gate", gate, *REASONS)
                assert status == 2 and "120 products are not embedded" in text
            shop.embed(catalogue, shop.new, range(start, start + 30))
        assert {version for one in found for version in one.seen} == {shop.old.version}

        assert models_("promote", new, "--gate", gate, *REASONS)[0] == 0
        until_all_see(found, shop.new.version)
        assert models_("rollback", *REASONS)[0] == 0
        until_all_see(found, shop.old.version)
        assert models_("promote", new, "--gate", gate, *REASONS)[0] == 0
        until_all_see(found, shop.new.version)

        refused = runner.invoke(catalog.commands.main.app, ["drop-space", new, "--yes"])
        assert refused.exit_code == 2 and "serves" in refused.stderr
        assert runner.invoke(catalog.commands.main.app, ["drop-space", old]).exit_code == 2
        dropped = runner.invoke(catalog.commands.main.app, ["drop-space", old, "--yes", "--json"])
        assert dropped.exit_code == 0, dropped.stderr
        until_all_see(found, shop.new.version)

    assert json.loads(dropped.stdout)["vectors"] == COUNT
    assert [space.name for space in catalogue.spaces.read_all()] == [new]
    assert sum(len(one.seen) for one in found) > 100
    assert [problem for one in found for problem in one.problems] == []
    status, text = models_("rollback", *REASONS)
    assert status == 2 and "no product has vectors" in text


def test_what_is_on_record(catalogue: Catalogue, environment: dict[str, str], tmp_path: Path) -> None:
    shop = Shop.drawn(tmp_path / "bundles")
    shop.fill(catalogue)
    shop.embed(catalogue, shop.new, range(COUNT))
    old, new = shop.old.space.name, shop.new.space.name
    assert models_("promote", old, "--gate", gate_file(tmp_path, shop.old, new), *REASONS)[0] == 2
    assert models_("promote", old, "--gate", gate_file(tmp_path, shop.old, new), *REASONS, "--first")[0] == 0
    assert models_("promote", new, "--gate", gate_file(tmp_path, shop.new, old), *REASONS)[0] == 0
    assert models_("rollback", *REASONS)[0] == 0
    status, text = models_("rollback", *REASONS)
    assert status == 2 and "nothing to go back to" in text
    listed = json.loads(runner.invoke(models.__main__.app, ["promotions", "--json"]).stdout)["promotions"]
    assert [(one["number"], one["action"], one["space"]) for one in listed] == [
        (3, "rollback", old),
        (2, "promote", new),
        (1, "promote", old),
    ]
    assert listed[1]["promoted_by"] == "ada" and listed[1]["reason"] == "better on hats"
    assert listed[1]["figures"]["gate"]["figures"] == {"precision": 0.6}
    assert listed[1]["figures"]["done"] == COUNT
    assert catalogue.promotions.get_promoted() == old


def test_what_is_promoted_while_it_is_being_dropped_stays(
    catalogue: Catalogue, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop.drawn(tmp_path / "bundles")
    shop.fill(catalogue)
    shop.embed(catalogue, shop.new, range(COUNT))
    old, new = shop.old.space.name, shop.new.space.name
    assert models_("promote", old, "--gate", gate_file(tmp_path, shop.old, new), *REASONS, "--first")[0] == 0
    index, gate = catalogue.layout.read_serving_index(), gate_file(tmp_path, shop.new, old)
    told = []

    @contextmanager
    def meanwhile(_what: str) -> Iterator[Any]:
        yield (
            lambda step, _count: told.append(models_("promote", new, "--gate", gate, *REASONS)[0]) if not told else 0
        )

    monkeypatch.setattr("catalog.commands.drop_space.show_counts", meanwhile)
    done = runner.invoke(catalog.commands.main.app, ["drop-space", new, "--yes"])
    assert told == [0]
    assert done.exit_code == 2 and f"{new} serves" in done.stderr
    assert (
        catalogue.layout.read_serving_index() == index and catalogue.status.read_space(shop.new.space).done == COUNT
    )
    stored = catalogue.products.read(IDS[0])
    assert stored is not None
    gone = Change(IDS[0], None, seq_no=stored.seq_no, primary_term=stored.primary_term)
    assert catalogue.products.write([gone])[0].status == "deleted"  # the old index takes writes again
