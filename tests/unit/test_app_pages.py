"""The demo shop's photos: only images below IMAGE_ROOTS, whatever a product says."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.settings import ApiSettings
from models.photos.settings import PhotoSettings
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import client_of, shop

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def catalogue() -> FakeCatalogue:
    return shop()


@pytest.fixture
def client(catalogue: FakeCatalogue, tmp_path: Path) -> FlaskClient:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a b.png").write_bytes(PNG)
    (tmp_path / "secret.png").write_bytes(b"secret")
    (tmp_path / "photos" / "notes.txt").write_text("secret")
    (tmp_path / "photos" / "link.png").symlink_to(tmp_path / "secret.png")
    return create_app(catalogue, ApiSettings(), PhotoSettings(image_roots=(tmp_path / "photos",))).test_client()


def test_a_photo_below_the_roots_is_shown(client: FlaskClient, catalogue: FakeCatalogue, tmp_path: Path) -> None:
    catalogue.docs["p-0"]["image_url"] = (tmp_path / "photos" / "a b.png").as_uri()
    with client.get("/shop/photos/p-0") as answer:
        assert (answer.status_code, answer.mimetype, answer.data) == (200, "image/png", PNG)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "path", ["secret.png", "photos/../secret.png", "photos/link.png", "photos/notes.txt", "photos/none.png", "photos"]
)
def test_nothing_else_is(client: FlaskClient, catalogue: FakeCatalogue, tmp_path: Path, path: str) -> None:
    catalogue.docs["p-0"]["image_url"] = f"file://{tmp_path}/{path}"
    answer = client.get("/shop/photos/p-0")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")
    assert "secret" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "url",
    [
        *("", "file://other-host/a.png", "ftp://a.example/b.png", "javascript:alert(1)", "file:%00"),
        *("https://a.example/1\r\nSet-Cookie: a=b", "http://a.example/\n", "https://a.example/\x1b[2J", "https://"),
    ],
)
def test_odd_addresses_are_not_found(client: FlaskClient, catalogue: FakeCatalogue, url: str) -> None:
    catalogue.docs["p-0"]["image_url"] = url
    assert client.get("/shop/photos/p-0").status_code == 404


def test_a_web_photo_is_where_the_shop_keeps_it(client: FlaskClient) -> None:
    answer = client.get("/shop/photos/p-0")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://photos.example/0.jpg")


def test_without_roots_no_file_is_read(catalogue: FakeCatalogue, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    catalogue.docs["p-0"]["image_url"] = (tmp_path / "a.png").as_uri()
    assert client_of(catalogue).get("/shop/photos/p-0").status_code == 404


def test_a_photo_of_no_product(client: FlaskClient) -> None:
    assert client.get("/shop/photos/none").get_json()["code"] == "product_not_found"
