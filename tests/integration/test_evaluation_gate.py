"""From the gate to the promotion, on a real index: what serves is judged against, and the file opens the door."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

import models.__main__
from catalog.domain.product import document, parse
from catalog.domain.promotion import Promotion
from catalog.domain.records import Change, Outcome
from catalog.elastic import Catalogue
from catalog.similarity import normalize
from evaluation.commands.main import app
from evaluation.data.stored_catalogue import read_catalogue
from models.bundles.bundle import Bundle
from tests.unit.models_making import put

CLASSES, EACH = ("dress", "hat", "shirt"), 42
runner = CliRunner()


@pytest.fixture
def folders(elasticsearch_url: str, index_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in (
        ("ELASTICSEARCH_URL", elasticsearch_url),
        ("INDEX_PREFIX", index_prefix),
        ("BUNDLES", str(tmp_path / "bundles")),
        ("GATE_FOLDER", str(tmp_path / "gates")),
        ("EVALUATION_FOLDER", str(tmp_path / "evaluation")),
    ):
        monkeypatch.setenv(name, value)
    return tmp_path


def filled(index: Catalogue, *noisy: tuple[Bundle, float]) -> None:
    """Products of three classes, and vectors of bundles that tell them apart the worse the more noise there is."""
    rng = np.random.default_rng(3)
    names = [f"{kind}-{number}" for kind in CLASSES for number in range(EACH)]
    sources = [
        document(
            parse(
                {
                    "id": name,
                    "title": name,
                    "category": ["clothing", name.split("-")[0]],
                    "image_url": f"file:///{name}",
                }
            )
        )
        for name in names
    ]
    index.products.write([Change(source["id"], source) for source in sources])
    for bundle, noise in noisy:
        centres = np.repeat(np.eye(bundle.dims)[: len(CLASSES)], EACH, axis=0)
        index.spaces.ensure(bundle.space)
        index.products.refresh()
        vectors = normalize(centres + noise * rng.normal(size=centres.shape))
        outcomes = [Outcome(n, f"file:///{n}", "done", vector=vectors[row]) for row, n in enumerate(names)]
        index.embeddings.write_outcomes(bundle.space, outcomes)
    index.products.refresh()


def gate(candidate: Bundle | str, *more: str) -> tuple[int, dict[str, Any]]:
    name = candidate if isinstance(candidate, str) else candidate.space.name
    done = runner.invoke(app, ["gate", "--candidate", name, *more, "--repeats", "300", "--json"])
    return done.exit_code, json.loads(done.stdout.splitlines()[-1])


def promote(bundle: Bundle, file: str, *more: str) -> tuple[int, str]:
    named = ["promote", bundle.space.name, "--gate", file, "--by", "ada", "--why", "test", *more]
    done = runner.invoke(models.__main__.app, named)
    return done.exit_code, done.stdout + done.stderr


def test_a_better_model_is_promoted_and_a_worse_one_is_not(catalogue: Catalogue, folders: Path) -> None:
    good, bad, worst = (
        put(folders / "bundles", name, seed=seed) for seed, name in enumerate(("good", "bad", "worst"))
    )
    filled(catalogue, (good, 0.35), (bad, 1.0), (worst, 4.0))
    status, first = gate(bad, "--baseline", worst.space.name)
    assert status == 0 and first["figures"]["macro"]["difference"] > 0.1
    assert promote(bad, first["result"])[0] == 2
    assert promote(bad, first["result"], "--first")[0] == 0

    status, better = gate(good)
    assert status == 0, better["reasons"]
    assert better["baseline"]["space"] == bad.space.name, "the one that serves"
    assert better["candidate"]["model_sha256"] == good.manifest.files["model.onnx"]
    assert better["figures"]["macro"]["difference"] > 0.1
    assert promote(good, better["result"]) == (0, f"{good.space.name} serves from now on (promotion 2)\n")

    status, worse = gate(bad)
    assert status == 1 and worse["baseline"]["space"] == good.space.name
    assert any("hat is worse" in reason for reason in worse["reasons"])
    refused, text = promote(bad, worse["result"])
    assert refused == 2 and "did not pass its gate" in text
    refused, text = promote(bad, first["result"])
    assert refused == 2 and f"{good.space.name} serves" in text


def test_no_model_is_judged_against_itself(catalogue: Catalogue, folders: Path) -> None:
    """Two versions of one model: what the names mean before a promotion and after."""
    old, new = (put(folders / "bundles", "shop", seed=seed, day=seed) for seed in (1, 2))
    filled(catalogue, (old, 1.0))
    for baseline in ("current", old.space.name, "shop"):
        done = runner.invoke(app, ["gate", "--candidate", "shop", "--baseline", baseline])
        assert done.exit_code == 2 and f"both sides are {old.space.name}" in done.stderr
        assert "name another baseline" in done.stderr
    filled(catalogue, (new, 0.35))
    judged = gate(new, "--baseline", old.space.name)[1]
    assert promote(old, gate(old, "--baseline", new.space.name)[1]["result"], "--first")[0] == 2  # it is worse
    catalogue.promotions.append(Promotion(old.space.name, "ada", "test"), after=0)
    for name in ("shop", f"shop/{new.version}", f"shop/{new.version[:5]}"):
        status, body = gate(name)
        assert status == 0, body
        sides = body["baseline"]["space"], body["candidate"]["space"]
        assert sides == (old.space.name, new.space.name)
        assert body["figures"] == judged["figures"]


def test_a_product_that_one_model_cannot_embed_counts_as_wrong(catalogue: Catalogue, folders: Path) -> None:
    old, new = (put(folders / "bundles", "shop", seed=seed, day=seed) for seed in (1, 2))
    filled(catalogue, (old, 0.6), (new, 0.35))
    url = "file:///hat-3"
    catalogue.embeddings.write_outcomes(new.space, [Outcome("hat-3", url, "failed", reason="not_found")])
    catalogue.products.refresh()
    assert "hat-3" not in {item.id for item in read_catalogue(catalogue, new.space.name).table.items}
    for more in ((), ("--limit", "120")):
        status, body = gate(new, "--baseline", old.space.name, *more)
        assert status == 0, body
        assert body["data"]["queries"] == (120 if more else len(CLASSES) * EACH)


def test_the_catalogue_is_another_when_its_photos_or_labels_are(catalogue: Catalogue, folders: Path) -> None:
    tiny = put(folders / "bundles", "tiny")
    filled(catalogue, (tiny, 0.5))
    seen = [read_catalogue(catalogue, "tiny").dataset.fingerprint]
    vector = normalize(np.ones((1, tiny.dims)))[0]
    outcome = Outcome("hat-3", "file:///hat-3", "done", vector=vector, image_sha256="ab" * 32)
    catalogue.embeddings.write_outcomes(tiny.space, [outcome])
    seen.append(read_catalogue(catalogue, "tiny").dataset.fingerprint)
    before = catalogue.products.read_many(["hat-4"])["hat-4"]
    source = {**before.source, "gender": "female"}
    catalogue.products.write([Change("hat-4", source, seq_no=before.seq_no, primary_term=before.primary_term)])
    seen.append(read_catalogue(catalogue, "tiny").dataset.fingerprint)
    assert len(set(seen)) == 3


def test_a_folder_of_photos_is_enough(folders: Path) -> None:
    """Three plain colours, which a mean over channels tells apart; each photo is its own cluster."""
    rng = np.random.default_rng(1)
    for kind, colour in zip(CLASSES, ((220, 40, 40), (40, 220, 40), (40, 40, 220)), strict=True):
        (folders / "photos" / kind).mkdir(parents=True)
        for number in range(EACH):
            pixels = np.clip(rng.normal(colour, 30, size=(40, 40, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folders / "photos" / kind / f"{number}.png")
    tiny = put(folders / "bundles", "tiny")
    data = str(folders / "photos")
    status, body = gate("tiny", "--baseline", "hog", "--data", data)
    assert status == 0, body
    assert body["candidate"]["space"] == tiny.space.name and body["data"]["source"] == data
    assert {name: one["state"] for name, one in body["verdict"]["classes"].items()} == dict.fromkeys(CLASSES, "ok")


def test_current_needs_something_that_serves(folders: Path) -> None:
    put(folders / "bundles", "tiny")
    done = runner.invoke(app, ["gate", "--candidate", "tiny"])
    assert done.exit_code == 2 and "--baseline color" in done.stderr
