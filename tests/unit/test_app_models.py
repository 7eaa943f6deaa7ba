"""`/v1/models`: what is here, what serves, and what a model makes of a photo."""

from __future__ import annotations

import base64
import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.schemas.models import ModelCard, ModelsAnswer, PredictAnswer
from app.settings import ApiSettings
from models.bundles.bundle import load
from models.runtime.onnx_embedder import OnnxEmbedder
from models.settings import ModelSettings
from tests.image_server import image_server
from tests.unit.models_making import edit, put
from tests.unit.photo_shop import client_of, embedder, encoded, picture, shop
from tests.unit.test_models_classes import CLASSES, put_telling

COLOR = embedder().bundle


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """`color`, which serves, `teller`, which tells classes, and two versions of `tiny`."""
    shutil.copytree(COLOR.path, tmp_path / "color" / COLOR.version)
    put_telling(tmp_path)
    put(tmp_path, seed=1, day=1)
    put(tmp_path, seed=2, day=2)
    return tmp_path


@pytest.fixture
def client(bundles: Path) -> FlaskClient:
    return client_of(shop(), models=ModelSettings(bundles=bundles))


def predict(client: FlaskClient, name: str, data: bytes, **fields: Any) -> Any:
    form = {"image": (io.BytesIO(data), "photo"), **fields}
    return client.post(f"/v1/models/{name}/predict", data=form, content_type="multipart/form-data")


def test_all_models_with_what_they_declare(client: FlaskClient, bundles: Path) -> None:
    answer = client.get("/v1/models")
    assert answer.status_code == 200
    ModelsAnswer.model_validate_json(answer.data)
    body = answer.get_json()
    assert [one["name"] for one in body["models"]] == ["color", "teller", "tiny", "tiny"]
    assert [one["serving"] for one in body["models"]] == [True, False, False, False]
    assert [one["indexed"] for one in body["models"]] == [True, False, False, False]
    assert body["broken"] == []
    color, teller, newest, _ = body["models"]
    assert (color["dims"], color["limits"]["min_side"]) == (128, 32)
    assert color["licenses"]["weights"] == COLOR.manifest.licenses.weights
    assert teller["classes"] == list(CLASSES) and color["classes"] is None
    assert client.get("/v1/models/tiny").get_json() == newest
    assert "files" not in color and "training" not in color


