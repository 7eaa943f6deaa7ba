"""The evaluation on a real Elasticsearch and a drawn shop: production's code, the running service and numpy agree."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
import requests
from typer.testing import CliRunner

from catalog.settings import CatalogSettings
from evaluation.commands.main import app
from evaluation.data.preparation import PreparedSet, embed_dataset, prepare_set, stack_rows
from evaluation.embedding_cache import EmbeddingCache
from evaluation.model_scoring import BASELINES, EvaluationOptions, open_extractor, score_catalogue, score_model
from evaluation.scores import load_scores
from evaluation.temporary_index import open_temporary_index, write_vectors
from samples.catalogue import Order, make
from tests.integration.app_serving import serving

PRODUCTS = 64


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "shop"
    assert not make(folder, Order(PRODUCTS)).failed
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path / "kept")


@pytest.fixture
def prepared(shop: Path, cache: EmbeddingCache) -> PreparedSet:
    return prepare_set(shop, cache, 3)


@pytest.fixture
def door(monkeypatch: pytest.MonkeyPatch, settings: CatalogSettings, tmp_path: Path) -> Iterator[CliRunner]:
    monkeypatch.setenv("ELASTICSEARCH_URL", settings.elasticsearch_url[0])
    monkeypatch.setenv("INDEX_PREFIX", settings.index_prefix)
    monkeypatch.setenv("EVALUATION_FOLDER", str(tmp_path / "evaluation"))
    return CliRunner()


def indices(settings: CatalogSettings) -> list[str]:
    found = requests.get(
        f"{settings.elasticsearch_url[0]}/_cat/indices/{settings.index_prefix}*",
        params={"format": "json", "h": "index"},
        timeout=30,
    )
    return [row["index"] for row in found.json()]


def test_run_and_compare_through_their_doors(
    door: CliRunner, shop: Path, settings: CatalogSettings, tmp_path: Path
) -> None:
    files = []
    for model in ("color", "hog"):
        out = tmp_path / f"{model}.json"
        asked = ["run", "--model", model, "--data", str(shop), "--folds", "3", "--ann-recall", "--json"]
        done = door.invoke(app, [*asked, "--out", str(out)])
        assert done.exit_code == 0, done.output
        body = json.loads(done.stdout.splitlines()[-1])
        assert body["queries"] == PRODUCTS
        assert body["facts"]["same_as_numpy"] > 0.999
        assert body["facts"]["ann"]["recall"] == 1  # so small a catalogue is searched exactly
        assert body["macro"]["low"] <= body["macro"]["mean"] <= body["macro"]["high"]
        files.append(str(out))
    color, hog = (load_scores(Path(file)) for file in files)
    assert color.data == hog.data
    assert color.clusters.tolist() == hog.clusters.tolist()
    assert np.nanmean(color.values["ndcg_color_family"]) > np.nanmean(hog.values["ndcg_color_family"]) + 0.2
    assert indices(settings) == []  # the shelves are gone
    html = tmp_path / "page.html"
    done = door.invoke(app, ["compare", *files, "--html", str(html)])
    assert done.exit_code == 0, done.output
    assert "data:image/jpeg;base64," in html.read_text()
    assert len(html.with_suffix(".csv").read_text().splitlines()) == PRODUCTS + 1


def test_the_running_service_agrees_with_the_offline_figures(
    door: CliRunner,
    prepared: PreparedSet,
    cache: EmbeddingCache,
    settings: CatalogSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    extractor = open_extractor("color")
    with open_temporary_index(prepared.dataset, settings) as catalogue:
        write_vectors(catalogue, extractor.space, prepared.dataset, embed_dataset(extractor, prepared.dataset, cache))
        prefix = catalogue.settings.index_prefix
        monkeypatch.setenv("INDEX_PREFIX", prefix)
        with serving(tmp_path, INDEX_PREFIX=prefix, API_WORKERS="1") as server:
            done = door.invoke(app, ["qc", "--url", server.url, "--json"])
        assert done.exit_code == 0, done.output
        body = json.loads(done.stdout.splitlines()[-1])
        assert body["agrees"]
        assert {"precision", "ap", "ndcg_color_family", "within_color", "within_group"} <= body["figures"].keys()
        assert max(abs(row["difference"]) for row in body["figures"].values()) <= 0.005
        offline = score_catalogue(catalogue, "color", EvaluationOptions())
        with answering_nothing() as url:
            refused = door.invoke(app, ["qc", "--url", url])
        assert refused.exit_code == 1, refused.output
        assert "DISAGREE" in refused.output
        nobody = door.invoke(app, ["qc", "--url", "http://127.0.0.1:9"])
        assert nobody.exit_code == 2
        assert "does not answer" in nobody.output
    fresh = score_model("color", prepared.dataset, cache, settings)
    assert offline.ids == tuple(sorted(fresh.ids))
    order = np.argsort(fresh.ids)
    for key in ("precision", "within_color", "within_group", "ap_full"):
        np.testing.assert_allclose(offline.values[key], fresh.values[key][order], atol=1e-9)


def test_kept_vectors_are_not_made_again(prepared: PreparedSet, cache: EmbeddingCache) -> None:
    hog = BASELINES["hog"]()
    first = embed_dataset(hog, prepared.dataset, cache)

    class Never:
        space = hog.space

        def embed_images(self, images: object) -> None:
            raise AssertionError("it is kept")

    again = embed_dataset(Never(), prepared.dataset, cache)  # type: ignore[arg-type]
    rows = [stack_rows(prepared.dataset, found, hog.space.dims) for found in (first, again)]
    np.testing.assert_array_equal(*rows)


def test_the_floor_of_a_catalogue_is_measured_kept_set_and_cleared(
    door: CliRunner, prepared: PreparedSet, cache: EmbeddingCache, settings: CatalogSettings
) -> None:
    extractor = open_extractor("color")
    found = embed_dataset(extractor, prepared.dataset, cache)
    with open_temporary_index(prepared.dataset, settings) as catalogue:
        write_vectors(catalogue, extractor.space, prepared.dataset, found)
        prefixed = {"INDEX_PREFIX": catalogue.settings.index_prefix}

        def run(*more: str) -> dict[str, Any]:
            done = door.invoke(app, ["floor", *more, "--json"], env=prefixed)
            assert done.exit_code == 0, done.output
            return dict(json.loads(done.stdout.splitlines()[-1]))

        def kept() -> float | None:
            return catalogue.spaces.read_shape().floors.get(extractor.space.name)

        tried = run("--dry-run")
        assert (tried["kept"], kept(), tried["bundle"]) == (False, None, 0.7)
        assert 0.5 < tried["measured"]["floor"] < 0.9 and tried["measured"]["photos"] == PRODUCTS
        measured = run()
        assert kept() == measured["floor"] == tried["measured"]["floor"] and measured["before"] is None
        changed = run("--set", "0.25")
        assert (changed["before"], changed["floor"], kept()) == (measured["floor"], 0.25, 0.25)
        assert run("--clear")["floor"] is kept() is None
        text = door.invoke(app, ["floor"], env=prefixed).stdout
        assert "pairs of different categories" in text and "was none; the model's bundle says 0.7" in text


def test_wrong_use_is_told_in_one_line(door: CliRunner, tmp_path: Path) -> None:
    for arguments, message in (
        (["run", "--model", "hog", "--data", str(tmp_path / "absent")], "no folder or feed"),
        (["run", "--model", "nothing"], "there is no catalogue"),
        (["floor"], "there is no catalogue"),
        (["floor", "--set", "0.4", "--clear"], "exclude each other"),
        (["floor", "--data", str(tmp_path)], "--data needs --model"),
        (["compare", str(tmp_path / "a.json"), str(tmp_path / "b.json")], "cannot be read as scores"),
    ):
        done = door.invoke(app, arguments)
        assert done.exit_code == 2
        assert message in done.output


@contextmanager
def answering_nothing() -> Iterator[str]:
    """A service that finds no hits for any question."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Nothing)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class Nothing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b'{"hits": [], "plan": {"strategy": "exact"}}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass
