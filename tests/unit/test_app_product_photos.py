"""Photos of products: an address in every answer, and scaled copies of files below IMAGE_ROOTS and no others."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from PIL import Image

from app import create_app
from app.photos import copies
from app.photos.byte_cache import ByteCache
from app.settings import ApiSettings
from models.photos.settings import PhotoSettings
from tests.fakes import FakeCatalogue
from tests.unit.app_shop import client_of, product, shop

SIZE = (400, 200)
YEAR, MINUTES = "public, max-age=31536000, immutable", "public, max-age=300"


def encode(size: tuple[int, int] = SIZE, kind: str = "JPEG", orientation: int | None = None) -> bytes:
    """Returns a photo whose left half is red, with a camera's metadata where an orientation is given."""
    image = Image.new("RGB", size, "blue")
    image.paste("red", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    if orientation:
        exif[0x0112], exif[0x010F] = orientation, "a camera"
    out = BytesIO()
    image.save(out, kind, exif=exif)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of photos, with what must never be shown beside and in it."""
    found = tmp_path / "photos"
    found.mkdir()
    (found / "a b.jpg").write_bytes(encode())
    (tmp_path / "secret.jpg").write_bytes(encode())
    (found / "notes.txt").write_text("secret")
    (found / "cut.jpg").write_bytes(encode()[:-200])
    (found / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    return found


@pytest.fixture
def catalogue(folder: Path) -> FakeCatalogue:
    """The shop, with a photo of the first product in the folder."""
    found = shop()
    found.docs["p-0"]["image_url"] = (folder / "a b.jpg").as_uri()
    return found


@pytest.fixture
def client(catalogue: FakeCatalogue, folder: Path) -> FlaskClient:
    return create_app(catalogue, ApiSettings(), PhotoSettings(image_roots=(folder,))).test_client()


def name_hash(catalogue: FakeCatalogue, data: bytes) -> str:
    """Puts the hash of the first product's photo on record, as the ETL does; returns it."""
    sha256 = hashlib.sha256(data).hexdigest()
    catalogue.docs["p-0"]["embedding"]["color__abc"]["image_sha256"] = sha256
    return sha256


def open_photo(answer: Any) -> Image.Image:
    assert (answer.status_code, answer.mimetype) == (200, "image/jpeg"), answer.data
    return Image.open(BytesIO(answer.data))


def find_addresses(value: Any) -> list[str]:
    """Returns every text of an answer that is an address."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [each for part in value for each in find_addresses(part)]
    return [value] if isinstance(value, str) and (":/" in value or value.startswith("/")) else []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/products/p-0?fields=*", None),
        ("GET", "/v1/products/p-0?fields=image_url&fields=additional_image_urls&fields=photo", None),
        ("GET", "/v1/products?limit=1&fields=*", None),
        ("GET", "/v1/products?limit=1", None),
        ("GET", "/v1/products/p-1/similar?limit=30&fields=*&group_by=item_group_id&group_size=2", None),
        ("GET", "/v1/products/p-1/similar?limit=30&explain=true", None),
        ("GET", "/v1/products/p-19/similar?limit=30&fallback=category", None),
        ("POST", "/v1/search/batch", {"searches": [{"query": {"product_id": "p-1"}, "limit": 30}]}),
    ],
)
def test_every_answer_has_an_address_that_a_browser_can_load(
    client: FlaskClient, catalogue: FakeCatalogue, folder: Path, method: str, path: str, body: Any
) -> None:
    sha256 = name_hash(catalogue, (folder / "a b.jpg").read_bytes())
    catalogue.docs["p-0"]["additional_image_urls"] = ["https://a.example/2.jpg", (folder / "a b.jpg").as_uri()]
    answer = client.open(path, method=method, json=body).get_json()
    found = find_addresses(answer)
    address = f"/v1/products/p-0/photo?width=320&v={sha256[:16]}"
    assert address in found and not [each for each in found if "file:" in each]
    assert all(each == address or each.startswith("https://") for each in found)
    with client.get(address) as shown:
        assert shown.headers["Cache-Control"] == YEAR


def test_an_address_without_a_known_hash_and_an_id_of_odd_characters(folder: Path) -> None:
    odd = "a b&c?d%e#f'ü"
    url = (folder / "a b.jpg").as_uri()
    catalogue = FakeCatalogue([{**product(1), "id": odd, "image_url": url}])
    client = create_app(catalogue, ApiSettings(), PhotoSettings(image_roots=(folder,))).test_client()
    answer = client.get(f"/v1/products/{quote(odd, safe='')}").get_json()
    assert answer["photo"] == f"/v1/products/{quote(odd, safe='')}/photo?width=320"
    assert open_photo(client.get(answer["photo"])).size == (320, 160)


def test_a_product_without_a_photo_has_no_address() -> None:
    bare = {name: value for name, value in product(1).items() if name != "image_url"}
    client = client_of(FakeCatalogue([bare]))
    assert "photo" not in client.get("/v1/products/p-1").get_json()
    answer = client.get("/v1/products/p-1/photo")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "photo_not_found")


@pytest.mark.parametrize(
    ("query", "served"), [("", 320), ("width=1", 160), ("width=161", 320), ("width=640", 400), ("width=1024", 400)]
)
def test_a_copy_has_the_next_width_and_at_most_that_of_the_photo(
    client: FlaskClient, query: str, served: int
) -> None:
    assert open_photo(client.get(f"/v1/products/p-0/photo?{query}")).size == (served, served // 2)


@pytest.mark.parametrize("query", ["width=0", "width=1025", "width=big", "v=xyz", "v=abc", "height=3"])
def test_a_wrong_parameter_is_named(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/v1/products/p-0/photo?{query}")
    assert answer.status_code == 422 and answer.get_json()["message"].startswith(query.split("=", maxsplit=1)[0])


def test_a_copy_is_upright_and_has_no_metadata(client: FlaskClient, folder: Path) -> None:
    (folder / "a b.jpg").write_bytes(encode(orientation=6))
    shown = open_photo(client.get("/v1/products/p-0/photo?width=160"))
    assert shown.size == (160, 320) and not shown.getexif()
    red, _, blue = shown.getpixel((80, 20))  # type: ignore[misc]
    assert red > 200 and blue < 60


def test_a_very_narrow_photo_is_shown_whole(client: FlaskClient, folder: Path) -> None:
    (folder / "a b.jpg").write_bytes(encode((4, 20_000), "PNG"))
    assert open_photo(client.get("/v1/products/p-0/photo?width=160")).height == copies.TALLEST * 160


def test_a_copy_is_kept_for_a_year_by_its_hash_else_asked_for_by_its_etag(client: FlaskClient, folder: Path) -> None:
    sha256 = hashlib.sha256((folder / "a b.jpg").read_bytes()).hexdigest()
    path = "/v1/products/p-0/photo"
    for v, kept in ((sha256[:16], YEAR), (sha256, YEAR), ("0" * 16, MINUTES), ("", MINUTES)):
        answer = client.get(path, query_string={"v": v} if v else {})
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, kept)
    etag = answer.headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    assert client.get(f"{path}?width=160", headers={"If-None-Match": etag}).status_code == 200
    (folder / "a b.jpg").write_bytes(encode((500, 500)))
    replaced = client.get(path, query_string={"v": sha256}, headers={"If-None-Match": etag})
    assert (replaced.status_code, replaced.headers["Cache-Control"]) == (200, MINUTES)


def test_a_photo_is_decoded_once_for_each_width(
    client: FlaskClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []
    scale = copies._scale
    monkeypatch.setattr(copies, "_scale", lambda image, width: made.append(width) or scale(image, width))
    first, second = (client.get("/v1/products/p-0/photo?width=300").data for _ in range(2))
    assert first == second and made == [320]
    client.get("/v1/products/p-0/photo?width=160")
    assert made == [320, 160]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("secret.jpg", "outside_image_roots"),
        ("photos/../secret.jpg", "outside_image_roots"),
        ("photos/link.jpg", "outside_image_roots"),
        ("photos/notes.txt", "not_an_image"),
        ("photos/cut.jpg", "truncated"),
        ("photos/none.jpg", "not_found"),
        ("photos", "not_an_image"),
    ],
)
def test_what_cannot_be_shown_says_why_and_nothing_of_our_folders(
    client: FlaskClient, catalogue: FakeCatalogue, tmp_path: Path, path: str, reason: str
) -> None:
    catalogue.docs["p-0"]["image_url"] = f"file://{tmp_path}/{path}"
    for _ in range(2):  # the second time it is remembered
        answer = client.get("/v1/products/p-0/photo")
        body = answer.get_json()
        assert (answer.status_code, body["code"], body["detail"]["reason"]) == (404, "photo_not_found", reason)
        assert str(tmp_path) not in answer.get_data(as_text=True) and answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "url",
    [
        *("file://other-host/a.png", "ftp://a.example/b.png", "javascript:alert(1)", "file:%00", "https://"),
        *("https://a.example/1\r\nSet-Cookie: a=b", "http://a.example/\n", "https://a.example/\x1b[2J"),
        *("https://name:word@a.example/1.jpg", "https://a.example\\@b.example/"),
    ],
)
def test_odd_addresses_are_neither_told_nor_followed(client: FlaskClient, catalogue: FakeCatalogue, url: str) -> None:
    catalogue.docs["p-0"]["image_url"] = url
    shown = client.get("/v1/products/p-0").get_json()
    assert "image_url" not in shown and shown["photo"].startswith("/v1/products/p-0/photo")
    answer = client.get("/v1/products/p-0/photo")
    assert (answer.status_code, answer.get_json()["code"]) == (404, "photo_not_found")


def test_a_web_photo_is_where_the_shop_keeps_it(client: FlaskClient) -> None:
    answer = client.get("/v1/products/p-1/photo?width=640")
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://photos.example/1.jpg")
    assert answer.headers["Cache-Control"] == MINUTES


def test_without_roots_no_file_is_read(catalogue: FakeCatalogue) -> None:
    answer = client_of(catalogue).get("/v1/products/p-0/photo")
    assert answer.get_json()["detail"]["reason"] == "outside_image_roots"


def test_a_photo_of_no_product(client: FlaskClient) -> None:
    assert client.get("/v1/products/none/photo").get_json()["code"] == "product_not_found"


def test_a_cache_forgets_what_was_used_longest_ago() -> None:
    cache: ByteCache[str, bytes] = ByteCache(10, len)
    for name in "abc":
        cache.put(name, name.encode() * 4)
        cache.get("a")
    assert [cache.get(name) for name in "abc"] == [b"aaaa", None, b"cccc"]
    cache.put("a", b"A" * 6)
    assert [cache.get(name) for name in "ac"] == [b"A" * 6, b"cccc"]
    cache.put("large", b"x" * 11)
    assert [cache.get(name) for name in ("a", "large")] == [b"A" * 6, None]