def test_a_folder_that_is_no_bundle_is_named(
    client: FlaskClient, bundles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    edit(put(bundles, "old"), schema_version=99)
    [broken] = client.get("/v1/models").get_json()["broken"]
    assert broken["name"] == "old" and "models verify" in broken["hint"]
    assert "newer than 1: upgrade" in caplog.text and str(bundles) not in broken["problem"]
    assert client.get("/v1/models/old").get_json()["code"] == "invalid_bundle"


def test_a_model_that_was_cut_short_is_broken(
    client: FlaskClient, bundles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get("/v1/models/teller").status_code == 200
    [file] = bundles.glob("teller/*/model.onnx")
    file.write_bytes(file.read_bytes()[:-1])
    body = client.get("/v1/models").get_json()
    assert "teller" not in [one["name"] for one in body["models"]]
    assert [one["name"] for one in body["broken"]] == ["teller"] and "not the file it was" in caplog.text
    assert client.get("/v1/models/teller").get_json()["code"] == "invalid_bundle"


def test_the_version_that_serves_goes_before_the_newest(bundles: Path) -> None:
    catalogue = shop()
    old = put(bundles, seed=1, day=1)
    catalogue.spaces.ensure(old.space)
    catalogue.promotion = old.space.name
    client = client_of(catalogue, models=ModelSettings(bundles=bundles))
    card = client.get("/v1/models/tiny").get_json()
    assert (card["version"], card["promoted"], card["serving"]) == (old.version, True, True)
    assert not client.get("/v1/models/color").get_json()["serving"]


def test_one_model_by_name_and_by_space(client: FlaskClient) -> None:
    for name in ("color", COLOR.space.name):
        answer = client.get(f"/v1/models/{name}")
        ModelCard.model_validate_json(answer.data)
        assert answer.get_json()["space"] == COLOR.space.name
    for name in ("nix", "color__ffff", "color__77", "..", "tiny__"):
        answer = client.get(f"/v1/models/{name}")
        assert (answer.status_code, answer.get_json()["code"]) in ((404, "model_not_found"), (404, "not_found")), name


def test_the_same_photo_however_it_comes(bundles: Path) -> None:
    data = encoded(picture(3))
    with image_server() as server:
        server.photos["/3.png"] = data
        client = client_of(shop(), {"image_allowed_hosts": (server.host,)}, ModelSettings(bundles=bundles))
        by_address = client.post("/v1/models/color/predict", json={"image_url": server.url("/3.png")})
    text = base64.b64encode(data).decode()
    as_base64 = client.post("/v1/models/color/predict", json={"image": text})
    uploaded = predict(client, "color", data)
    assert uploaded.status_code == 200, uploaded.get_json()
    assert uploaded.data == as_base64.data == by_address.data
    PredictAnswer.model_validate_json(uploaded.data)
    body = uploaded.get_json()
    assert body["model"] == {"name": "color", "version": COLOR.version}
    assert body["embedding"] == pytest.approx(embedder().embed_images([picture(3)])[0].tolist(), abs=1e-6)
    assert body["classes"] is None and body["warnings"] == []
    assert "photo;dur=" in uploaded.headers["Server-Timing"]
    vector = client.post("/v1/search", json={"query": {"vector": body["embedding"]}, "limit": 1})
    assert vector.get_json()["hits"][0]["id"] == "p-3"


def test_classes_by_probability(client: FlaskClient, bundles: Path) -> None:
    image = picture(4)
    body = predict(client, "teller", encoded(image), top="3").get_json()
    teller = OnnxEmbedder(put_telling(bundles), 1)
    expected = teller.predict(teller.preprocess(image)[None]).probabilities
    assert expected is not None
    order = np.argsort(-expected[0])[:3]
    assert [one["label"] for one in body["classes"]] == [CLASSES[index] for index in order]
    assert [one["probability"] for one in body["classes"]] == pytest.approx(expected[0][order].tolist(), abs=1e-5)
    assert len(predict(client, "teller", encoded(image)).get_json()["classes"]) == 4


def test_a_box_and_a_warning(client: FlaskClient) -> None:
    body = predict(client, "color", encoded(picture(5)), bounding_box="0.1,0.1,0.2,0.2").get_json()
    box = picture(5).crop((12, 16, 24, 32))
    assert body["embedding"] == pytest.approx(embedder().embed_images([box])[0].tolist(), abs=1e-6)
    [warning] = body["warnings"]
    assert "12 x 16" in warning["message"] and warning["detail"]["min_side"] == 32


def test_what_cannot_be_answered_says_why(client: FlaskClient, bundles: Path) -> None:
    photo = base64.b64encode(encoded(picture(1))).decode()
    path = "/v1/models/color/predict"
    for body, status, said in (
        ({}, 422, "exactly one of image and image_url"),
        ({"image": photo, "image_url": "http://x/"}, 422, "exactly one"),
        ({"image": "###"}, 422, "base64"),
        ({"image": photo, "top": 0}, 422, "top"),
        ({"image": photo, "bounding_box": [0.5, 0, 0.1, 1]}, 422, "bounding_box"),
        ({"image": photo, "size": 3}, 422, "unknown field"),
        ({"image": ""}, 400, "empty"),
        ({"image": base64.b64encode(b"words").decode()}, 400, "not a photo"),
        ({"image_url": "http://169.254.169.254/"}, 400, "not fetched from this address"),
        ({"image_url": "file:///etc/passwd"}, 400, "https://"),
    ):
        answer = client.post(path, json=body)
        assert answer.status_code == status and said in answer.get_json()["message"], answer.get_json()
    assert client.post("/v1/models/nix/predict", json={"image": photo}).status_code == 404
    assert client.post(path, data=b"x", content_type="image/png").status_code == 415
    assert predict(client, "color", encoded(picture(1)), colour="red").status_code == 422
    (bundles / "color" / COLOR.version / "model.onnx").write_bytes(b"cut")
    damaged = client_of(shop(), models=ModelSettings(bundles=bundles)).post(path, json={"image": photo})
    assert (damaged.status_code, damaged.get_json()["code"]) == (500, "invalid_bundle")


def test_a_photo_is_embedded_without_elasticsearch(bundles: Path) -> None:
    catalogue = shop()
    catalogue.down = True
    client = client_of(catalogue, models=ModelSettings(bundles=bundles))
    assert predict(client, "color", encoded(picture(1))).status_code == 200
    assert client.get("/v1/models").status_code == 503


def test_an_upload_may_be_larger_than_other_bodies(bundles: Path) -> None:
    client = client_of(
        shop(), models=ModelSettings(bundles=bundles), max_content_length=1024, max_upload_length=90_000
    )
    assert predict(client, "color", encoded(picture(1))).status_code == 200
    assert predict(client, "color", bytes(100_000)).status_code == 413
    assert ApiSettings().max_upload_length > ApiSettings().max_content_length


def test_both_ways_to_send_a_photo_are_documented(client: FlaskClient) -> None:
    operation = client.get("/openapi.json").get_json()["paths"]["/v1/models/{name}/predict"]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/json", "multipart/form-data"}


def test_a_photo_unlike_anything_here_is_answered_with_a_warning(bundles: Path) -> None:
    limits = COLOR.manifest.limits.model_dump() | {"ood_cosine": 0.999, "floor_cosine": None}
    edit(load(bundles / "color" / COLOR.version), limits=limits)
    client = client_of(shop(), models=ModelSettings(bundles=bundles))

    def warnings(data: bytes, **fields: Any) -> list[dict[str, Any]]:
        form = {"image": (io.BytesIO(data), "photo"), **fields}
        return list(client.post("/v1/search/image", data=form).get_json()["warnings"])

    [strange] = warnings(encoded(Image.effect_noise((90, 90), 80)))
    assert strange["code"] == "unlike_catalogue" and "nothing here looks like" in strange["message"]
    assert strange["detail"]["expected"] == 0.999
    assert warnings(encoded(picture(3))) == []
    assert warnings(encoded(picture(3)), offset="1") == []  # less alike, as a second page is


def test_the_floor_of_a_bundle_holds_until_the_catalogue_has_its_own(bundles: Path) -> None:
    limits = COLOR.manifest.limits.model_dump() | {"ood_cosine": 0.9, "floor_cosine": 0.85}
    edit(load(bundles / "color" / COLOR.version), limits=limits)
    index = shop()
    client = client_of(index, models=ModelSettings(bundles=bundles))

    def ask(data: bytes) -> Any:
        form = {"image": (io.BytesIO(data), "photo"), "limit": "200"}
        return client.post("/v1/search/image", data=form).get_json()

    found = ask(encoded(picture(3)))
    assert found["score_floor"] == 0.85 and min(hit["score"] for hit in found["hits"]) >= 0.85
    strange = ask(encoded(Image.effect_noise((90, 90), 80)))
    assert strange["hits"] == []
    assert [each["code"] for each in strange["warnings"]] == ["unlike_catalogue", "below_floor"]
    assert "below 0.85" in strange["warnings"][0]["message"] and strange["warnings"][0]["detail"]["best"] is None
    index.floors[COLOR.space.name] = -1.0
    found = ask(encoded(picture(3)))
    assert (found["score_floor"], len(found["hits"])) == (-1.0, len(index.docs))
    card = client.get("/v1/models/color").get_json()
    assert card["limits"]["floor_cosine"] == 0.85
