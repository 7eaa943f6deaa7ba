"""The main job on real photos: import, embed, embed nothing again, and 50 filtered questions held against numpy."""

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image, ImageOps

import engine

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
PHOTOS = SHARED / "data" / "clothing"
WEIGHTS = SHARED / "weights" / "mobilenet_v2_imagenet.onnx"
MODEL = "mobilenet_v2_imagenet"
COUNT = 500
SIZES = ("S", "M", "L", "XL")

pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.slow,
    pytest.mark.skipif(not (PHOTOS.is_dir() and WEIGHTS.is_file()), reason=f"{SHARED} is not here: no real photos"),
]


def rows() -> list[dict[str, str]]:
    """500 products: real photos and classes; price, size stock, gender and colour drawn from a fixed seed."""
    rng = np.random.default_rng(3)
    with (PHOTOS / "photos.csv").open(newline="") as file:
        photos = list(csv.DictReader(file))
    found = []
    for number in sorted(rng.choice(len(photos), COUNT, replace=False)):
        photo = photos[number]
        found.append(
            {
                "id": f"c{number:04d}",
                "title": f"{photo['class']} {number}",
                "product_type": f"Clothing > {photo['class']}",
                "age_group": "kids" if photo["kids"] == "true" else "adult",
                "price": f"{rng.integers(500, 15000) / 100:.2f} EUR",
                "size": str(rng.choice(SIZES)),
                "availability": "in_stock" if rng.random() < 0.8 else "out_of_stock",
                "image_link": (PHOTOS / photo["path"]).as_uri(),
            }
        )
    return found


@pytest.fixture(scope="module")
def shop() -> list[dict[str, str]]:
    return rows()


@pytest.fixture(scope="module")
def environ(elasticsearch_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("main-job")
    prefix = f"e2e_{os.getpid()}_"
    made = {
        **os.environ,
        "ELASTICSEARCH_URL": elasticsearch_url,
        "INDEX_PREFIX": prefix,
        "BUNDLES": str(folder / "bundles"),
        "VECTOR_STORE": str(folder / "vectors"),
        "IMAGE_ROOTS": str(PHOTOS),
    }
    yield made
    run(made, "catalog", "delete", "--yes")


def run(environ: dict[str, str], *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", *arguments, "--json"],
        env=environ,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, f"{arguments} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def embedded(environ: dict[str, str], shop: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The summaries of two ETL runs over the imported catalogue."""
    feed = tmp_path_factory.mktemp("feed") / "feed.csv"
    with feed.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(shop[0]))
        writer.writeheader()
        writer.writerows(shop)
    preprocessing = WEIGHTS.with_suffix(".preprocessing.json")
    run(environ, "models", "add", MODEL, "--onnx", str(WEIGHTS), "--preprocessing", str(preprocessing))
    run(environ, "catalog", "create")
    imported = run(environ, "catalog", "import", str(feed))
    assert imported["created"] == COUNT
    return [run(environ, "etl", "run", "--model", MODEL)["models"][0] for _ in range(2)]


@pytest.fixture(scope="module")
def api(environ: dict[str, str], embedded: Any) -> Iterator[str]:
    port = engine.find_free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env={**environ, "HEALTH_PORT": "0", "PUBLIC_STATUS": "true"}, cwd=ROOT)
    try:
        for _ in range(300):
            try:
                if requests.get(f"{url}/readyz", timeout=5).ok:
                    break
            except requests.ConnectionError:
                assert process.poll() is None, "the API ended early"
            time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def vectors(shop: list[dict[str, str]]) -> np.ndarray:
    """Unit vectors of the shop's photos, by the network's own description and none of our code."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(WEIGHTS), providers=["CPUExecutionProvider"])
    found = []
    for row in shop:
        image = ImageOps.exif_transpose(Image.open(row["image_link"].removeprefix("file://"))).convert("RGB")
        scale = 256 / min(image.size)
        size = [256 if side == min(image.size) else round(side * scale) for side in image.size]
        image = image.resize((size[0], size[1]), Image.Resampling.BILINEAR)
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        pixels = np.asarray(image.crop((left, top, left + 224, top + 224)), dtype=np.float32) / 127.5 - 1
        found.append(session.run(None, {"pixels": pixels.transpose(2, 0, 1)[None]})[0][0])
    matrix = np.stack(found).astype(np.float64)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def test_the_second_run_embeds_nothing(embedded: Any) -> None:
    first, second = embedded
    assert (first["done"], first["seen"]) == (COUNT, COUNT)
    assert (second["done"], second["seen"]) == (0, 0)


def test_every_score_of_fifty_filtered_questions_agrees_with_numpy(
    api: str, shop: list[dict[str, str]], vectors: np.ndarray
) -> None:
    rng = np.random.default_rng(11)
    position = {row["id"]: number for number, row in enumerate(shop)}
    with_hits = 0
    for source in rng.choice(COUNT, 50, replace=False):
        size, limit = str(rng.choice(SIZES)), float(rng.integers(40, 120))
        answer = requests.get(
            f"{api}/v1/products/{shop[source]['id']}/similar",
            params={
                "size": size,
                "available": "true",
                "price_max": limit,
                "limit": 20,
                "total": "true",
                "score_threshold": "none",
            },
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        body = answer.json()
        passing = [
            number
            for number, row in enumerate(shop)
            if number != source
            and row["size"] == size
            and row["availability"] == "in_stock"
            and float(row["price"].split()[0]) <= limit
            and row["age_group"] == shop[source]["age_group"]
        ]
        cosines = vectors[passing] @ vectors[source]
        assert body["total"] == len(passing)
        assert len(body["hits"]) == min(20, len(passing))
        best = sorted(cosines, reverse=True)[: len(body["hits"])]
        np.testing.assert_allclose([hit["score"] for hit in body["hits"]], best, atol=1e-5)
        for hit in body["hits"]:
            assert abs(hit["score"] - vectors[position[hit["id"]]] @ vectors[source]) < 1e-5
            assert position[hit["id"]] in passing
        with_hits += bool(body["hits"])
    assert with_hits >= 40


def test_the_catalogue_says_that_everything_is_done(api: str) -> None:
    status = requests.get(f"{api}/v1/catalog/status", timeout=30).json()
    assert status["products"] == COUNT
    (space,) = status["spaces"]
    assert (space["done"], space["pending"]) == (COUNT, 0)
