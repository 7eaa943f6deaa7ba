"""What ships: small, licensed, told apart from the plain colours it stands beside, and what the demo embeds with."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.gate.__main__ import find_shipped_default
from catalog.similarity import Vectors, cosine
from demo.settings import DemoSettings
from demo.steps import list_steps
from models.bundles.registry import find_bundle
from models.bundles.writer import BundleMaker
from models.making.hybrid import pack_hybrid
from models.making.hybrid_graph import HybridPart
from models.photos import decode
from models.runtime.onnx_embedder import OnnxEmbedder
from models.settings import ModelSettings
from samples.catalogue import Order, make

ROOT = Path(__file__).parents[2]
SHIPPED = ModelSettings(bundles=ROOT / "bundles")
DEFAULT = find_shipped_default() or "none"
LARGEST = 12_000_000  # bytes of a bundle in git
K = 5


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Image.Image], list[str]]:
    """Photos and kinds of products that no training saw: of a seed of their own."""
    folder = tmp_path_factory.mktemp("shop")
    make(folder, Order(120, seed=4711))
    rows = [json.loads(line) for line in (folder / "feed.jsonl").read_text().splitlines()]
    photos = [decode((folder / row["image_link"]).read_bytes()) for row in rows]
    return photos, [row["attributes"]["kind"] for row in rows]


def embedded(name: str, photos: list[Image.Image]) -> Vectors:
    return OnnxEmbedder(find_bundle(name, SHIPPED), 1).embed_images(photos)


def precision(rows: Vectors, kinds: list[str]) -> float:
    """Share of the K nearest others that are of the same kind."""
    scores = cosine(rows, rows)
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, :K]
    return float(np.mean(np.array(kinds)[nearest] == np.array(kinds)[:, None]))


def test_the_default_is_a_small_trained_bundle_with_a_card_and_the_recipe_that_made_it() -> None:
    bundle = find_bundle(DEFAULT, SHIPPED)
    assert (bundle.name, bundle.manifest.origin) == ("fashion", "trained")
    assert bundle.dims <= 128
    assert sum(file.stat().st_size for file in bundle.path.iterdir()) <= LARGEST
    assert "ResNet" in bundle.manifest.architecture
    assert bundle.manifest.licenses.weights == "Apache-2.0" and bundle.manifest.licenses.data == "CC0-1.0"
    assert bundle.manifest.training.commit and bundle.manifest.training.diff_sha256 is None
    assert json.loads(bundle.read("recipe.json"))["name"] == "fashion"
    assert "--hold 0" in bundle.read("README.md").decode()


def test_the_demo_embeds_with_the_default() -> None:
    arguments = list_steps(DemoSettings.load())["etl"].arguments
    assert arguments[arguments.index("--model") + 1] == DEFAULT.partition("/")[0]


def test_the_default_knows_kinds_of_garments_far_better_than_colours_do(
    shop: tuple[list[Image.Image], list[str]],
) -> None:
    photos, kinds = shop
    assert precision(embedded("fashion", photos), kinds) > precision(embedded("color", photos), kinds) + 0.15


def test_the_int8_variant_is_the_default_in_a_third_of_its_size(shop: tuple[list[Image.Image], list[str]]) -> None:
    whole, small = find_bundle("fashion", SHIPPED), find_bundle("fashion_int8", SHIPPED)
    assert small.manifest.metrics["variant_of"] == whole.space.name
    assert (small.path / "model.onnx").stat().st_size * 3 < (whole.path / "model.onnx").stat().st_size
    rows = embedded("fashion", shop[0]), embedded("fashion_int8", shop[0])
    assert float(np.diagonal(cosine(*rows)).mean()) > 0.97


def test_a_hybrid_of_the_shipped_bundles_mixes_their_cosines(
    shop: tuple[list[Image.Image], list[str]], tmp_path: Path
) -> None:
    """Their graphs name values as a joined graph would name its own (`mean`)."""
    parts = [HybridPart(find_bundle(name, SHIPPED), weight) for name, weight in (("color", 0.3), ("fashion", 0.7))]
    rows = OnnxEmbedder(pack_hybrid("duo", parts, BundleMaker("tests", "test", tmp_path)).bundle, 1).embed_images(
        shop[0][:20]
    )
    apart = [embedded(part.bundle.name, shop[0][:20]) for part in parts]
    expected = sum(part.weight * cosine(one, one) for part, one in zip(parts, apart, strict=True))
    # Resizing within the graph is not Pillow's to the last bit.
    np.testing.assert_allclose(cosine(rows, rows), expected, atol=0.02)
