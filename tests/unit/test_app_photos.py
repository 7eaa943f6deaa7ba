"""Questions by photo: every way to send one gives the same answer, every bad one says what is wrong."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.embedding import _embed_one
from app.http.errors import NoEmbedding
from app.photo_warnings import warn_of_hits, warn_of_photo
from app.schemas.answers import SimilarAnswer
from app.uploads import box_pixels
from catalog.domain.filters import Filters
from catalog.search.search_types import Hit
from models.bundles.manifest import Limits
from models.settings import ModelSettings
from tests.image_server import image_server
from tests.unit.photo_shop import client_of, embedder, encoded, picture, shop
from tests.unit.test_photos_decode import bomb


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    return client_of(shop())


def upload(client: FlaskClient, data: bytes, **fields: Any) -> Any:
    form = {"image": (io.BytesIO(data), "photo"), **fields}
    return client.post("/v1/search/image", data=form, content_type="multipart/form-data")


def in_base64(client: FlaskClient, data: bytes, **body: Any) -> Any:
    return client.post("/v1/search", json={"query": {"image": base64.b64encode(data).decode()}, **body})


def ranking(answer: Any) -> list[tuple[str, float]]:
    assert answer.status_code == 200, answer.get_json()
    return [(hit["id"], hit["score"]) for hit in answer.get_json()["hits"]]


def test_its_own_photo_finds_a_product_first_and_ranks_like_its_id(client: FlaskClient) -> None:
    for number in range(12):
        found = ranking(upload(client, encoded(picture(number)), limit=20))
        assert found[0] == (f"p-{number}", pytest.approx(1, abs=1e-6))
        by_id = client.get(f"/v1/products/p-{number}/similar", query_string="exclude_source=false&limit=20")
        assert [name for name, _ in found] == [name for name, _ in ranking(by_id)]
        assert [score for _, score in found] == pytest.approx([score for _, score in ranking(by_id)], abs=1e-6)


def test_upload_base64_data_url_and_address_agree() -> None:
    data = encoded(picture(3), "JPEG", quality=90)
    with image_server() as server:
        server.photos["/3.jpg"] = data
        client = client_of(shop(), {"image_allowed_hosts": (server.host,)})
        uploaded = upload(client, data)
        by_address = client.post("/v1/search", json={"query": {"image_url": server.url("/3.jpg")}})
    as_base64 = in_base64(client, data)
    text = "data:image/jpeg;base64," + base64.encodebytes(data).decode()  # in lines, as MIME has it
    as_url = client.post("/v1/search", json={"query": {"image": text}})
    assert uploaded.data == as_base64.data == as_url.data == by_address.data
    SimilarAnswer.model_validate_json(uploaded.data, strict=True)
    assert "photo;dur=" in uploaded.headers["Server-Timing"]


def test_the_form_takes_what_the_query_string_takes(client: FlaskClient) -> None:
    fields: dict[str, Any] = {
        "color_family": ["red", "green"],
        "price_max": "20",
        "limit": "3",
        "offset": "1",
        "fields": "id,color_family",
        "facets": ["color_family", "price"],
        "total": "true",
        "exclude_ids": ["p-0", "p-3"],
        "group_by": "item_group_id",
        "group_size": "2",
        "models": "color:2",
        "relax": "price,color_family",
        "explain": "true",
        "hide_near_duplicates": "true",
        "diversity": "0.2",
        "bounding_box": "0,0,1,1",
    }
    form = upload(client, encoded(picture(3)), **fields)
    body = in_base64(
        client,
        encoded(picture(3)),
        filter={"color_family": ["red", "green"], "price": {"lte": 20}},
        limit=3,
        offset=1,
        fields=["id", "color_family"],
        facets=["color_family", "price"],
        total=True,
        exclude_ids=["p-0", "p-3"],
        group_by="item_group_id",
        group_size=2,
        models={"color": 2},
        relax=["price", "color_family"],
        explain=True,
        hide_near_duplicates=True,
        diversity=0.2,
        bounding_box=[0, 0, 1, 1],
    )
    assert form.status_code == 200, form.get_json()
    assert form.data == body.data
    hits = form.get_json()["hits"]
    assert hits and all(hit["group"] and hit["explain"] for hit in hits)


def test_a_box_finds_what_is_pasted_there(client: FlaskClient) -> None:
    scene = Image.fromarray(np.random.default_rng(0).integers(0, 255, (410, 530, 3), dtype=np.uint8))
    for number, (left, top) in enumerate([(0, 0), (137, 111), (410, 250)]):
        scene.paste(picture(number), (left, top))
    for number, (left, top) in enumerate([(0, 0), (137, 111), (410, 250)]):
        box = [left / 530, top / 410, (left + 120) / 530, (top + 160) / 410]
        [(name, score), *_] = ranking(in_base64(client, encoded(scene), bounding_box=box))
        assert name == f"p-{number}" and score > 0.999999


def test_a_box_keeps_at_least_a_pixel() -> None:
    assert box_pixels((0.0, 0.0, 1.0, 1.0), (3, 7)) == (0, 0, 3, 7)
    assert box_pixels((0.999, 0.999, 1.0, 1.0), (10, 10)) == (9, 9, 10, 10)
    assert box_pixels((0.5, 0.5, 0.5001, 0.5001), (10, 10)) == (5, 5, 6, 6)
    assert box_pixels((0.0, 0.0, 0.01, 0.01), (1, 1)) == (0, 0, 1, 1)


def test_a_photo_taken_sideways_is_the_same_photo(client: FlaskClient) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to see it
    sideways = picture(5).transpose(Image.Transpose.ROTATE_90)
    assert ranking(upload(client, encoded(sideways, exif=exif))) == ranking(upload(client, encoded(picture(5))))
    assert ranking(upload(client, encoded(sideways), score_threshold="none"))[0][1] < 0.9999


def test_unusual_photos_are_welcome(client: FlaskClient) -> None:
    upright = picture(4)
    others = [picture(number).quantize(64) for number in (7, 8)]
    wide = Image.fromarray(np.asarray(upright.convert("L")).astype(np.uint16) * 257)
    for data in (
        encoded(upright.quantize(64), "GIF", save_all=True, append_images=others, duration=50),
        encoded(upright.convert("CMYK"), "JPEG", quality=95),
        encoded(upright, "WEBP", quality=95),
        encoded(upright.convert("RGBA")),
    ):
        assert ranking(upload(client, data))[0][0] == "p-4"
    gray = ranking(upload(client, encoded(upright.convert("L"))))
    assert ranking(upload(client, encoded(wide))) == gray


@pytest.mark.parametrize(
    ("data", "reason", "said"),
    [
        (b"", "not_an_image", "empty"),
        (b"not a photo", "not_an_image", "not a photo"),
        (encoded(picture(1))[:200], "truncated", ""),
        (encoded(picture(1), "JPEG")[:-400], "truncated", "ends too early"),
        (encoded(picture(1), "BMP"), "unsupported", "BMP"),
        (bomb(20_000, 10_000), "too_many_pixels", "20000 x 10000"),
    ],
)
def test_a_bad_photo_says_why(client: FlaskClient, data: bytes, reason: str, said: str) -> None:
    for answer in (upload(client, data), in_base64(client, data)):
        body = answer.get_json()
        assert (answer.status_code, body["code"], body["detail"]["reason"]) == (400, "invalid_image", reason)
        assert said in body["message"]


@pytest.mark.parametrize(
    ("path", "code", "reason"),
    [
        ("http://127.0.0.1:9/a.jpg", "blocked_address", "blocked_address"),
        ("http://169.254.169.254/latest/meta-data", "blocked_address", "blocked_address"),
        ("file:///etc/hostname", "invalid_image", "bad_address"),
        ("ftp://photos.example/a.jpg", "invalid_image", "bad_address"),
        ("/page.jpg", "invalid_image", "not_an_image"),
        ("/gone.jpg", "invalid_image", "not_found"),
        ("/to-metadata.jpg", "blocked_address", "blocked_address"),
        ("/to-file.jpg", "invalid_image", "bad_address"),
        ("/hang.jpg", "invalid_image", "timeout"),
        ("/endless.jpg", "invalid_image", "too_large"),
    ],
)
def test_a_bad_address_says_why(path: str, code: str, reason: str) -> None:
    with image_server() as server:
        client = client_of(
            shop(),
            {"image_allowed_hosts": (server.host,), "image_max_bytes": 1_000_000},
            image_url_timeout=0.5 if reason == "timeout" else 10,
        )
        url = server.url(path) if path.startswith("/") else path
        answer = client.post("/v1/search", json={"query": {"image_url": url}})
    body = answer.get_json()
    assert (answer.status_code, body["code"], body["detail"]["reason"]) == (400, code, reason)


def test_a_form_that_is_wrong_is_named(client: FlaskClient) -> None:
    photo = encoded(picture(1))

    def send(data: Any, content_type: str = "multipart/form-data") -> tuple[int, str]:
        answer = client.post("/v1/search/image", data=data, content_type=content_type)
        return answer.status_code, answer.get_json()["message"]

    def file() -> tuple[io.BytesIO, str]:
        return io.BytesIO(photo), "photo"

    for data, said in (
        ({}, "image: is required"),
        ({"image": "text"}, "image: send it as a file"),
        ({"image": [file(), file()]}, "image: one file is taken"),
        ({"photo": file()}, "photo: one file is taken, in the field image"),
        ({"image": file(), "colour": "red"}, "did you mean color"),
        ({"image": file(), "limit": ["1", "2"]}, "limit: given more than once"),
        ({"image": file(), "bounding_box": "0,0,1"}, "bounding_box"),
        ({"image": file(), "models": ["color:1", "color:2"]}, "models: a model is named twice"),
        ({"image": file(), "models": "color:much"}, "models.color"),
        ({"image": file(), "brand": ["x"] * 1001}, "brand"),
    ):
        status, message = send(data)
        assert status == 422 and said in message, message
    assert send(b"{}", "application/json")[0] == send(photo, "image/png")[0] == 415
    fields = b'--x\r\nContent-Disposition: form-data; name="brand"\r\n\r\ny\r\n' * 10_000 + b"--x--\r\n"
    status, message = send(fields, "multipart/form-data; boundary=x")
    assert status == 413 and "fields" in message
    answer = client.post("/v1/search/image?limit=3", data={"image": file()}, content_type="multipart/form-data")
    assert answer.status_code == 422 and "limit: unknown parameter" in answer.get_json()["message"]


@pytest.mark.parametrize("control", ["\r\n", "\n", "\t", "\0", "\x1b", "\x7f", "\x85", "\u2028"])
def test_an_address_with_control_characters_is_refused_by_name(client: FlaskClient, control: str) -> None:
    address = f"http://127.0.0.1:9/a{control}Host: b"
    for path, body in (
        ("/v1/search", {"query": {"image_url": address}}),
        ("/v1/models/color/predict", {"image_url": address}),
        ("/v1/search/batch", {"searches": [{"query": {"image_url": address}}]}),
    ):
        answer = client.post(path, json=body)
        error = answer.get_json()
        if path.endswith("batch"):
            assert answer.status_code == 200
            [error] = error["results"]
            assert error["status"] == 422
        else:
            assert answer.status_code == 422
        assert "image_url: an address holds no line ends" in error["message"]


def test_uploads_have_a_limit_of_their_own() -> None:
    client = client_of(shop(), {"image_max_bytes": 3000}, max_content_length=1024, max_upload_length=50_000)
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (80, 80, 3), dtype=np.uint8))
    assert upload(client, encoded(picture(1))).status_code == 200
    too_large = upload(client, encoded(noise))
    assert (too_large.status_code, too_large.get_json()["detail"]["reason"]) == (400, "too_large")
    far_too_large = upload(client, bytes(60_000))
    assert (far_too_large.status_code, far_too_large.get_json()["code"]) == (413, "content_too_large")
    assert "MAX_UPLOAD_LENGTH" in far_too_large.get_json()["detail"]["hint"]


def test_a_large_upload_never_touches_the_disk(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (600, 600, 3), dtype=np.uint8))
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = head + encoded(noise) + b"\r\n--x--\r\n"
    assert len(body) > 1_000_000
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    answer = client.post("/v1/search/image", data=body, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 200


def test_a_model_whose_bundle_is_not_here_is_named(tmp_path: Path) -> None:
    client = client_of(shop(), models=ModelSettings(bundles=tmp_path))
    answer = upload(client, encoded(picture(1)))
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (409, "bundle_missing")
    assert embedder().space.name in body["message"] and "BUNDLES" in body["detail"]["hint"]
    assert str(tmp_path) not in answer.get_data(as_text=True)
    assert client.get("/v1/products/p-1/similar").status_code == 200
    elsewhere = {"query": {"image_url": "http://127.0.0.1:9/"}}
    assert client.post("/v1/search", json=elsewhere).get_json()["code"] == "bundle_missing"  # nothing was fetched
    unknown = upload(client, encoded(picture(1)), model="resnet18")
    assert (unknown.status_code, unknown.get_json()["code"]) == (404, "model_not_found")


def test_a_photo_too_small_for_the_model_is_answered_with_a_warning(client: FlaskClient) -> None:
    answer = upload(client, encoded(picture(2).resize((24, 30))))
    assert answer.get_json()["hits"][0]["id"] == "p-2"
    [warning] = answer.get_json()["warnings"]
    assert warning["code"] == "photo_too_small" and "24 x 30" in warning["message"]
    assert warning["detail"]["min_side"] == 32
    assert upload(client, encoded(picture(2))).get_json()["warnings"] == []


def test_the_other_limits_of_a_bundle() -> None:
    image = Image.new("RGB", (100, 50))
    made_for = Limits(max_pixels=4000, min_side=10, categories=("dress", "skirt"), ood_cosine=0.5)
    pixels_, categories = warn_of_photo(image, {"m__v": made_for}, Filters(category=("shoes",)))
    assert pixels_.code == "photo_too_large" and "4,000" in pixels_.message
    assert categories.code == "unsuited_category" and "dress, skirt, not for shoes" in categories.message
    assert warn_of_photo(image, {"m__v": Limits()}, Filters(category=("shoes",))) == []
    [strange] = warn_of_hits([Hit("a", 0.31, {})], {"m__v": made_for})
    assert "0.31" in strange.message and "0.5" in strange.message
    assert warn_of_hits([Hit("a", 0.6, {})], {"m__v": made_for}) == warn_of_hits([], {"m__v": made_for}) == []


def test_a_photo_without_an_embedding_is_refused() -> None:
    class Blind:
        space = embedder().space

        def embed_images(self, images: Any) -> Any:
            return np.full((len(images), self.space.dims), np.nan, dtype=np.float32)

    with pytest.raises(NoEmbedding, match="sees nothing") as caught:
        _embed_one(Blind(), picture(1))  # type: ignore[arg-type]
    assert caught.value.detail == {"reason": "no_embedding"}
